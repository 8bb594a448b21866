// The bar on which a clip is trimmed: filmstrip, waveform, cuts, what is kept back, and the two handles.
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { movedTo, snapped, withEnd, withStart, type BlockedSpan, type Limits, type Span } from "../selection.ts";
import { tileAt, type Tile } from "../storyboard.ts";
import { styled } from "../styled.ts";
import { theme } from "../theme.ts";
import { SECOND, shortTime, spokenTime } from "../times.ts";
import { trimBarStyles } from "./trim-bar-styles.ts";

type Edge = "start" | "end" | "whole";

const MIN_VIEW = 40 * SECOND;
const SNAP_PIXELS = 10;

export class TrimBar extends GroundswellElement {
  @property({ attribute: false }) span: Span = { start: 0, end: 0 };
  @property({ attribute: false }) limits!: Limits;
  @property({ attribute: false }) points: readonly number[] = [];
  @property({ attribute: false }) cuts: readonly number[] = [];
  @property({ attribute: false }) peaks: readonly number[] = [];
  @property({ attribute: false }) tiles: readonly Tile[] = [];
  @property({ attribute: false }) sprite: HTMLImageElement | null = null;
  @property({ attribute: false }) position = 0;
  @property({ type: Boolean }) snap = true;

  @state() private view: Span = { start: 0, end: MIN_VIEW };
  @state() private dragging: Edge | null = null;
  @query(".strip") private strip!: HTMLElement;
  @query("canvas") private canvas!: HTMLCanvasElement;
  private grabbed = 0;
  private sizes = new ResizeObserver(() => this.draw());

  static override styles = [theme, trimBarStyles];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.sizes.observe(this.strip));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  /** Bring the span into view, leaving room at both sides to drag. */
  show(): void {
    const length = Math.min(this.limits.duration, Math.max(MIN_VIEW, (this.span.end - this.span.start) * 2));
    const middle = (this.span.start + this.span.end) / 2;
    this.look(middle - length / 2, length);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.dragging || !(changed.has("span") || changed.has("limits"))) return;
    const { start, end } = this.view;
    const inView = this.span.start >= start && this.span.end <= end;
    if (!inView || changed.get("span")?.end === 0) this.show();
  }

  protected override updated(changed: PropertyValues): void {
    const drawn = ["view", "peaks", "tiles", "sprite", "cuts"];
    if (drawn.some((name) => changed.has(name))) this.draw();
  }

  protected override render(): TemplateResult {
    const { start, end } = this.view;
    const bad = this.limits.blocked.some((part) => part.start < this.span.end && this.span.start < part.end);
    return html`
      <div class="row">
        <button
          class="icon quiet"
          aria-label=${this.say("earlier")}
          ?disabled=${start <= 0}
          @click=${() => this.pan(-1)}
        >
          ${icons.earlier}
        </button>
        <div
          class="strip"
          part="strip"
          @pointerdown=${this.press}
          @pointermove=${this.drag}
          @pointerup=${this.release}
          @pointercancel=${this.release}
        >
          <canvas aria-hidden="true"></canvas>
          ${this.limits.blocked.map((part) =>
            part.end <= start || part.start >= end
              ? nothing
              : html`<div class="blocked" ${styled(this.place(part))}></div>`,
          )}
          <div class="outside before" ${styled({ width: this.percent(this.span.start) })}></div>
          <div class="outside after" ${styled({ width: `calc(100% - ${this.percent(this.span.end)})` })}></div>
          <div class="window ${bad ? "bad" : ""}" data-edge="whole" ${styled(this.place(this.span))}></div>
          ${this.handle("start", bad)} ${this.handle("end", bad)}
          ${
            this.position >= start && this.position <= end
              ? html`<div class="head-line" ${styled({ left: this.percent(this.position) })}></div>`
              : nothing
          }
        </div>
        <button
          class="icon quiet"
          aria-label=${this.say("later")}
          ?disabled=${end >= this.limits.duration}
          @click=${() => this.pan(1)}
        >
          ${icons.later}
        </button>
      </div>
      <div class="scale" aria-hidden="true">
        ${this.marks().map((us) => html`<span ${styled({ left: this.percent(us) })}>${shortTime(us)}</span>`)}
      </div>
      ${
        this.limits.blocked.length > 0
          ? html`<ul class="kept">
              ${this.limits.blocked.map(
                (part) =>
                  html`<li class=${part.end <= start || part.start >= end ? "only-heard" : ""}>
                    <i aria-hidden="true"></i><span>${this.say("blocked_span", this.named(part))}</span>
                  </li>`,
              )}
            </ul>`
          : nothing
      }
    `;
  }

  private named({ start, end, reason }: BlockedSpan): Record<string, string> {
    return { start: shortTime(start), end: shortTime(end), reason: reason || this.say("blocked_unnamed") };
  }

  private handle(edge: "start" | "end", bad: boolean): TemplateResult {
    const us = this.span[edge];
    const first = edge === "start";
    return html`<div
      class="handle ${edge} ${bad ? "bad" : ""}"
      part="handle"
      role="slider"
      tabindex="0"
      data-edge=${edge}
      aria-label=${this.say(first ? "start_of_clip" : "end_of_clip")}
      aria-valuemin=${first ? Math.max(0, this.span.end - this.limits.max) / SECOND : this.span.start / SECOND}
      aria-valuemax=${first ? this.span.end / SECOND : Math.min(this.limits.duration, this.span.start + this.limits.max) / SECOND}
      aria-valuenow=${us / SECOND}
      aria-valuetext=${spokenTime(us, this.say)}
      ${styled({ left: this.percent(us) })}
      @keydown=${(event: KeyboardEvent) => this.key(event, edge)}
    >
      <div class="grip"></div>
    </div>`;
  }

  private key(event: KeyboardEvent, edge: "start" | "end"): void {
    const step = event.shiftKey ? SECOND : this.limits.frame;
    const moves: Record<string, number> = {
      ArrowLeft: -step,
      ArrowDown: -step,
      ArrowRight: step,
      ArrowUp: step,
      PageDown: -5 * SECOND,
      PageUp: 5 * SECOND,
      Home: -this.limits.duration,
      End: this.limits.duration,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.change(edge, this.span[edge] + move, true);
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const target = (event.target as Element).closest<HTMLElement>("[data-edge]");
    const at = this.timeAt(event.clientX);
    if (!target) return this.seek(at);
    event.preventDefault();
    this.strip.setPointerCapture(event.pointerId);
    this.dragging = target.dataset["edge"] as Edge;
    this.grabbed = at - (this.dragging === "end" ? this.span.end : this.span.start);
    target.focus();
  }

  private drag(event: PointerEvent): void {
    if (!this.dragging) return;
    const wanted = this.timeAt(event.clientX) - this.grabbed;
    const reach = ((this.view.end - this.view.start) / this.strip.clientWidth) * SNAP_PIXELS;
    this.change(this.dragging, this.snap ? snapped(wanted, this.points, reach) : wanted, false);
  }

  private release(): void {
    if (!this.dragging) return;
    this.dragging = null;
    this.send("bar-change", { span: this.span, done: true });
  }

  private change(edge: Edge, us: number, done: boolean): void {
    const move = { start: withStart, end: withEnd, whole: movedTo }[edge];
    this.send("bar-change", { span: move(this.span, us, this.limits), done, edge });
  }

  private seek(us: number): void {
    this.send("bar-seek", { us });
  }

  private send(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private pan(direction: number): void {
    const length = this.view.end - this.view.start;
    this.look(this.view.start + (direction * length) / 2, length);
  }

  private look(from: number, length: number): void {
    const start = Math.min(Math.max(0, from), this.limits.duration - length);
    this.view = { start, end: start + length };
  }

  private marks(): number[] {
    const length = this.view.end - this.view.start;
    const step = [5, 10, 15, 30, 60, 120, 300].find((seconds) => length / (seconds * SECOND) <= 7) ?? 600;
    const first = Math.ceil(this.view.start / (step * SECOND));
    const last = Math.floor(this.view.end / (step * SECOND));
    return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step * SECOND);
  }

  private timeAt(clientX: number): number {
    const box = this.strip.getBoundingClientRect();
    return this.view.start + ((clientX - box.left) / box.width) * (this.view.end - this.view.start);
  }

  private percent(us: number): string {
    const ratio = (us - this.view.start) / (this.view.end - this.view.start);
    return `${Math.min(100, Math.max(0, ratio * 100))}%`;
  }

  private place(span: Span): { left: string; right: string } {
    return { left: this.percent(span.start), right: `calc(100% - ${this.percent(span.end)})` };
  }

  private draw(): void {
    const ratio = devicePixelRatio || 1;
    const width = (this.canvas.width = Math.round(this.canvas.clientWidth * ratio));
    const height = (this.canvas.height = Math.round(this.canvas.clientHeight * ratio));
    const brush = this.canvas.getContext("2d");
    if (!brush || width === 0) return;
    this.drawFilm(brush, width, height);
    this.drawWave(brush, width, height);
    this.drawCuts(brush, width, height);
  }

  private drawFilm(brush: CanvasRenderingContext2D, width: number, height: number): void {
    const shape = this.tiles[0];
    if (!this.sprite || !shape) return;
    const tileWidth = (height * shape.width) / shape.height;
    const count = Math.ceil(width / tileWidth);
    for (let index = 0; index < count; index++) {
      const us = this.view.start + (((index + 0.5) * tileWidth) / width) * (this.view.end - this.view.start);
      const tile = tileAt(this.tiles, us);
      if (!tile) continue;
      const into = [index * tileWidth, 0, tileWidth, height] as const;
      brush.drawImage(this.sprite, tile.x, tile.y, tile.width, tile.height, ...into);
    }
  }

  private drawWave(brush: CanvasRenderingContext2D, width: number, height: number): void {
    if (this.peaks.length === 0) return;
    const tall = height * 0.36;
    const shade = brush.createLinearGradient(0, height - tall * 1.3, 0, height);
    shade.addColorStop(0, "rgb(5 6 10 / 0%)");
    shade.addColorStop(1, "rgb(5 6 10 / 88%)");
    brush.fillStyle = shade;
    brush.fillRect(0, height - tall * 1.3, width, tall * 1.3);
    brush.fillStyle = "rgb(245 243 238 / 82%)";
    const bar = 3 * (devicePixelRatio || 1);
    for (let x = 0; x < width; x += bar) {
      const us = this.view.start + (x / width) * (this.view.end - this.view.start);
      const peak = this.peaks[Math.floor((us / this.limits.duration) * this.peaks.length)] ?? 0;
      const up = Math.max(1, peak * tall);
      brush.fillRect(x, height - up, bar * 0.62, up);
    }
  }

  private drawCuts(brush: CanvasRenderingContext2D, width: number, height: number): void {
    brush.fillStyle = "rgb(255 255 255 / 75%)";
    for (const cut of this.cuts) {
      if (cut <= this.view.start || cut >= this.view.end) continue;
      const x = ((cut - this.view.start) / (this.view.end - this.view.start)) * width;
      brush.fillRect(Math.round(x), 0, Math.max(1, devicePixelRatio), height * 0.16);
    }
  }
}

define("gs-trim-bar", TrimBar);
