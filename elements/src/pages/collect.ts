// "Collect" leads to a page of its own; with this, what stands on that page opens as a sheet over the one that asked.
let sheet: HTMLDialogElement | null = null;

function opened(): HTMLDialogElement {
  if (sheet) return sheet;
  sheet = document.body.appendChild(document.createElement("dialog"));
  sheet.className = "collect-sheet";
  sheet.setAttribute("aria-labelledby", "collect-head");
  sheet.addEventListener("submit", (event) => void submit(event));
  sheet.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target !== sheet && !target.closest("[data-close]")) return;
    event.preventDefault();
    sheet?.close();
  });
  return sheet;
}

async function show(answer: Response): Promise<void> {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const content = page.querySelector<HTMLElement>("[data-sheet]");
  if (!content) return location.assign(answer.url);
  const dialog = opened();
  dialog.replaceChildren(document.importNode(content, true));
  if (!dialog.open) dialog.showModal();
  const said = dialog.querySelector<HTMLElement>(".notice");
  (said ?? dialog.querySelector<HTMLElement>("h1"))?.focus();
}

async function submit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form, event.submitter)) body.append(name, String(value));
  try {
    await show(await fetch(form.action, { method: "POST", body }));
  } catch {
    location.assign(`${form.action}?moment=${body.get("moment")}`); // the browser says what is wrong
  }
}

for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-collect]"))
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    fetch(link.href).then(show, () => location.assign(link.href));
  });
