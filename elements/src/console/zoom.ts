// A drawing that can be moved and zoomed: by dragging, by the wheel with Ctrl or a pinch, by keys and buttons.

const STEP = 1.25;
const MOST = 6;

export function zoomable(frame: HTMLElement): void {
  const svg = frame.querySelector("svg");
  if (!svg) return;
  const [width, height] = [Number(svg.getAttribute("width")), Number(svg.getAttribute("height"))];
  const least = () => Math.min(1, frame.clientWidth / width, Math.max(frame.clientHeight, 320) / height);
  let scale = 1;

  const to = (wanted: number, x = frame.clientWidth / 2, y = frame.clientHeight / 2) => {
    const before = scale;
    scale = Math.min(MOST, Math.max(least(), wanted));
    svg.setAttribute("width", `${width * scale}`);
    svg.setAttribute("height", `${height * scale}`);
    frame.scrollLeft = ((frame.scrollLeft + x) * scale) / before - x;
    frame.scrollTop = ((frame.scrollTop + y) * scale) / before - y;
  };

  const bar = document.createElement("p");
  bar.className = "zoom-bar";
  const buttons: [string, string, () => void][] = [
    ["+", "Zoom in", () => to(scale * STEP)],
    ["−", "Zoom out", () => to(scale / STEP)],
    ["Fit", "Show all of it", () => to(least())],
  ];
  for (const [words, label, act] of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button outline small";
    button.textContent = words;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    bar.append(button);
  }
  frame.before(bar);

  frame.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = frame.getBoundingClientRect();
      to(scale * Math.exp(-event.deltaY / 200), event.clientX - box.left, event.clientY - box.top);
    },
    { passive: false },
  );
  frame.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") to(scale * STEP);
    else if (event.key === "-") to(scale / STEP);
    else if (event.key === "0") to(1);
  });

  let from: { x: number; y: number; left: number; top: number } | undefined;
  let moved = false;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY, left: frame.scrollLeft, top: frame.scrollTop };
    moved = false;
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    moved ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > 4;
    frame.scrollLeft = from.left - (event.clientX - from.x);
    frame.scrollTop = from.top - (event.clientY - from.y);
  });
  for (const end of ["pointerup", "pointerleave", "pointercancel"])
    frame.addEventListener(end, () => (from = undefined));
  frame.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("click", (event) => moved && event.preventDefault(), true);
}
