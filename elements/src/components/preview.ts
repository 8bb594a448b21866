// A mirror of the page's own player: frames are painted from the media element, so that nothing is loaded twice
// and whatever plays (HLS, DASH, a plain file) can be previewed. The chosen span loops while it plays.
import type { FilmWindow } from "../film-window.ts";
import { SECOND } from "../times.ts";
import type { Span } from "../selection.ts";

export class Preview {
  readonly media: HTMLMediaElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly onTime: (us: number) => void;
  /** Where the title does not play: what shows a part of it at a time. */
  private readonly film: FilmWindow | null;
  private frame = 0;
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
    this.frame = requestAnimationFrame(this.tick);
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
    cancelAnimationFrame(this.frame);
    this.pause();
  }

  private tick(): void {
    const { at } = this;
    if (this.playing && at >= this.span.end) this.seek(this.span.start);
    this.onTime(at);
    this.paint();
    this.frame = requestAnimationFrame(this.tick);
  }

  private paint(): void {
    const media = this.media;
    if (!(media instanceof HTMLVideoElement) || media.readyState < 2 || media.videoWidth === 0) return;
    if (this.canvas.width !== media.videoWidth) this.canvas.width = media.videoWidth;
    if (this.canvas.height !== media.videoHeight) this.canvas.height = media.videoHeight;
    this.canvas.getContext("2d")?.drawImage(media, 0, 0);
  }
}
