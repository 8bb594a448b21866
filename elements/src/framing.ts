// What an upright clip shows of the wide picture, shot by shot. Pure.
import type { Framed } from "./api.ts";
import { focusAt } from "./player/span.ts";
import type { Span } from "./selection.ts";

export const MIDDLE = 0.5;

/** Where the frame lies in a shot. Its middle is looked at: where a shot begins is known to a frame. */
export function focusIn(framing: readonly Framed[] | null, { start, end }: Span): number | null | undefined {
  return focusAt(framing, (start + end) / 2);
}

/** `framing` with one shot's frame moved; every other shot goes on showing what it shows. */
export function moved(
  framing: readonly Framed[] | null,
  shots: readonly Span[],
  shot: Span,
  focus: number,
): readonly Framed[] {
  return shots.map((each) => {
    const before = focusIn(framing, each);
    return { start_us: each.start, focus: each.start === shot.start ? focus : before === undefined ? MIDDLE : before };
  });
}
