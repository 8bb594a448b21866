// A chart of the table inside a figure: the table is what is true, the chart is where people look.
import uPlot from "uplot";

type Column = (number | null)[];

/** Draws lines over time: of the figure's table (its own, or the one it names), the columns of the figure's group. */
export function draw(figure: HTMLElement): void {
  const table =
    figure.querySelector("table") ?? document.querySelector<HTMLTableElement>(figure.dataset.table ?? "table");
  const body = table?.tBodies[0];
  if (!table || !body || body.rows.length < 2) return;
  const place = document.createElement("div");
  place.className = "chart";
  const caption = figure.querySelector("figcaption");
  if (caption) caption.after(place);
  else figure.prepend(place);
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].filter((head) => head.dataset.group === figure.dataset.chart);
  const data = columns(body, heads);
  let chart = paint(place, heads, data, figure);
  const again = () => {
    chart.destroy();
    chart = paint(place, heads, data, figure);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: height(figure) })).observe(place);
}

function columns(body: HTMLTableSectionElement, heads: HTMLTableCellElement[]): [number[], ...Column[]] {
  const rows = [...body.rows].map((row) => ({
    at: Date.parse(row.querySelector("time")?.dateTime ?? "") / 1000,
    cells: row.cells,
  }));
  rows.sort((a, b) => a.at - b.at);
  const value = (cell: HTMLTableCellElement | undefined) =>
    cell?.dataset.value === undefined || cell.dataset.value === "" ? null : Number(cell.dataset.value);
  return [rows.map((row) => row.at), ...heads.map((head) => rows.map((row) => value(row.cells[head.cellIndex])))];
}

const DAY_S = 86_400;
/** Days between marks on the axis: a chart has one value a day at most, and two marks of one day would say the same. */
const MARKS = [1, 2, 7, 14, 28, 91, 182, 364].map((days) => days * DAY_S);

const height = (figure: HTMLElement) => Number(figure.dataset.height ?? 180);

function paint(place: HTMLElement, heads: HTMLTableCellElement[], data: uPlot.AlignedData, figure: HTMLElement): uPlot {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: colour("--text-faint"), font, ticks: { show: false }, border: { show: false } };
  const digits = Number(figure.dataset.digits ?? 0);
  const shown = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits });
  const day = new Intl.DateTimeFormat(document.documentElement.lang, {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  const low = heads.findIndex((head) => head.dataset.band === "low") + 1;
  const high = heads.findIndex((head) => head.dataset.band === "high") + 1;
  return new uPlot(
    {
      width: place.clientWidth,
      height: height(figure),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { y: false, sync: { key: "console" }, points: { size: 7 } },
      legend: { live: true },
      scales: { y: { range: (_chart, _low, top) => [0, top > 0 ? top * 1.08 : 1] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 70,
          incrs: MARKS,
          values: (_chart, ats) => ats.map((at) => day.format(at * 1000)),
        },
        {
          ...axis,
          grid: { stroke: colour("--line"), width: 1 },
          size: 46,
          space: 34,
          values: (_chart, ys) => ys.map((y) => shown.format(y)),
        },
      ],
      series: [
        { label: "Day", value: (_chart, at) => (at === null ? "" : day.format(at * 1000)) },
        ...heads.map((head): uPlot.Series => {
          const stroke = colour(`--series-${head.dataset.series}`);
          const label = head.textContent?.replace(/[↕↑↓]/g, "").trim() ?? "";
          const value = (_chart: uPlot, y: number | null) => (y === null ? "" : shown.format(y));
          const band = head.dataset.band !== undefined;
          return {
            label,
            stroke,
            value,
            width: band ? 0 : 2,
            points: { show: !band && data[0].length < 16 },
            spanGaps: true,
          };
        }),
      ],
      bands:
        low && high
          ? [{ series: [high, low], fill: `color-mix(in srgb, ${colour("--series-1")} 18%, transparent)` }]
          : [],
    },
    data,
    place,
  );
}
