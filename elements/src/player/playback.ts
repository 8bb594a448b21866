// Plays the best there is of one moment, and takes the next better one at the next loop or seek: virtual HLS at once,
// exact HLS or MP4 a second later. The picture stands still meanwhile, so nothing flashes.
import type { Client, MomentMedia } from "../api.ts";
import { SECOND } from "../times.ts";
import { attachHls } from "./hls.ts";
import { moveSubtitles, outside, within, type Span } from "./span.ts";
import { stillOf } from "./still.ts";

const RETRY_MS = 2000;
const RETRIES = 15;

/** What is playing, or will be: an MP4, or HLS from `from` seconds on. */
interface Choice {
  readonly kind: "mp4" | "hls";
  readonly url: string;
  readonly from: number;
}

export interface PlaybackEvents {
  /** There is something to wait for before it plays (or there was). */
  onWaiting(waiting: boolean): void;
  /** It cannot be played. */
  onBroken(): void;
  /** More of it is ready. */
  onMedia(media: MomentMedia): void;
}

export class Playback {
  private readonly video: HTMLVideoElement;
  private readonly client: Client;
  private readonly code: string;
  private readonly shape: string;
  private readonly events: PlaybackEvents;
  private media: MomentMedia | null = null;
  private playing: Choice | null = null;
  private better: Choice | null = null;
  private detach: () => void = () => undefined;
  private unfollow: () => void = () => undefined;
  private wanted = false;
  private swapping = false;
  private tries = 0;
  private stopped = new AbortController();

  /** With a `shape`, that rendition is played, and nothing before it is there. */
  constructor(video: HTMLVideoElement, client: Client, code: string, shape: string, events: PlaybackEvents) {
    [this.video, this.client, this.code, this.shape, this.events] = [video, client, code, shape, events];
  }

  /** Get ready; `play` at once, where the browser lets us. */
  async begin(play: boolean): Promise<void> {
    this.wanted = play;
    const { signal } = this.stopped;
    this.video.removeAttribute("src");
    this.video.querySelectorAll("source").forEach((source) => source.remove());
    for (const name of ["timeupdate", "seeking", "ended", "pause"] as const)
      this.video.addEventListener(name, () => this.keepToClip(name), { signal });
    this.video.addEventListener("play", () => (this.wanted = true), { signal });
    this.video.addEventListener("pause", () => !this.swapping && (this.wanted = false), { signal });
    this.video.addEventListener("error", () => this.playing?.kind === "mp4" && this.failed(), { signal });
    this.everyFrame();
    await this.look();
  }

  /** Times are told four times a second; the end of a clip is one frame. */
  private everyFrame(): void {
    if (this.stopped.signal.aborted || !("requestVideoFrameCallback" in this.video)) return;
    this.video.requestVideoFrameCallback(() => {
      if (this.playing?.kind === "hls") this.keepToClip("timeupdate");
      this.everyFrame();
    });
  }

  stop(): void {
    this.stopped.abort();
    this.unfollow();
    this.detach();
  }

  private async look(): Promise<void> {
    try {
      this.media = await this.client.momentMedia(this.code);
    } catch {
      return this.failed();
    }
    if (this.stopped.signal.aborted) return;
    this.events.onMedia(this.media);
    const choice = this.best(this.media);
    if (choice) await this.change(choice, 0);
    else this.events.onBroken();
    if (this.media.tier !== "rendered" && !this.shape) this.follow();
  }

  private best(media: MomentMedia): Choice | null {
    const { mp4_url, hls_url, hls_from_us, status } = media;
    if (this.shape) return { kind: "mp4", url: this.client.address(`/m/${this.code}/${this.shape}.mp4`), from: 0 };
    const mp4: Choice | null = mp4_url ? { kind: "mp4", url: this.client.address(mp4_url), from: 0 } : null;
    if (status === "ready" || !hls_url || hls_from_us === null) return mp4;
    return { kind: "hls", url: this.client.address(hls_url), from: hls_from_us / SECOND };
  }

  private follow(): void {
    this.unfollow = this.client.followMedia(this.code, (news) => {
      if (!this.media) return;
      const exactNow = this.media.tier === "virtual" && news.tier === "exact";
      this.media = { ...this.media, ...news, hls_from_us: exactNow ? 0 : this.media.hls_from_us };
      this.events.onMedia(this.media);
      const best = this.best(this.media);
      const same = best?.kind === this.playing?.kind && (best?.kind === "mp4" || best?.from === this.playing?.from);
      this.better = same ? null : best;
      if (this.better && this.untouched) void this.change(this.better, 0);
    });
  }

  /** Nothing has been shown of it: what is better can take its place at once. */
  private get untouched(): boolean {
    return !this.wanted && this.video.paused && !this.video.played.length;
  }

  private get span(): Span {
    return { from: this.playing?.from ?? 0, length: (this.media?.duration_us ?? 0) / SECOND };
  }

  private keepToClip(event: "timeupdate" | "seeking" | "ended" | "pause"): void {
    if (this.swapping || !this.playing || !this.span.length) return;
    const at = this.video.currentTime;
    const past = event === "ended" || outside(this.span, at) === "after";
    if (past && (this.playing.kind === "hls" || this.better)) return this.atTheEnd();
    if (event === "seeking" && this.better) return void this.change(this.better, within(this.span, at));
    if (outside(this.span, at) === "before") this.video.currentTime = this.span.from;
  }

  private atTheEnd(): void {
    if (this.better) return void this.change(this.better, 0, this.video.loop && this.wanted);
    if (this.video.loop && this.wanted) this.video.currentTime = this.span.from;
    else if (!this.video.paused) this.video.pause();
  }

  /** Have `choice` take the place of what plays, `at` seconds into the clip. */
  private async change(choice: Choice, at: number, play = this.wanted): Promise<void> {
    [this.swapping, this.better, this.wanted] = [true, null, play];
    const still = this.playing ? stillOf(this.video) : null;
    this.detach();
    this.playing = choice;
    this.events.onWaiting(!still);
    const ready = this.shown(choice.from + at, choice.from === 0 && at === 0);
    moveSubtitles(this.video, choice.from);
    await this.attach(choice, choice.from + at);
    if (play) void this.video.play().catch(() => undefined);
    await ready;
    still?.remove();
    this.swapping = false;
    this.events.onWaiting(false);
  }

  private async attach(choice: Choice, from: number): Promise<void> {
    if (choice.kind === "mp4") {
      this.video.preload = this.wanted ? "auto" : "metadata";
      this.video.src = choice.url;
      this.detach = () => this.video.removeAttribute("src");
      return;
    }
    const options = { from, headers: this.client.headers(), onFailure: () => this.withoutHls() };
    this.detach = await attachHls(this.video, choice.url, options);
    if (this.stopped.signal.aborted) this.detach();
  }

  /** When the frame at `at` is there. */
  private shown(at: number, fromTheStart: boolean): Promise<void> {
    return new Promise((done) => {
      const { signal } = this.stopped;
      const seek = () => {
        if (!fromTheStart && Math.abs(this.video.currentTime - at) > 0.01) this.video.currentTime = at;
      };
      this.video.addEventListener("loadedmetadata", seek, { once: true, signal });
      const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => done()));
      this.video.addEventListener(fromTheStart ? "loadeddata" : "seeked", painted, { once: true, signal });
      this.video.addEventListener("error", () => done(), { once: true, signal });
    });
  }

  /** HLS does not play here: the MP4 does, when it is ready. */
  private withoutHls(): void {
    if (!this.media || this.playing?.kind !== "hls") return;
    this.media = { ...this.media, hls_url: null };
    const mp4 = this.best(this.media);
    if (mp4) void this.change(mp4, 0);
    else this.events.onBroken();
  }

  /** It may still be in the making: ask again for a while before giving up. */
  private failed(): void {
    if (this.tries++ >= RETRIES) return this.events.onBroken();
    this.events.onWaiting(true);
    setTimeout(() => {
      if (this.stopped.signal.aborted) return;
      if (!this.media) return void this.look();
      this.video.load();
      if (this.wanted) void this.video.play().catch(() => undefined);
    }, RETRY_MS);
  }
}
