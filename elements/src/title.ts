// A title as the player and the trimmer want it: times are spans, and what an older service leaves out has a safe meaning.
import type { components } from "./api-types.ts";
import type { BlockedSpan, Span } from "./selection.ts";

type Schemas = components["schemas"];
type Wire = Schemas["TitleDetail"];

export interface Line extends Span {
  readonly text: string;
}

/** A span worth clipping, as the service found it. */
export type Suggestion = Line;

export interface Title extends Pick<Wire, "id" | "slug" | "name" | "label"> {
  readonly duration: number;
  readonly frame: number;
  readonly storyboardUrl: string | null;
  readonly storyboardVttUrl: string | null;
  readonly waveformUrl: string | null;
  readonly lines: readonly Line[];
  readonly shots: readonly Span[];
  readonly sentenceEnds: readonly number[] | null;
  readonly suggestions: readonly Suggestion[];
  readonly sharing: boolean;
  readonly sharingWords: string | null;
  readonly min: number;
  readonly max: number;
  readonly remaining: number | null;
  readonly blocked: readonly BlockedSpan[];
  readonly clipped: readonly Span[];
}

const span = ({ start_us, end_us }: Schemas["ShotOut"] | Schemas["SentenceOut"]): Span => ({
  start: start_us,
  end: end_us,
});
const line = (wire: Schemas["LineOut"] | Schemas["SuggestionOut"]): Line => ({ ...span(wire), text: wire.text });
const blocked = (wire: Schemas["BlockedOut"]): BlockedSpan => ({ ...span(wire), reason: wire.reason });

export function titleFrom(wire: Pick<Wire, "id" | "slug" | "name" | "duration_us"> & Partial<Wire>): Title {
  const rights: Partial<Schemas["ClipRights"]> = wire.rights ?? {};
  return {
    id: wire.id,
    slug: wire.slug,
    name: wire.name,
    label: wire.label ?? null,
    duration: wire.duration_us,
    frame: wire.frame_us || 40_000,
    storyboardUrl: wire.storyboard_url ?? null,
    storyboardVttUrl: wire.storyboard_vtt_url ?? null,
    waveformUrl: wire.waveform_url ?? null,
    lines: (wire.lines ?? []).map(line),
    shots: (wire.shots ?? []).map(span),
    sentenceEnds: wire.sentences?.map((sentence) => sentence.end_us) ?? null,
    suggestions: (wire.suggestions ?? []).map(line),
    sharing: rights.sharing ?? true,
    sharingWords: rights.words ?? null,
    min: rights.min_clip_us ?? 5_000_000,
    max: rights.max_clip_us ?? 60_000_000,
    remaining: rights.remaining_us ?? null,
    blocked: (rights.blocked_ranges ?? []).map(blocked),
    clipped: (rights.clipped_ranges ?? []).map(([start, end]) => ({ start, end })),
  };
}
