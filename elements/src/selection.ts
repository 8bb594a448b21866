// The span being clipped, and how it may move. Pure: times in microseconds in, times out.
import { SECOND } from "./times.ts";

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface BlockedSpan extends Span {
  readonly reason?: string;
}

/** What bounds a clip of one title for one viewer. */
export interface Limits {
  readonly duration: number;
  /** Length of one frame; may be fractional. */
  readonly frame: number;
  readonly min: number;
  readonly max: number;
  readonly blocked: readonly BlockedSpan[];
  /** How much more may be clipped; null for no bound. */
  readonly remaining: number | null;
  /** What this viewer has clipped before: clipping it again costs nothing. */
  readonly clipped: readonly Span[];
}

export const DEFAULT_LENGTH = 15 * SECOND;

/** The last 15 seconds before `at` (or as much as the limits allow). */
export function initialSpan(at: number, limits: Limits): Span {
  const length = Math.min(Math.max(DEFAULT_LENGTH, limits.min), limits.max, limits.duration);
  const end = clamp(onGrid(Math.max(at, length), limits), length, limits.duration);
  return { start: onGrid(end - length, limits), end };
}

/** How near an edge looks for a cut or a sentence at first, and how long the shot before would flash. */
const REACH = 400_000;
const FLASH = SECOND;

/** `initialSpan` with its edges where a clip likes to begin and end, so that it never opens with the end of a shot. */
export function openingSpan(at: number, limits: Limits, points: readonly number[], cuts: readonly number[]): Span {
  const plain = initialSpan(at, limits);
  const end = withEnd(plain, snapped(plain.end, points, REACH), limits).end;
  const wish = Math.max(0, end - (plain.end - plain.start));
  const soon = cuts.findLast((cut) => cut > wish && cut <= wish + FLASH);
  let start = soon ?? snapped(wish, points, REACH);
  for (const cut of cuts) if (cut > start && cut - start <= REACH) start = cut; // a shot too short to be seen
  return withStart({ start: wish, end }, start, limits);
}

/** `span` with its start at `us`: never past the end, never longer or shorter than a clip may be. */
export function withStart(span: Span, us: number, limits: Limits): Span {
  if (!Number.isFinite(us)) return span;
  const earliest = Math.max(0, span.end - limits.max);
  const latest = Math.max(earliest, span.end - shortest(limits));
  return { start: clamp(onGrid(us, limits), earliest, latest), end: span.end };
}

/** `span` with its end at `us`. */
export function withEnd(span: Span, us: number, limits: Limits): Span {
  if (!Number.isFinite(us)) return span;
  const latest = Math.min(limits.duration, span.start + limits.max);
  const earliest = Math.min(latest, span.start + shortest(limits));
  return { start: span.start, end: clamp(onGrid(us, limits), earliest, latest) };
}

/** `span` moved as a whole so that it starts at `us`. */
export function movedTo(span: Span, us: number, limits: Limits): Span {
  if (!Number.isFinite(us)) return span;
  const length = span.end - span.start;
  const start = clamp(onGrid(us, limits), 0, limits.duration - length);
  return { start, end: start + length };
}

/** A span that holds `wanted`, made long enough to be a clip and cut where it would be too long. */
export function around(wanted: Span, limits: Limits): Span {
  const least = Math.min(limits.min, limits.duration);
  const length = clamp(wanted.end - wanted.start, least, limits.max);
  const start = clamp(onGrid(wanted.start, limits), 0, Math.max(0, limits.duration - length));
  return { start, end: Math.min(limits.duration, Math.max(onGrid(start + length, limits), start + least)) };
}

/** The first blocked span that `span` touches, if any. */
export function blockedIn(span: Span, limits: Limits): BlockedSpan | undefined {
  return limits.blocked.find((blocked) => blocked.start < span.end && span.start < blocked.end);
}

/** How much of `span` this viewer has not clipped before. */
export function newlyClipped(span: Span, { clipped }: Limits): number {
  let at = span.start;
  let fresh = 0;
  for (const known of [...clipped].sort((a, b) => a.start - b.start)) {
    if (known.end <= at) continue;
    if (known.start >= span.end) break;
    fresh += Math.max(0, known.start - at);
    at = known.end;
  }
  return fresh + Math.max(0, span.end - at);
}

/** The nearest of `points` within `tolerance` of `us`, else `us`. */
export function snapped(us: number, points: readonly number[], tolerance: number): number {
  let best = us;
  let distance = tolerance;
  for (const point of points) {
    const away = Math.abs(point - us);
    if (away <= distance) [best, distance] = [point, away];
  }
  return best;
}

/** Where a clip likes to begin or end: the cuts, where lines begin, and the ends of sentences (as the service found
 * them, else by their punctuation). */
export function snapPoints(
  shots: readonly Span[],
  lines: readonly (Span & { text: string })[],
  sentenceEnds: readonly number[] | null = null,
): number[] {
  const ends = sentenceEnds ?? lines.filter((line) => SENTENCE_END.test(line.text)).map((line) => line.end);
  return [...new Set([...shots.map((shot) => shot.start), ...lines.map((line) => line.start), ...ends])].sort(
    (a, b) => a - b,
  );
}

const SENTENCE_END = /[.!?…。！？؟]["'”’»)]*\s*$/;

function shortest(limits: Limits): number {
  return Math.max(limits.min, limits.frame);
}

function onGrid(us: number, { frame }: Limits): number {
  return Math.round(Math.round(us / frame) * frame);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
