// <gs-trimmer>: choose a span of what is playing, give it words, save it. Nothing exists until it is saved.
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { newKey, type Line, type Moment, type Title } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { hindrance } from "../hindrance.ts";
import { icons } from "../icons.ts";
import { around, initialSpan, snapped, snapPoints, withEnd, withStart, type Limits, type Span } from "../selection.ts";
import { parseStoryboard, type Tile } from "../storyboard.ts";
import { theme } from "../theme.ts";
import { SECOND, shortTime, spokenTime } from "../times.ts";
import { Preview } from "./preview.ts";
import { trimmerStyles } from "./trimmer-styles.ts";
import "./time-field.ts";
import "./trim-bar.ts";

const CAPTION_MAX = 500;
const SNAP_REACH = 400_000;

export class Trimmer extends GroundswellElement {
  /** The player: whatever plays the title. */
  @property({ attribute: false }) media: HTMLMediaElement | null = null;
  /** Slug or id of the title that plays. */
  @property({ attribute: "title-slug" }) titleSlug = "";

  @state() private film: Title | null = null;
  @state() private span: Span = { start: 0, end: 0 };
  @state() private past: Span[] = [];
  @state() private position = 0;
  @state() private playing = false;
  @state() private snap = true;
  @state() private saving = false;
  @state() private caption = "";
  @state() private trouble = "";
  @state() private peaks: readonly number[] = [];
  @state() private tiles: readonly Tile[] = [];
  @state() private sprite: HTMLImageElement | null = null;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("canvas.mirror") private mirror!: HTMLCanvasElement;
  @query("form") private form!: HTMLFormElement;
  private preview: Preview | null = null;
  private points: readonly number[] = [];
  private returnTo = 0;
  private dragFrom: Span | null = null;
  private saveKey = newKey();

  static override styles = [theme, trimmerStyles];

  /** Open with the last fifteen seconds chosen. */
  async open(media = this.media, titleSlug = this.titleSlug): Promise<void> {
    if (!media || !titleSlug) throw new Error("gs-trimmer needs a media element and a title");
    [this.media, this.titleSlug] = [media, titleSlug];
    this.returnTo = media.currentTime;
    media.pause();
    await this.updateComplete;
    this.dialog.showModal();
    this.preview = new Preview(media, this.mirror, (us) => this.tick(us));
    if (this.film?.slug !== titleSlug) await this.load();
    else this.begin(this.film);
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
  }

  private async load(): Promise<void> {
    this.trouble = "";
    try {
      this.film = await this.client.title(this.titleSlug);
      this.begin(this.film);
      await Promise.all([this.loadFilm(this.film), this.loadWave(this.film)]);
    } catch (error) {
      this.trouble = this.denied(error);
    }
  }

  private begin(title: Title): void {
    this.points = snapPoints(title.shots, title.lines);
    this.past = [];
    this.trouble = "";
    this.saveKey = newKey();
    this.take(initialSpan(this.returnTo * SECOND, this.limits), false);
    this.preview?.seek(this.span.start);
  }

  private async loadFilm(title: Title): Promise<void> {
    if (!title.storyboardUrl || !title.storyboardVttUrl) return;
    const sprite = new Image();
    sprite.src = this.client.address(title.storyboardUrl);
    const vtt = await this.client.text(title.storyboardVttUrl).catch(() => "");
    await sprite.decode().catch(() => undefined);
    [this.tiles, this.sprite] = [parseStoryboard(vtt), sprite];
  }

  private async loadWave(title: Title): Promise<void> {
    if (title.waveformUrl) this.peaks = await this.client.waveform(title.waveformUrl).catch(() => []);
  }

  private get limits(): Limits {
    const { duration = 0, frame = 40_000, min = 0, max = 0, blocked = [], clipped = [], remaining = null } = this.film ?? {};
    return { duration, frame, min: Math.min(min, duration), max: Math.min(max, duration), blocked, clipped, remaining };
  }

  private tick(us: number): void {
    const playing = this.preview?.playing ?? false;
    if (Math.abs(us - this.position) >= 20_000) this.position = us;
    if (playing !== this.playing) this.playing = playing;
  }

  private take(span: Span, remember = true): void {
    if (remember && this.film) this.past = [...this.past.slice(-49), this.span];
    this.span = span;
    if (this.preview) this.preview.span = span;
    this.tell("gs-clip-change", { start_us: span.start, end_us: span.end });
  }

  private barChange(event: CustomEvent<{ span: Span; done: boolean; edge?: string }>): void {
    const { span, done, edge } = event.detail;
    this.dragFrom ??= this.span;
    const moved = span.start !== this.span.start || span.end !== this.span.end;
    if (moved) this.take(span, false);
    if (moved && !this.playing) this.preview?.seek(edge === "end" ? span.end - this.limits.frame : span.start);
    if (!done) return;
    if (this.dragFrom.start !== span.start || this.dragFrom.end !== span.end) this.past = [...this.past, this.dragFrom];
    this.dragFrom = null;
  }

  private setEdge(edge: "start" | "end", us: number, snap: boolean): void {
    const wanted = snap && this.snap ? snapped(us, this.points, SNAP_REACH) : us;
    this.take((edge === "start" ? withStart : withEnd)(this.span, wanted, this.limits));
    this.preview?.seek(edge === "start" ? this.span.start : this.span.end - this.limits.frame);
  }

  private setHere(edge: "start" | "end"): void {
    const here = this.position;
    const { start, end } = this.span;
    // Beyond the other edge, the clip is moved along rather than refused.
    if (edge === "start" && here >= end) this.take(around({ start: here, end: here + end - start }, this.limits));
    else if (edge === "end" && here <= start) this.take(around({ start: here - (end - start), end: here }, this.limits));
    else this.setEdge(edge, here, true);
  }

  private clipLine(line: Line, event: MouseEvent): void {
    const wanted = event.shiftKey
      ? { start: Math.min(line.start, this.span.start), end: Math.max(line.end, this.span.end) }
      : line;
    this.take(around(wanted, this.limits));
    this.preview?.seek(this.span.start);
  }

  private undo(): void {
    const last = this.past.at(-1);
    if (!last) return;
    const rest = this.past.slice(0, -1);
    this.take(last, false);
    this.past = rest;
  }

  private togglePlay(): void {
    if (this.playing) this.preview?.pause();
    else void this.preview?.play();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.composedPath()[0])) return;
    const acts: Record<string, () => void> = {
      i: () => this.setHere("start"),
      o: () => this.setHere("end"),
      u: () => this.undo(),
      " ": () => this.togglePlay(),
    };
    const act = acts[event.key.toLowerCase()];
    const onButton = (event.composedPath()[0] as Element)?.matches?.("button, summary, select, input");
    if (!act || (event.key === " " && onButton)) return;
    event.preventDefault();
    act();
  }

  private get hindrance(): string {
    return this.film ? hindrance(this.film, this.span, this.limits, this.say) : "";
  }

  private async save(event: Event): Promise<void> {
    event.preventDefault();
    if (this.saving || !this.film || this.hindrance) return;
    this.saving = true;
    this.trouble = "";
    const form = new FormData(this.form);
    try {
      const moment = await this.client.createMoment(
        {
          title: this.film.slug,
          start_us: this.span.start,
          end_us: this.span.end,
          caption: this.caption.trim(),
          visibility: String(form.get("visibility")),
          spoiler: form.has("spoiler"),
          credit_me: form.has("credit"),
        },
        this.saveKey,
      );
      this.saved(moment);
    } catch (error) {
      this.trouble = this.denied(error);
      this.saveKey = newKey();
    } finally {
      this.saving = false;
    }
  }

  private saved(moment: Moment): void {
    this.caption = "";
    this.form.reset();
    this.close();
    this.tell("gs-clip-created", { moment });
  }

  private closed(): void {
    this.preview?.stop();
    this.preview = null;
    if (this.media) this.media.currentTime = this.returnTo;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("span") && this.film) {
      const chosen = this.renderRoot.querySelector('.line[aria-pressed="true"]');
      if (!chosen) return;
      const list = chosen.closest("ol");
      const top = (chosen as HTMLElement).offsetTop - (list?.offsetTop ?? 0);
      list?.scrollTo({ top: Math.max(0, top - 48) });
    }
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="heading" @close=${this.closed} @keydown=${this.key}>
      <form method="dialog" @submit=${this.save}>
        <div class="head">
          <h2 id="heading">${this.say("trim_heading")}${this.film ? html` <span>${this.film.name}</span>` : nothing}</h2>
          <button type="button" class="icon quiet" aria-label=${this.say("close")} @click=${this.close}>${icons.close}</button>
        </div>
        <div class="scene">${this.renderPreview()} ${this.renderTranscript()}</div>
        ${this.film ? this.renderTrim() : html`<p class="note wait" role="status">${this.trouble ? "" : this.say("loading")}</p>`}
        ${this.film ? this.renderWords() : nothing} ${this.renderFoot()}
      </form>
    </dialog>`;
  }

  private renderPreview(): TemplateResult {
    const said = this.film?.lines.find((line) => line.start <= this.position && this.position < line.end);
    return html`<div class="preview" part="preview">
      <canvas class="mirror" aria-hidden="true" width="16" height="9" @click=${this.togglePlay}></canvas>
      ${said ? html`<p class="said" aria-hidden="true"><span>${said.text}</span></p>` : nothing}
      <button type="button" class="icon play" aria-label=${this.say(this.playing ? "pause_preview" : "play_preview")}
        @click=${this.togglePlay}>
        ${this.playing ? icons.pause : icons.play}
      </button>
    </div>`;
  }

  private renderTranscript(): TemplateResult | typeof nothing {
    if (!this.film) return nothing;
    if (this.film.lines.length === 0) return html`<p class="note none">${this.say("no_transcript")}</p>`;
    return html`<section class="transcript" aria-labelledby="said">
      <h3 id="said">${this.say("transcript")}</h3>
      <p class="note">${this.say("transcript_hint")}</p>
      <ol tabindex="-1">
        ${this.film.lines.map((line) => {
          const inside = line.start < this.span.end && this.span.start < line.end;
          return html`<li>
            <button type="button" class="line" aria-pressed=${inside ? "true" : "false"}
              @click=${(event: MouseEvent) => this.clipLine(line, event)}>
              <time>${shortTime(line.start)}</time><span>${line.text}</span>
            </button>
          </li>`;
        })}
      </ol>
    </section>`;
  }

  private renderTrim(): TemplateResult {
    const { limits } = this;
    const length = this.span.end - this.span.start;
    return html`<section class="trim">
      <gs-trim-bar exportparts="strip, handle" .api=${this.api} .span=${this.span} .limits=${limits} .points=${this.points}
        .cuts=${this.film?.shots.map((shot) => shot.start) ?? []} .peaks=${this.peaks} .tiles=${this.tiles}
        .sprite=${this.sprite} .position=${this.position} .snap=${this.snap}
        @bar-change=${this.barChange} @bar-seek=${(event: CustomEvent<{ us: number }>) => this.preview?.seek(event.detail.us)}>
      </gs-trim-bar>
      <div class="edges">
        ${this.renderEdge("start")}
        <div class="middle">
          <p class="length" role="status">${this.say("length", { length: spokenTime(length, this.say) })}</p>
          <p class="note">${this.say("length_rule", { min: limits.min / SECOND, max: limits.max / SECOND })}</p>
          <div class="tools">
            <label class="check"><input type="checkbox" .checked=${this.snap}
              @change=${(event: Event) => (this.snap = (event.target as HTMLInputElement).checked)} />${this.say("snap")}</label>
            <button type="button" class="quiet" ?disabled=${this.past.length === 0} @click=${this.undo}>${icons.undo}${this.say("undo")}</button>
          </div>
        </div>
        ${this.renderEdge("end")}
      </div>
    </section>`;
  }

  private renderEdge(edge: "start" | "end"): TemplateResult {
    const first = edge === "start";
    return html`<div class="edge">
      <gs-time-field .label=${this.say(first ? "start" : "end")} .value=${this.span[edge]} .frame=${this.limits.frame}
        @time-change=${(event: CustomEvent<{ us: number }>) => this.setEdge(edge, event.detail.us, false)}></gs-time-field>
      <button type="button" class="outline" @click=${() => this.setHere(edge)}>
        ${first ? icons.setStart : icons.setEnd}${this.say(first ? "set_start" : "set_end")}
      </button>
    </div>`;
  }

  private renderWords(): TemplateResult {
    return html`<section class="words">
      <div class="field">
        <label for="caption">${this.say("caption")}</label>
        <textarea id="caption" name="caption" rows="2" maxlength=${CAPTION_MAX} placeholder=${this.say("caption_hint")}
          .value=${this.caption} @input=${(event: Event) => (this.caption = (event.target as HTMLTextAreaElement).value)}></textarea>
        ${this.caption.length > CAPTION_MAX - 100
          ? html`<span class="note" role="status">${this.say("caption_left", { count: CAPTION_MAX - this.caption.length })}</span>`
          : nothing}
      </div>
      <div class="field">
        <label for="visibility">${this.say("visibility")}</label>
        <select id="visibility" name="visibility">
          ${(["unlisted", "public", "private"] as const).map((kind) => html`<option value=${kind}>${this.say(kind)}</option>`)}
        </select>
      </div>
      <div class="checks">
        <label class="check"><input type="checkbox" name="spoiler" />${this.say("spoiler")}</label>
        <label class="check"><input type="checkbox" name="credit" checked />${this.say("credit")}</label>
      </div>
    </section>`;
  }

  private renderFoot(): TemplateResult {
    const why = this.trouble || this.hindrance;
    const remaining = this.film?.remaining;
    const close = remaining != null && remaining < 2 * this.limits.max;
    return html`<div class="foot">
      <div class="why" aria-live="polite">
        ${why ? html`<p class="refusal" part="refusal">${why}</p>` : nothing}
        ${!why && close ? html`<p class="note">${this.say("remaining", { seconds: Math.floor(remaining / SECOND) })}</p>` : nothing}
      </div>
      ${this.film
        ? html`<button type="button" class="quiet" @click=${this.close}>${this.say("cancel")}</button>
            <button type="submit" class="primary" part="save" ?disabled=${this.saving || this.hindrance !== ""}>
              ${this.say(this.saving ? "saving" : "save")}
            </button>`
        : html`<button type="button" class="outline" ?hidden=${!this.trouble} @click=${this.load}>${this.say("retry")}</button>`}
    </div>`;
  }
}

function typing(target: EventTarget | undefined): boolean {
  return target instanceof Element && target.matches('input:not([type="checkbox"]), textarea, select');
}

define("gs-trimmer", Trimmer);
