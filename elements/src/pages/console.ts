// What scripts add to console pages that work without them: sorting, filters that apply at once, progress, charts.

import { sayWhenWaiting } from "../console/waiting.ts";

function sortable(table: HTMLTableElement): void {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) return;
  for (const head of table.tHead?.rows[0]?.cells ?? []) {
    if (!head.textContent?.trim()) continue;
    const button = document.createElement("button");
    button.className = "sort";
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(table, body, head));
  }
}

function sortBy(table: HTMLTableElement, body: HTMLTableSectionElement, head: HTMLTableCellElement): void {
  const number = head.classList.contains("n");
  const first = number ? "descending" : "ascending";
  const other = number ? "ascending" : "descending";
  const order = head.getAttribute("aria-sort") === first ? other : first;
  for (const cell of table.tHead?.rows[0]?.cells ?? []) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const key = (row: HTMLTableRowElement) => sortKey(row.cells[head.cellIndex]);
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => {
    const [one, two] = [key(a), key(b)];
    const less = typeof one === "number" && typeof two === "number" ? one - two : collator.compare(`${one}`, `${two}`);
    return sign * less;
  });
  body.append(...rows);
}

/** What a cell sorts by: `data-sort` where its words do not say it, a number where it is one, else its words. */
function sortKey(cell: HTMLTableCellElement | undefined): number | string {
  const words = cell?.dataset.sort ?? cell?.querySelector("time")?.dateTime ?? cell?.textContent?.trim() ?? "";
  const number = Number(words.replace(/[^\d.eE-]/g, ""));
  return cell?.classList.contains("n") || cell?.dataset.sort ? (Number.isNaN(number) ? words : number) : words;
}

function submitOnChange(form: HTMLFormElement): void {
  form.addEventListener("change", (event) => {
    const control = event.target as HTMLInputElement;
    if (control.type !== "date" && control.type !== "search") form.requestSubmit();
  });
}

/** While something goes on in the background, the page is fetched again and its main part replaced. */
function follow(main: HTMLElement): void {
  const under = main.querySelector<HTMLElement>("[data-refresh]");
  if (!under) return;
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (answer.ok && next) main.replaceChildren(...next.childNodes);
    } finally {
      begin(main);
    }
  }, Number(under.dataset.refresh));
}

/** Charts load their library only when one is about to be seen. */
function charts(main: HTMLElement): void {
  const figures = main.querySelectorAll<HTMLElement>("figure[data-chart]");
  if (figures.length === 0) return;
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        void import("../console/chart.ts").then(({ draw }) => draw(target as HTMLElement));
      }
    },
    { rootMargin: "200px" },
  );
  for (const figure of figures) seen.observe(figure);
}

/** Large drawings load what moves them only where there is one. */
function drawings(main: HTMLElement): void {
  for (const frame of main.querySelectorAll<HTMLElement>("[data-zoom]")) {
    void import("../console/zoom.ts").then(({ zoomable }) => zoomable(frame));
  }
}

function begin(main: HTMLElement): void {
  main.querySelectorAll<HTMLTableElement>("table[data-sortable]").forEach(sortable);
  main.querySelectorAll<HTMLFormElement>("form[data-submit-on-change]").forEach(submitOnChange);
  charts(main);
  drawings(main);
  follow(main);
}

const main = document.querySelector<HTMLElement>("main");
if (main) begin(main);
sayWhenWaiting();
