// The live page: follows the server's events and redraws what it shows. Without this script the page is a snapshot.

type Told = {
  id: string;
  at: string;
  what: string;
  title: string;
  channel: string;
  territory: string;
  verdict: string;
  share: string | null;
};
type Reading = { minutes: [string, Record<string, number>][]; newest: Told[] };

const zone = document.querySelector<HTMLElement>("#live-figures")?.dataset.zone ?? "UTC";
const times = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: zone,
  timeZoneName: "short",
});
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const state = document.querySelector<HTMLElement>("#live-state");
const rows = document.querySelector<HTMLTableSectionElement>("#live-rows");
const pause = document.querySelector<HTMLButtonElement>("#live-pause");
let paused = false;

function spark(svg: SVGSVGElement, values: number[]): void {
  const most = Math.max(1, ...values);
  const bars = values.map((value, at) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = (20 * value) / most;
    for (const [name, amount] of Object.entries({ x: at, y: 20 - height, width: 0.8, height }))
      bar.setAttribute(name, `${amount}`);
    return bar;
  });
  svg.replaceChildren(...bars);
}

function figures(minutes: Reading["minutes"]): void {
  document.querySelectorAll<HTMLElement>("[data-kind]").forEach((value) => {
    const counts = minutes.map(([, kinds]) => kinds[value.dataset.kind ?? ""] ?? 0);
    value.textContent = numbers.format(counts.reduce((sum, count) => sum + count, 0));
    const svg = document.querySelector<SVGSVGElement>(`[data-spark="${value.dataset.kind}"]`);
    if (svg) spark(svg, counts);
  });
}

function row(event: Told, seen: Set<string>): HTMLTableRowElement {
  const tr = document.createElement("tr");
  tr.dataset.id = event.id;
  if (seen.size > 0 && !seen.has(event.id)) tr.className = "fresh";
  const cell = (text: string, tag = "td") => {
    const td = document.createElement(tag);
    td.textContent = text;
    return td;
  };
  const what = cell(event.what, "th");
  what.setAttribute("scope", "row");
  const behind = cell(event.share ? "" : "–");
  if (event.share) {
    const link = document.createElement("a");
    link.href = `/console/shares/${event.share}`;
    link.textContent = "Cascade";
    behind.append(link);
  }
  tr.append(
    cell(times.format(new Date(event.at))),
    what,
    cell(event.title),
    cell(event.channel),
    cell(event.territory),
    cell(event.verdict),
    behind,
  );
  return tr;
}

function show(reading: Reading): void {
  figures(reading.minutes);
  if (!rows || reading.newest.length === 0) return;
  const seen = new Set([...rows.rows].map((each) => each.dataset.id ?? "").filter(Boolean));
  rows.replaceChildren(...reading.newest.map((event) => row(event, seen)));
}

const source = new EventSource("/console/live/stream");
source.addEventListener("message", (message) => {
  if (paused) return;
  show(JSON.parse(message.data) as Reading);
  if (state) state.textContent = `live, as of ${times.format(new Date())}`;
});
source.addEventListener("error", () => {
  if (state) state.textContent = "The connection was lost; trying again.";
});
pause?.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
});

const first = document.querySelector("#live-minutes")?.textContent;
if (first) figures((JSON.parse(first) as Reading).minutes);
