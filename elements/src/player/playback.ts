// Plays the best there is of one moment, and takes the next better one at the next loop or seek: virtual HLS at once,
// exact HLS or MP4 a second later; in an upright frame the wide picture until its own file is there. What to do when is
// `state.ts`'s; this carries it out. The picture stands still while the source changes, so nothing flashes.
import { mediaHome, Refusal, type Client, type MomentMedia } from "../api.ts";
import { SECOND } from "../times.ts";
import { slowConnection } from "./connection.ts";
import { attachHls } from "./hls.ts";
import { moveSubtitles, outside, within, type Span } from "./span.ts";
import { NEW, step, type Choice, type Effect, type PlayerEvent, type Says, type State } from "./state.ts";
import { stillOf } from "./still.ts";

/** Refusals that another try does not lift. */
const FOR_GOOD = new Set([401, 403, 404, 410]);
const HAND_MS = 1000;
/** A source of which nothing comes for so long has failed, though nobody says so. */
const PATIENCE_MS = 30_000;
/** What waits for so long waits for the connection. */
const STALL_MS = 1500;
const HANDS = ["pointerdown", "pointerup", "keydown"] as const;

/** A moment by its code, and by the token of the link by which the viewer came, if by one. With a `shape`, it is shown in
    that frame. */
export interface Playing {
  readonly code: string;
  readonly share: string;
  readonly shape: string;
}

export interface PlaybackEvents {
  /** What there is to say: it waits, it plays, it may not work, it is refused, it is over. */
  onSays(what: Says): void;
  /** More of it is ready. */
  onMedia(media: MomentMedia): void;
  /** At which microsecond of the title it is. */
  onTime(us: number): void;
  /** The wide picture is shown in an upright frame (or no more). */
  onFramed(framed: boolean): void;
}

export class Playback {
  private readonly video: HTMLVideoElement;
  private readonly client: Client;
  private readonly what: Playing;
  private readonly events: PlaybackEvents;
  private media: MomentMedia | null = null;
  private state: State = NEW;
  private attempt = 0;
  private touchedAt = -Infinity;
  private at = 0;
  private fileThere = false;
  private slow = false;
  private stall = 0;
  private detach: () => void = () => undefined;
  private unfollow: (() => void) | null = null;
  private alarm = 0;
  private readonly stopped = new AbortController();

  constructor(video: HTMLVideoElement, client: Client, what: Playing, events: PlaybackEvents) {
    [this.video, this.client, this.what, this.events] = [video, client, what, events];
  }

  /** Get ready; `play` at once, where the browser lets us. */
  begin(play: boolean): void {
    const { video } = this;
    const { signal } = this.stopped;
    video.removeAttribute("src");
    video.querySelectorAll("source").forEach((source) => source.remove());
    for (const name of ["timeupdate", "seeking", "ended"] as const)
      video.addEventListener(name, () => this.keepToClip(name), { signal });
    for (const name of HANDS)
      addEventListener(name, () => (this.touchedAt = performance.now()), { signal, capture: true });
    video.addEventListener("play", () => this.resumed(), { signal });
    video.addEventListener("pause", () => this.paused(), { signal });
    video.addEventListener("error", () => this.state.playing?.kind === "mp4" && this.failed(), { signal });
    video.addEventListener("waiting", () => this.stalls(), { signal });
    addEventListener("online", () => this.send({ is: "wake" }), { signal });
    this.everyFrame();
    this.send({ is: "begin", play });
    if (this.what.shape) this.awaitFile();
  }

  /** The viewer asks to play it, also after a refusal. */
  play(): void {
    this.rewind();
    this.send({ is: "play" });
    if (this.state.phase === "shown") this.obey({ do: "play" });
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.alarm);
    this.unfollow?.();
    this.detach();
    this.send({ is: "stop" });
  }

  private send(event: PlayerEvent): void {
    const [state, effects] = step(this.state, event);
    this.state = state;
    effects.forEach((effect) => this.obey(effect));
  }

  private obey(effect: Effect): void {
    if (effect.do === "ask") void this.ask();
    else if (effect.do === "attach") void this.attach(effect.choice, effect.at);
    else if (effect.do === "wake") this.wakeIn(effect.ms);
    else if (effect.do === "say") this.events.onSays(effect.what);
    else if (effect.do === "play") void this.start();
    else if (effect.do === "pause") this.video.pause();
    else this.video.currentTime = this.span.from;
  }

  private wakeIn(ms: number): void {
    clearTimeout(this.alarm);
    this.alarm = window.setTimeout(() => this.send({ is: "wake" }), ms);
  }

  /** Where sound may not start by itself, it starts without. */
  private async start(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if ((error as Error).name !== "NotAllowedError") return; // another source takes its place, or it has failed
      if (this.video.muted) return this.send({ is: "blocked" });
      this.video.muted = true;
      await this.video.play().catch(() => this.send({ is: "blocked" }));
    }
  }

  private async ask(): Promise<void> {
    try {
      this.media = await this.client.momentMedia(this.what.code, this.what.share);
    } catch (error) {
      const refused = error instanceof Refusal && FOR_GOOD.has(error.status);
      return refused ? this.send({ is: "refusal" }) : this.failed();
    }
    this.slow ||= slowConnection();
    this.events.onMedia(this.media);
    this.send({ is: "answer", choices: this.choices(this.media) });
    this.followOn();
  }

  /** How it can be played, the best first. */
  private choices({ mp4_url, hls_url, hls_from_us, light_url, status, tier }: MomentMedia): Choice[] {
    const framed = this.what.shape !== "";
    // Of a clip that is being made, the light file is worth waiting for: what else there is comes slower than it plays.
    const light = light_url ?? (tier !== "rendered" && this.fileAt("light"));
    const mp4: Choice[] = mp4_url ? [{ kind: "mp4", url: this.client.address(mp4_url), from: 0, framed }] : [];
    const from = (hls_from_us ?? 0) / SECOND;
    const hls: Choice[] =
      hls_url && hls_from_us !== null ? [{ kind: "hls", url: this.client.address(hls_url), from, framed }] : [];
    const wide = status === "ready" ? [...mp4, ...hls] : [...hls, ...mp4];
    if (this.slow && light) return [{ kind: "mp4", url: this.client.address(light), from: 0, framed }, ...wide];
    if (!framed) return wide;
    return this.fileThere ? [this.file, ...wide] : wide.length > 0 ? wide : [this.file];
  }

  private get file(): Choice {
    return {
      kind: "mp4",
      url: this.client.address(this.fileAt(this.what.shape)),
      from: 0,
      framed: false,
    };
  }

  private fileAt(profile: string): string {
    return `${mediaHome(this.what.code, this.what.share)}/${profile}.mp4`;
  }

  /** The shape's own file takes the wide picture's place when it is there; where it cannot be made, that stays. */
  private awaitFile(): void {
    const there = () => {
      this.fileThere = true;
      if (!this.slow) this.hear(this.file);
    };
    this.client.fileIsThere(this.file.url, this.stopped.signal).then(there, () => undefined);
  }

  /** Hear of what is being made, as long as something better than what there is may come. */
  private followOn(): void {
    const better = this.media?.tier !== "rendered" || (this.slow && !this.media.light_url);
    if (better && !this.unfollow && !this.stopped.signal.aborted) this.follow();
  }

  /** It waits for more of what plays; when that does not come soon, it may be the connection. */
  private stalls(): void {
    clearTimeout(this.stall);
    if (!this.slow && this.state.wish) this.stall = window.setTimeout(() => this.lighten(), STALL_MS);
  }

  /** From now on the lightest is the best. */
  private lighten(): void {
    if (this.stopped.signal.aborted || this.video.readyState > 2 || !slowConnection()) return;
    this.slow = true;
    this.followOn();
    if (this.media) this.toLighter(this.media);
  }

  private toLighter(media: MomentMedia): void {
    this.send({ is: "slow", choice: this.choices(media)[0]!, at: this.at });
  }

  private follow(): void {
    this.unfollow = this.client.followMedia(
      this.what.code,
      (news) => {
        if (!this.media) return;
        this.media = { ...this.media, ...news };
        this.events.onMedia(this.media);
        if (this.slow && news.light_url) return this.toLighter(this.media);
        const best = this.choices(this.media)[0];
        if (best) this.hear(best);
      },
      this.what.share,
    );
  }

  private hear(choice: Choice): void {
    const untouched = !this.state.wish && this.video.paused && this.video.played.length === 0;
    this.send({ is: "news", choice, untouched, at: this.at });
  }

  private resumed(): void {
    this.rewind();
    this.send({ is: "play" });
  }

  /** After the end, it is played again. */
  private rewind(): void {
    if (this.state.phase === "shown" && outside(this.span, this.video.currentTime) === "after")
      this.video.currentTime = this.span.from;
  }

  private paused(): void {
    const { error, ended, networkState, readyState } = this.video;
    if (ended) return; // that is told by itself
    const now = performance.now();
    const sound = !error && networkState !== HTMLMediaElement.NETWORK_NO_SOURCE && readyState > 0;
    this.send({ is: "pause", now, hand: now - this.touchedAt < HAND_MS, sound });
  }

  private failed(): void {
    this.send({ is: "failure", now: performance.now(), at: this.at });
  }

  /** Where in what plays the clip begins, in seconds. */
  get from(): number {
    return this.state.playing?.from ?? 0;
  }

  private get span(): Span {
    return { from: this.state.playing?.from ?? 0, length: (this.media?.duration_us ?? 0) / SECOND };
  }

  /** Times are told four times a second; the end of a clip is one frame. */
  private everyFrame(): void {
    if (this.stopped.signal.aborted || !("requestVideoFrameCallback" in this.video)) return;
    this.video.requestVideoFrameCallback(() => {
      if (this.state.playing?.kind === "hls") this.keepToClip("timeupdate");
      this.everyFrame();
    });
  }

  private keepToClip(event: "timeupdate" | "seeking" | "ended"): void {
    const { playing, better, phase } = this.state;
    if (phase !== "shown" || !playing || !this.span.length) return;
    const at = this.video.currentTime;
    this.at = within(this.span, at);
    this.events.onTime((this.media?.start_us ?? 0) + this.at * SECOND);
    const past = event === "ended" || outside(this.span, at) === "after";
    if (event === "seeking" && better && !past) return this.send({ is: "seek", at: this.at });
    // What plays without having been wished for was started again at the end: the "play" that rewinds it is on its way.
    const plays = !this.video.paused && this.state.wish;
    if (event === "ended" || (past && plays && (playing.kind === "hls" || better)))
      return this.send({ is: "end", loops: this.video.loop });
    if (past && playing.kind === "hls" && event === "seeking") this.video.currentTime = this.span.from;
    if (outside(this.span, at) === "before") this.video.currentTime = this.span.from;
  }

  /** Have `choice` take the place of what plays, `at` seconds into the clip. */
  private async attach(choice: Choice, at: number): Promise<void> {
    const attempt = ++this.attempt;
    const still = stillOf(this.video);
    this.detach();
    this.events.onFramed(choice.framed);
    const ready = this.shown(choice.from + at, choice.from === 0 && at === 0);
    moveSubtitles(this.video, choice.from);
    this.load(choice, choice.from + at, attempt);
    this.stalls();
    const there = await ready;
    still?.remove();
    if (attempt !== this.attempt) return;
    if (there) this.send({ is: "shown" });
    else this.failed();
  }

  private load(choice: Choice, from: number, attempt: number): void {
    if (choice.kind === "mp4") {
      this.video.preload = this.state.wish ? "auto" : "metadata";
      this.video.src = choice.url;
      this.detach = () => this.video.removeAttribute("src");
      return;
    }
    const onFailure = () => void (attempt === this.attempt && this.failed());
    const attached = attachHls(this.video, choice.url, { from, headers: this.client.headers(), onFailure });
    let gone = false;
    this.detach = () => {
      gone = true;
      void attached.then((detach) => detach()).catch(() => undefined);
    };
    // It may be that the player's own script does not come.
    attached.then(() => void (!gone && this.state.wish && this.start()), onFailure);
  }

  /** Whether the frame at `at` has come, within some patience. */
  private shown(at: number, fromTheStart: boolean): Promise<boolean> {
    const { video } = this;
    const over = new AbortController();
    const signal = AbortSignal.any([this.stopped.signal, over.signal]);
    const seek = () => {
      if (!fromTheStart && Math.abs(video.currentTime - at) > 0.01) video.currentTime = at;
    };
    return new Promise<boolean>((done) => {
      const painted = () => {
        setTimeout(() => done(true), 200); // nothing is painted in a tab that nobody sees
        requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
      };
      video.addEventListener("loadedmetadata", seek, { once: true, signal });
      video.addEventListener(fromTheStart ? "loadeddata" : "seeked", painted, { once: true, signal });
      video.addEventListener("error", () => done(false), { once: true, signal });
      const patience = setTimeout(() => done(false), PATIENCE_MS);
      signal.addEventListener("abort", () => clearTimeout(patience), { once: true });
    }).finally(() => over.abort());
  }
}
