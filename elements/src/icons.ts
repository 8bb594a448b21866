// Icons on a 24-unit grid, drawn in the current colour. Decorative: each has words beside it or as its button's name.
import { svg, html, type TemplateResult } from "lit";

const line = (path: string): TemplateResult =>
  html`<svg
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.9"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${svg`<path d=${path} />`}
  </svg>`;

const solid = (path: string): TemplateResult =>
  html`<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">${svg`<path d=${path} />`}</svg>`;

export const icons = {
  clip: line(
    "M8.4 7.900 20 16.600M8.400 16.100 20 7.400M6 9.200a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400Zm0 11a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400Z",
  ),
  close: line("m6 6 12 12M18 6 6 18"),
  play: solid("M7 4.800v14.400a.8.8 0 0 0 1.200.7l11.600-7.200a.8.8 0 0 0 0-1.400L8.200 4.100a.8.8 0 0 0-1.200.7Z"),
  pause: solid("M7 4.500h3.200v15H7zm6.800 0H17v15h-3.200z"),
  undo: line("M8 5 4 9l4 4M4.500 9H14a5.500 5.500 0 0 1 0 11h-3"),
  earlier: line("m14.500 5-7 7 7 7"),
  later: line("m9.500 5 7 7-7 7"),
  setStart: line("M6 4v16M20 12H10m4-4-4 4 4 4"),
  setEnd: line("M18 4v16M4 12h10m-4-4 4 4-4 4"),
  copy: line("M9 9h10v11H9zM5 15V4h10"),
  check: line("m4.500 12.500 5 5 10-11"),
  bell: line("M6 10a6 6 0 0 1 12 0c0 5 2 6.500 2 6.500H4S6 15 6 10ZM10 20a2.200 2.200 0 0 0 4 0"),
  more: solid(
    "M6 10.200a1.800 1.800 0 1 1 0 3.600 1.800 1.800 0 0 1 0-3.600Zm6 0a1.800 1.800 0 1 1 0 3.600 1.800 1.800 0 0 1 0-3.600Zm6 0a1.800 1.800 0 1 1 0 3.600 1.800 1.800 0 0 1 0-3.600Z",
  ),
  qr: line("M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM17.500 17.500H20V20h-2.500z"),
  options: line("M4 7h9m5 0h2M4 17h3m5 0h8M13 4.500v5h5v-5zM7 14.500v5h5v-5z"),
  embed: line("m8.500 7-5 5 5 5M15.500 7l5 5-5 5"),
  save: line("M12 4v11m0 0-4-4m4 4 4-4M5 20h14"),
  share: line("M12 15V4m0 0L8 8m4-4 4 4M5 12.500V18a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-5.500"),
  mail: line("M3.500 6h17v12h-17zM4 6.500l8 6.500 8-6.500"),
  message: line("M4 5h16v11H9.500L5 20v-4H4z"),
  sound: line("M4 9.500v5h3.500L12 19V5L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11"),
  hidden: line(
    "m4 4 16 16M10 6.200A9 9 0 0 1 12 6c5 0 8.300 4.300 9 6a12 12 0 0 1-2.500 3.300M6.500 7.600A12.500 12.500 0 0 0 3 12c.7 1.700 4 6 9 6a9 9 0 0 0 4-.9",
  ),
};

export { solid };
