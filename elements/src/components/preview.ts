// A mirror of the page's own player: frames are painted from the media element, so that nothing is loaded twice
// and whatever plays (HLS, DASH, a plain file) can be previewed. The chosen span loops while it plays.
import { SECOND } from "../times.ts";
import type { Span } from "../selection.ts";

export class Preview {
  readonly media: HTMLMediaElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly onTime: (us: number) => void;
  private frame = 0;
  span: Span = { start: 0, end: 0 };

  constructor(media: HTMLMediaElement, canvas: HTMLCanvasElement, onTime: (us: number) => void) {
    this.media = media;
    this.canvas = canvas;
    this.onTime = onTime;
    this.tick = this.tick.bind(this);
    this.frame = requestAnimationFrame(this.tick);
  }

  get playing(): boolean {
    return !this.media.paused;
  }

  /** Where it is, in microseconds. */
  get at(): number {
    return Math.round(this.media.currentTime * SECOND);
  }

  seek(us: number): void {
    this.media.currentTime = Math.max(0, us) / SECOND;
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
