// A page that takes its time says so: reports over a large log may take seconds.

const AFTER_MS = 400;

/** Shows a bar from shortly after the reader sets off for another page until that page comes. */
export function sayWhenWaiting(): void {
  const bar = document.createElement("div");
  bar.className = "waiting";
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", "Loading");
  let soon = 0;
  const setOff = () => {
    clearTimeout(soon);
    soon = window.setTimeout(() => document.body.append(bar), AFTER_MS);
  };
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    if (link && !event.defaultPrevented && leads(link, event)) setOff();
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) setOff();
  });
  // The page may be shown again as it was left (back), or be left alone (Escape).
  const arrived = () => {
    clearTimeout(soon);
    bar.remove();
  };
  addEventListener("pageshow", arrived);
  addEventListener("keydown", (event) => event.key === "Escape" && arrived());
}

/** Whether following `link` replaces this page. */
function leads(link: HTMLAnchorElement, event: MouseEvent): boolean {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  if (link.hasAttribute("download") || (link.target && link.target !== "_self")) return false;
  const here = link.pathname === location.pathname && link.search === location.search;
  return link.protocol.startsWith("http") && !(here && link.hash);
}
