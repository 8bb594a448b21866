// What may be seen of a title around a span, for trimming a moment where the title itself does not play: the service
// gives some seconds at a time, and plays each from zero. Times are those of the title, in microseconds.
import type { Client } from "./api.ts";
import type { Span } from "./selection.ts";
import { SECOND } from "./times.ts";

export class FilmWindow {
  readonly media = document.createElement("video");
  private readonly client: Client;
  private readonly moment: string;
  private readonly refused: (error: unknown) => void;
  private shown: Span = { start: 0, end: 0 };
  private asked = 0;

  constructor(client: Client, moment: string, refused: (error: unknown) => void = () => undefined) {
    [this.client, this.moment, this.refused] = [client, moment, refused];
    Object.assign(this.media, { preload: "auto", playsInline: true });
  }

  /** Where the picture's time begins in the title. */
  get offset(): number {
    return this.shown.start;
  }

  holds(us: number): boolean {
    return this.shown.start <= us && us < this.shown.end;
  }

  /** See to it that `span` can be seen, and show it at `us`. Of several wishes at once, the last counts. */
  async show(span: Span, us: number): Promise<void> {
    const mine = ++this.asked;
    await new Promise((wake) => setTimeout(wake, 250)); // handles are dragged: ask when they rest
    if (mine !== this.asked) return;
    try {
      const window = await this.client.openWindow(this.moment, span);
      await this.client.fileIsThere(this.client.address(window.url));
      if (mine !== this.asked) return;
      this.shown = { start: window.start_us, end: window.end_us };
      this.media.src = this.client.address(window.url);
      this.media.currentTime = Math.max(0, us - this.offset) / SECOND;
    } catch (error) {
      this.refused(error);
    }
  }
}
