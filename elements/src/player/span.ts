// A clip inside what plays: virtual HLS begins and ends with segments, so the clip is a span of it. Keeps playback in that
// span, and subtitles, which are timed from the clip's beginning, in step with it.
import type { Framed } from "../api.ts";

/** Where in a media element's time the clip lies, in seconds. */
export interface Span {
  readonly from: number;
  readonly length: number;
}

/** Where the frame lies at a time of the title: as chosen for its shot; null shows the whole picture; undefined where
 * nothing is chosen. */
export function focusAt(framing: readonly Framed[] | null, us: number): number | null | undefined {
  if (!framing || framing.length === 0) return undefined;
  return (framing.findLast(({ start_us }) => start_us <= us) ?? framing[0])?.focus;
}

const SLACK = 0.05;

/** The clip's own time at the element's time `at`: from 0 to its length. */
export function within(span: Span, at: number): number {
  return Math.min(Math.max(at - span.from, 0), span.length);
}

/** Whether the element's time `at` lies before the clip, or at or past its end. */
export function outside(span: Span, at: number): "before" | "after" | null {
  if (at < span.from - SLACK) return "before";
  return at >= span.from + span.length - SLACK / 2 ? "after" : null;
}

/** Where subtitles stand: so many per cent of the height from the top, clear of the player's controls. */
const LINE = 74;

/** Have a cue stand still: left to itself, it gives way to the controls whenever they come and go. One that has a place
 * of its own keeps that. */
export function settle(cue: TextTrackCue): void {
  if (!(cue instanceof VTTCue) || !cue.snapToLines) return;
  [cue.snapToLines, cue.line] = [false, LINE];
}

const moved = new WeakMap<TextTrack, number>();

/** Have the subtitles of `video` begin where the clip does, `from` seconds in; also those that load later. */
export function moveSubtitles(video: HTMLVideoElement, from: number): void {
  for (const element of video.querySelectorAll("track")) {
    const move = () => {
      Array.from(element.track.cues ?? []).forEach(settle);
      moveCues(element.track, from);
    };
    if (element.readyState === HTMLTrackElement.LOADED) move();
    else element.addEventListener("load", move, { once: true });
  }
}

function moveCues(track: TextTrack, from: number): void {
  const by = from - (moved.get(track) ?? 0);
  if (!by || !track.cues) return;
  moved.set(track, from);
  for (const cue of Array.from(track.cues)) [cue.startTime, cue.endTime] = [cue.startTime + by, cue.endTime + by];
}
