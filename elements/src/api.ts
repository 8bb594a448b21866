// The few calls of the HTTP API that the components make, and its refusals.
import type { components, paths } from "./api-types.ts";
import type { Answer, Asked, Method, Route } from "./routes.ts";
import type { Span } from "./selection.ts";
import { titleFrom, type Title } from "./title.ts";

type Schemas = components["schemas"];
type Waveform = Answer<"get", "/v1/titles/{title}/waveform">;

export type Moment = Schemas["MomentOut"];
export type NewMoment = Schemas["MomentIn"];
/** Which part of the wide picture an upright clip shows from a time of the title on. */
export type Framed = Schemas["Framed"];
/** What a player needs of a moment. */
export type MomentMedia = Schemas["MediaNow"];
/** News of a clip that is being made. */
export type MediaNews = Schemas["RenderProgress"];
export type Share = Schemas["ShareOut"];
/** How a link shows the moment, and until when. */
export type ShareOptions = Schemas["ShareChanges"];
/** A scene in For you, and what may come of it. */
export type FeedItem = Schemas["FeedItem"];
export type FeedOutcome = Schemas["ItemOutcome"]["what"];
export type Shape = Share["shape"];
/** What people felt about a moment. */
export type Reactions = Schemas["ReactionsOut"];
export type ReactionKind = Schemas["ReactionIn"]["kind"];
/** How one stands to somebody. */
export type Standing = Schemas["FollowOut"];
export type BarrierKind = Schemas["BarrierIn"]["kind"];

/** Something that somebody is told of. */
export type NotificationItem = Schemas["NotificationOut"];
export type NotificationPage = Schemas["NotificationPage"];

export type Comment = Schemas["CommentOut"];
export type Comments = Schemas["CommentsOut"];
export type ReportReason = Schemas["CommentReportIn"]["reason_code"];

/** By which page somebody reacts: the link that they came by, and the ticket of the visit. */
export interface VisitedBy {
  readonly share: string;
  readonly visit: string;
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
const TITLE_FRESH_MS = 5000;
/** Titles asked for just now: the button, the player and the trimmer of a page want the same one. */
const fresh = new Map<string, Promise<Title>>();
/** What clips show by themselves in a shape: the player and the sheet of a page want the same. */
const plans = new Map<string, Promise<readonly Framed[]>>();

/** Talks to the API at `base`; with a `token`, as its viewer, else with the page's own cookie. */
export class Client {
  readonly base: string;
  readonly token: string;

  constructor(base = "", token = "") {
    this.base = base.replace(/\/$/, "");
    this.token = token;
  }

  /** A title with its lines in `language`, where there are any, else in the first language there is; nothing of it that
      would spoil it for somebody who is at `at` (microseconds). */
  title(slug: string, language: string | null = null, at = 0): Promise<Title> {
    const key = [this.base, this.token, slug, language, at].join("\n");
    const asked = fresh.get(key) ?? this.askTitle(slug, language, at);
    fresh.set(key, asked);
    setTimeout(() => fresh.delete(key), TITLE_FRESH_MS);
    asked.catch(() => fresh.delete(key));
    return asked;
  }

  private async askTitle(slug: string, language: string | null, at: number): Promise<Title> {
    const ask = (wanted: string | null) => {
      const query = { ...(wanted ? { language: wanted } : {}), ...(at > 0 ? { at_us: Math.round(at) } : {}) };
      return this.call("get", "/v1/titles/{title}", { path: { title: slug }, query });
    };
    const wire = await ask(language);
    return titleFrom(language && wire.lines?.length === 0 ? await ask(null) : wire);
  }

  /** Loudness over the title: numbers from 0 to 1, evenly spaced. */
  async waveform(url: string): Promise<number[]> {
    const { peaks = [] } = (await this.ask("GET", url)) as Partial<Waveform>;
    const most = Math.max(1e-9, ...peaks);
    return peaks.map((peak) => peak / most);
  }

  async text(url: string): Promise<string> {
    const response = await fetch(this.address(url), { headers: this.headers(), credentials: this.credentials() });
    if (!response.ok) throw new Refusal("unavailable", response.status, response.statusText);
    return response.text();
  }

  /** Which part of the picture an upright clip shows by itself, shot by shot. It is looked for when it is first asked
      for, which may take a while; whoever asks meanwhile, and later, has the same answer. */
  framing(code: string, share: string, shape: string): Promise<readonly Framed[]> {
    const url = this.address(`${mediaHome(code, share)}/framing.json?shape=${shape}`);
    const key = `${this.token}\n${url}`;
    const asked = plans.get(key) ?? this.whenThere(url).then((answer) => answer.json());
    plans.set(key, asked);
    asked.catch(() => plans.delete(key));
    return asked;
  }

  /** A picture that only who is signed in may see, as an address of this page's own. */
  async picture(url: string): Promise<string> {
    const response = await fetch(this.address(url), { headers: this.headers(), credentials: this.credentials() });
    if (!response.ok) throw new Refusal("unavailable", response.status, response.statusText);
    return URL.createObjectURL(await response.blob());
  }

  /** Look at the title around a span, to trim a moment of one's own. */
  openWindow(moment: string, span: Span): Promise<Schemas["WindowOut"]> {
    const body = { start_us: Math.round(span.start), end_us: Math.round(span.end) };
    return this.call("post", "/v1/moments/{moment}/windows", { path: { moment }, body });
  }

  moment(moment: string): Promise<Moment> {
    return this.call("get", "/v1/moments/{moment}", { path: { moment } });
  }

  async deleteMoment(moment: string): Promise<void> {
    await this.call("delete", "/v1/moments/{moment}", { path: { moment } });
  }

  createMoment(body: NewMoment, key: string): Promise<Moment> {
    return this.call("post", "/v1/moments", { body, key });
  }

  changeMoment(moment: string, body: Schemas["MomentChanges"]): Promise<Moment> {
    return this.call("patch", "/v1/moments/{moment}", { path: { moment }, body });
  }

  createShare(moment: string, channel: string, parent: string | null, options: ShareOptions = {}): Promise<Share> {
    return this.call("post", "/v1/shares", { body: { moment, channel, parent, ...options } });
  }

  changeShare(share: string, body: ShareOptions): Promise<Share> {
    return this.call("patch", "/v1/shares/{share}", { path: { share }, body });
  }

  /** How a moment can be played by now, by whoever came by the link `share`. */
  momentMedia(moment: string, share = ""): Promise<MomentMedia> {
    return this.call("get", "/v1/moments/{moment}/media", { path: { moment }, query: byShare(share) });
  }

  /** When the file at `url` can be fetched; asks again while it is being made: until `signal` says that nobody waits any
      longer, else for a while. */
  async fileIsThere(url: string, signal?: AbortSignal): Promise<void> {
    await (await this.whenThere(url, signal)).body?.cancel();
  }

  private async whenThere(url: string, signal?: AbortSignal): Promise<Response> {
    const asked = { headers: this.headers(), credentials: this.credentials(), ...(signal ? { signal } : {}) };
    for (let tries = 0; ; tries++) {
      const answer = await fetch(url, asked);
      if (answer.ok) return answer;
      const problem = await answer.json().catch(() => ({}));
      if (answer.status !== 503 || (!signal && tries === FILE_TRIES))
        throw new Refusal(problem.code ?? "failed", answer.status, problem.detail ?? "");
      await new Promise((wake) => setTimeout(wake, 1000 * Number(answer.headers.get("Retry-After") ?? 2)));
    }
  }

  /** Say that a player shows a moment: the ticket with which its play may be reported. */
  async visit(moment: string, share: string | null): Promise<string> {
    return (await this.call("post", "/v1/visits", { body: share ? { share } : { moment } })).visit;
  }

  /** Tell how long of a moment was watched in a visit. Nothing depends on the answer. */
  played(moment: string, share: string | null, visit: string, watchedMs: number): void {
    const played = { kind: "play" as const, visit, watched_ms: watchedMs, ...(share ? { share } : { moment }) };
    this.call("post", "/v1/events", { body: { events: [played] } }).catch(() => undefined);
  }

  /** The next scenes for whoever looks. */
  feed(cursor: string | null): Promise<Schemas["ForYou"]> {
    return this.call("get", "/v1/feed", { query: cursor ? { cursor } : {} });
  }

  /** Tell what came of an item of the feed, also while the page is left. Nothing depends on the answer. */
  feedOutcome(item: string, what: FeedOutcome): void {
    this.call("post", "/v1/feed/{item}", { path: { item }, body: { what }, keepalive: true }).catch(() => undefined);
  }

  /** Tell how far one has got in a title, also while the page is left. Nothing depends on the answer. */
  reached(title: string, us: number): void {
    const body = { title, position_us: Math.round(us) };
    this.call("put", "/v1/progress", { body, keepalive: true }).catch(() => undefined);
  }

  /** Follow a moment's making until everything is ready or has failed; returns what stops following. */
  followMedia(moment: string, onChange: (media: MediaNews) => void, share = ""): () => void {
    const stop = new AbortController();
    const address = addressOf("/v1/moments/{moment}/progress", { path: { moment }, query: byShare(share) });
    void this.readEvents<MediaNews>(address, onChange, stop.signal).catch(() => undefined);
    return () => stop.abort();
  }

  reactions(moment: string, by: VisitedBy): Promise<Reactions> {
    return this.call("get", "/v1/moments/{moment}/reactions", { path: { moment }, query: named(by) });
  }

  react(moment: string, kind: ReactionKind, atUs: number, by: VisitedBy): Promise<Reactions> {
    const body = { kind, at_us: Math.round(atUs), ...named(by) };
    return this.call("post", "/v1/moments/{moment}/reactions", { path: { moment }, body });
  }

  takeBackReaction(moment: string, by: VisitedBy): Promise<Reactions> {
    return this.call("delete", "/v1/moments/{moment}/reactions", { path: { moment }, query: named(by) });
  }

  person(handle: string): Promise<Standing> {
    return this.call("get", "/v1/people/{handle}", { path: { handle } });
  }

  follow(handle: string): Promise<Standing> {
    return this.call("post", "/v1/people/{handle}/follow", { path: { handle } });
  }

  async unfollow(handle: string): Promise<void> {
    await this.call("delete", "/v1/people/{handle}/follow", { path: { handle } });
  }

  /** Block somebody, or mute them. */
  async keepAway(handle: string, kind: BarrierKind): Promise<void> {
    await this.call("post", "/v1/barriers", { body: { handle, kind } });
  }

  async takeBackBarrier(handle: string, kind: BarrierKind): Promise<void> {
    await this.call("delete", "/v1/barriers/{kind}/{handle}", { path: { kind, handle } });
  }

  comments(moment: string, share: string, cursor = ""): Promise<Comments> {
    const query = { ...byShare(share), ...byCursor(cursor) };
    return this.call("get", "/v1/moments/{moment}/comments", { path: { moment }, query });
  }

  comment(moment: string, body: Schemas["CommentIn"]): Promise<Comment> {
    return this.call("post", "/v1/moments/{moment}/comments", { path: { moment }, body });
  }

  /** A comment with its words, also where they would come too early. */
  commentWords(comment: string, share: string): Promise<Comment> {
    return this.call("get", "/v1/comments/{comment}", { path: { comment }, query: byShare(share) });
  }

  answers(comment: string, share: string, cursor: string): Promise<Schemas["Page_CommentOut_"]> {
    const query = { ...byShare(share), ...byCursor(cursor) };
    return this.call("get", "/v1/comments/{comment}/answers", { path: { comment }, query });
  }

  editComment(comment: string, text: string): Promise<Comment> {
    return this.call("patch", "/v1/comments/{comment}", { path: { comment }, body: { text } });
  }

  async deleteComment(comment: string): Promise<void> {
    await this.call("delete", "/v1/comments/{comment}", { path: { comment } });
  }

  pinComment(comment: string, pinned: boolean): Promise<Comment> {
    return this.call("post", "/v1/comments/{comment}/pin", { path: { comment }, body: { pinned } });
  }

  collapseComment(comment: string, collapsed: boolean): Promise<Comment> {
    return this.call("post", "/v1/comments/{comment}/collapse", { path: { comment }, body: { collapsed } });
  }

  releaseComment(comment: string): Promise<Comment> {
    return this.call("post", "/v1/comments/{comment}/release", { path: { comment } });
  }

  async reportComment(comment: string, reason: ReportReason, share: string): Promise<void> {
    const body = { reason_code: reason, text: "", ...byShare(share) };
    await this.call("post", "/v1/comments/{comment}/reports", { path: { comment }, body });
  }

  /** The newest of the inbox, said in a language. */
  notifications(lang: string, limit: number): Promise<NotificationPage> {
    return this.call("get", "/v1/notifications", { query: { lang, limit } });
  }

  /** Say that some were read, or (null) all. */
  readNotifications(ids: readonly string[] | null): Promise<Schemas["UnreadOut"]> {
    const body = ids === null ? { all: true } : { all: false, ids: [...ids] };
    return this.call("post", "/v1/notifications/read", { body });
  }

  /** How many are unread: now, and at every change, until the connection ends. */
  unread(onCount: (unread: number) => void, signal: AbortSignal): Promise<void> {
    const told = (news: { unread: number }): void => onCount(news.unread);
    return this.readEvents<{ unread: number }>("/v1/notifications/stream", told, signal);
  }

  address(path: string): string {
    return /^https?:/.test(path) ? path : this.base + path;
  }

  private async readEvents<News>(path: string, onChange: (news: News) => void, signal: AbortSignal): Promise<void> {
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

  private async call<M extends Method, R extends Route<M>>(
    method: M,
    route: R,
    asked: Asked<M, R>,
  ): Promise<Answer<M, R>> {
    const { body, key, keepalive = false } = asked;
    return (await this.ask(method.toUpperCase(), addressOf(route, asked as Parts), body, key, keepalive)) as Answer<
      M,
      R
    >;
  }

  private async ask(
    method: string,
    address: string,
    body?: unknown,
    key?: string,
    keepalive = false,
  ): Promise<unknown> {
    const headers: Record<string, string> = { ...this.headers(), Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method === "POST") headers["Idempotency-Key"] = key ?? newKey();
    const response = await fetch(this.address(address), {
      method,
      headers,
      credentials: this.credentials(),
      body: body === undefined ? null : JSON.stringify(body),
      keepalive,
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

/** What of it is known. */
const named = (by: VisitedBy): { share?: string; visit?: string } =>
  Object.fromEntries(Object.entries(by).filter(([, value]) => value));

const byCursor = (cursor: string): { cursor?: string } => (cursor ? { cursor } : {});
const byShare = (share: string): { share?: string } => (share ? { share } : {});

interface Parts {
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string | number>;
}

/** The address of a route of the API with its parts filled in. */
function addressOf(route: keyof paths, { path = {}, query = {} }: Parts): string {
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const asked = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return asked.size > 0 ? `${filled}?${asked}` : filled;
}

/** Below which address a moment's media lie: the link's by which the viewer came, or its own. */
export const mediaHome = (code: string, share: string): string => (share ? `/s/${share}` : `/m/${code}`);

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
