// One Tab stop for many: the arrow keys go from one to the next (WAI-ARIA, "roving tabindex").
const MOVES: Record<string, (at: number, count: number) => number> = {
  ArrowDown: (at, count) => Math.min(count - 1, at + 1),
  ArrowUp: (at) => Math.max(0, at - 1),
  ArrowRight: (at, count) => Math.min(count - 1, at + 1),
  ArrowLeft: (at) => Math.max(0, at - 1),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Where a key leads from the one at `at`; null when it leads nowhere. In right-to-left text Left is forward. */
export function moved(key: string, at: number, count: number, rightToLeft = false): number | null {
  const mirrored = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[key] ?? key;
  return MOVES[rightToLeft ? mirrored : key]?.(at, count) ?? null;
}

/** Move the focus among `stops` as `event`'s key says. */
export function rove(event: KeyboardEvent, stops: readonly HTMLElement[], rightToLeft = false): void {
  const at = stops.indexOf(event.currentTarget as HTMLElement);
  const next = moved(event.key, at, stops.length, rightToLeft);
  if (at < 0 || next === null) return;
  event.preventDefault();
  event.stopPropagation();
  stops.forEach((stop, index) => (stop.tabIndex = index === next ? 0 : -1));
  stops[next]?.focus();
}
