// The few calls of the HTTP API that the components make, and its refusals.
import type { BlockedSpan, Span } from "./selection.ts";

export interface Line extends Span {
  readonly text: string;
}

/** A span worth clipping, as the service found it. */
export interface Suggestion extends Span {
  readonly text: string;
}

export interface Title {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly label: string | null;
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

export interface Moment {
  readonly id: string;
  readonly code: string;
  readonly url: string;
  readonly caption: string;
  readonly visibility: string;
  readonly spoiler: boolean;
  readonly credit_me: boolean;
  readonly start_us: number;
  readonly end_us: number;
  readonly title: { readonly slug: string; readonly name: string };
  readonly media: Media;
}

/** How good a clip is by now: `virtual` plays at once, `exact` a second later, `rendered` in every shape. */
export type Tier = "none" | "virtual" | "exact" | "rendered";

export interface Media {
  readonly tier: Tier;
  readonly status: "queued" | "rendering" | "ready" | "failed";
  readonly progress: number;
  readonly hls_url: string | null;
  readonly mp4_url: string | null;
  readonly poster_url: string | null;
}

/** News of a clip that is being made. */
export type MediaNews = Pick<Media, "tier" | "status" | "progress" | "mp4_url">;

/** What a player needs of a moment. */
export interface MomentMedia extends Media {
  readonly duration_us: number;
  readonly hls_from_us: number | null;
  readonly captions_url: string | null;
}

export interface Share {
  readonly id: string;
  readonly token: string;
  readonly url: string;
  readonly qr_url: string;
  readonly channel: string;
  readonly intent_url: string | null;
  readonly embed_html: string | null;
  readonly video_url: string | null;
  readonly video_refused: { readonly code: string; readonly words: string } | null;
}

export type Shape = "wide" | "vertical" | "square";

/** How a link shows the moment, and until when. */
export interface ShareOptions {
  readonly shape?: Shape;
  readonly captions?: boolean;
  readonly spoiler?: boolean;
  readonly credit?: boolean;
  readonly expires_at?: string | null;
}

/** A place that a moment can be sent to, and what it allows. */
export interface ChannelRules {
  readonly name: string;
  readonly profile: string;
  readonly allowed: { readonly note: string; readonly source: string; readonly read_on: string } | null;
}

export interface NewMoment {
  title: string;
  start_us: number;
  end_us: number;
  caption: string;
  visibility: string;
  spoiler: boolean;
  credit_me: boolean;
}

/** The API said no: `code` for programs, the message for people. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, words: string) {
    super(words);
    this.code = code;
    this.status = status;
  }
}

const FILE_TRIES = 20;

/** Talks to the API at `base`; with a `token`, as its viewer, else with the page's own cookie. */
export class Client {
  readonly base: string;
  readonly token: string;

  constructor(base = "", token = "") {
    this.base = base.replace(/\/$/, "");
    this.token = token;
  }

  /** A title with its lines in `language`, where there are any, else in the first language there is. */
  async title(slug: string, language: string | null = null): Promise<Title> {
    const path = `/v1/titles/${encodeURIComponent(slug)}`;
    const wire = await this.call("GET", language ? `${path}?language=${encodeURIComponent(language)}` : path);
    return titleFrom(language && wire.lines?.length === 0 ? await this.call("GET", path) : wire);
  }

  /** Loudness over the title: numbers from 0 to 1, evenly spaced. */
  async waveform(url: string): Promise<number[]> {
    const answer = await this.call("GET", url);
    const peaks: number[] = Array.isArray(answer) ? answer : (answer.peaks ?? []);
    const most = Math.max(1e-9, ...peaks);
    return peaks.map((peak) => peak / most);
  }

  async text(url: string): Promise<string> {
    const response = await fetch(this.address(url), { headers: this.headers(), credentials: this.credentials() });
    if (!response.ok) throw new Refusal("unavailable", response.status, response.statusText);
    return response.text();
  }

  createMoment(moment: NewMoment, key: string): Promise<Moment> {
    return this.call("POST", "/v1/moments", moment, key);
  }

  changeMoment(id: string, changes: Partial<NewMoment>): Promise<Moment> {
    return this.call("PATCH", `/v1/moments/${id}`, changes);
  }

  createShare(moment: string, channel: string, parent: string | null, options: ShareOptions = {}): Promise<Share> {
    return this.call("POST", "/v1/shares", { moment, channel, parent, ...options });
  }

  changeShare(id: string, options: ShareOptions): Promise<Share> {
    return this.call("PATCH", `/v1/shares/${id}`, options);
  }

  channels(): Promise<ChannelRules[]> {
    return this.call("GET", "/v1/channels");
  }

  /** How a moment can be played by now. */
  momentMedia(moment: string): Promise<MomentMedia> {
    return this.call("GET", `/v1/moments/${encodeURIComponent(moment)}/media`);
  }

  /** When the file at `url` can be fetched; asks again while it is being made. */
  async fileIsThere(url: string): Promise<void> {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(url, { headers: this.headers(), credentials: this.credentials() });
      if (answer.ok) return answer.body?.cancel();
      const problem = await answer.json().catch(() => ({}));
      if (answer.status !== 503 || tries === FILE_TRIES)
        throw new Refusal(problem.code ?? "failed", answer.status, problem.detail ?? "");
      await new Promise((wake) => setTimeout(wake, 1000 * Number(answer.headers.get("Retry-After") ?? 2)));
    }
  }

  /** Tell that a moment was played. Nothing depends on the answer. */
  played(moment: string, share: string | null): void {
    const body = { events: [share ? { kind: "play", share } : { kind: "play", moment }] };
    this.call("POST", "/v1/events", body).catch(() => undefined);
  }

  /** Follow a moment's making until everything is ready or has failed; returns what stops following. */
  followMedia(momentId: string, onChange: (media: MediaNews) => void): () => void {
    const stop = new AbortController();
    void this.readProgress(`/v1/moments/${momentId}/progress`, onChange, stop.signal).catch(() => undefined);
    return () => stop.abort();
  }

  address(path: string): string {
    return /^https?:/.test(path) ? path : this.base + path;
  }

  private async readProgress(
    path: string,
    onChange: (media: MediaNews) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await fetch(this.address(path), {
      headers: { ...this.headers(), Accept: "text/event-stream" },
      credentials: this.credentials(),
      signal,
    });
    if (!response.ok || !response.body) return;
    let waiting = "";
    const decoder = new TextDecoder();
    for await (const piece of chunks(response.body)) {
      waiting += decoder.decode(piece, { stream: true });
      const events = waiting.split(/\r?\n\r?\n/);
      waiting = events.pop() ?? "";
      for (const event of events) {
        const data = /^data:\s?(.*)$/m.exec(event)?.[1];
        if (data) onChange(JSON.parse(data));
      }
    }
  }

  private async call(method: string, path: string, body?: unknown, key?: string): Promise<any> {
    const headers: Record<string, string> = { ...this.headers(), Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method === "POST") headers["Idempotency-Key"] = key ?? newKey();
    const response = await fetch(this.address(path), {
      method,
      headers,
      credentials: this.credentials(),
      body: body === undefined ? null : JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refusal(answer.code ?? "failed", response.status, answer.detail ?? answer.title ?? "");
    return answer;
  }

  /** What says who asks. */
  headers(): Record<string, string> {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  private credentials(): RequestCredentials {
    return this.token ? "omit" : "same-origin";
  }
}

/** A key that makes a repeated POST harmless. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

interface WireSpan {
  start_us: number;
  end_us: number;
  text?: string;
  reason?: string;
}

function titleFrom(wire: any): Title {
  const spans = (rows: WireSpan[] | null): any[] =>
    (rows ?? []).map(({ start_us, end_us, text, reason }) => ({ start: start_us, end: end_us, text, reason }));
  const rights = wire.rights ?? {};
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
    lines: spans(wire.lines),
    shots: spans(wire.shots),
    sentenceEnds: wire.sentences?.map((sentence: WireSpan) => sentence.end_us) ?? null,
    suggestions: spans(wire.suggestions),
    sharing: rights.sharing ?? true,
    sharingWords: rights.words ?? null,
    min: rights.min_clip_us ?? 5_000_000,
    max: rights.max_clip_us ?? 60_000_000,
    remaining: rights.remaining_us ?? null,
    blocked: spans(rights.blocked_ranges),
    clipped: (rights.clipped_ranges ?? []).map(([start, end]: [number, number]) => ({ start, end })),
  };
}
