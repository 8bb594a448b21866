// A mirror of the page's own player: frames are painted from the media element, so that nothing is loaded twice
// and whatever plays (HLS, DASH, a plain file) can be previewed. The chosen span loops while it plays. A picture that
// stands still is painted once: a loop that goes on behind it would keep a processor busy for as long as it is open.
import type { FilmWindow } from "../film-window.ts";
import { SECOND } from "../times.ts";
import type { Span } from "../selection.ts";

/** After these a media element may be somewhere else, or show something else. */
const MOVES = ["play", "pause", "seeking", "seeked", "timeupdate", "loadeddata"] as const;

export class Preview {
  readonly media: HTMLMediaElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly onTime: (us: number) => void;
  /** Where the title does not play: what shows a part of it at a time. */
  private readonly film: FilmWindow | null;
  private frame = 0;
  private picture = 0;
  /** What is painted is not what the media element shows. */
  private stale = true;
  span: Span = { start: 0, end: 0 };

  constructor(
    media: HTMLMediaElement,
    canvas: HTMLCanvasElement,
    onTime: (us: number) => void,
    film: FilmWindow | null = null,
  ) {
    this.media = media;
    this.canvas = canvas;
    this.onTime = onTime;
    this.film = film;
    this.tick = this.tick.bind(this);
    this.moved = this.moved.bind(this);
    for (const move of MOVES) media.addEventListener(move, this.moved);
    this.follow();
    this.moved();
  }

  get playing(): boolean {
    return !this.media.paused;
  }

  /** Where it is, in microseconds. */
  get at(): number {
    return this.offset + Math.round(this.media.currentTime * SECOND);
  }

  seek(us: number): void {
    if (this.film && !(this.film.holds(us) && this.film.holds(this.span.start))) void this.film.show(this.span, us);
    else this.media.currentTime = Math.max(0, us - this.offset) / SECOND;
  }

  private get offset(): number {
    return this.film?.offset ?? 0;
  }

  async play(): Promise<void> {
    const { at } = this;
    if (at < this.span.start || at >= this.span.end - 50_000) this.seek(this.span.start);
    await this.media.play().catch(() => undefined);
  }

  pause(): void {
    this.media.pause();
  }

  stop(): void {
    for (const move of MOVES) this.media.removeEventListener(move, this.moved);
    cancelAnimationFrame(this.frame);
    if (this.video && this.picture) this.video.cancelVideoFrameCallback(this.picture);
    this.pause();
  }

  /** The media element, if it says when it shows another picture. */
  private get video(): HTMLVideoElement | null {
    const { media } = this;
    return media instanceof HTMLVideoElement && "requestVideoFrameCallback" in media ? media : null;
  }

  /** Be told of the next picture: after a seek it comes later than the event. */
  private follow(): void {
    this.picture =
      this.video?.requestVideoFrameCallback(() => {
        this.follow();
        this.moved();
      }) ?? 0;
  }

  private moved(): void {
    this.stale = true;
    this.frame ||= requestAnimationFrame(this.tick);
  }

  private tick(): void {
    const { at } = this;
    if (this.playing && at >= this.span.end) this.seek(this.span.start);
    this.onTime(at);
    if (this.stale || !this.video) this.paint();
    this.frame = this.playing ? requestAnimationFrame(this.tick) : 0;
  }

  private paint(): void {
    const media = this.media;
    if (!(media instanceof HTMLVideoElement) || media.readyState < 2 || media.videoWidth === 0) return;
    if (this.canvas.width !== media.videoWidth) this.canvas.width = media.videoWidth;
    if (this.canvas.height !== media.videoHeight) this.canvas.height = media.videoHeight;
    this.canvas.getContext("2d")?.drawImage(media, 0, 0);
    this.stale = false;
  }
}
