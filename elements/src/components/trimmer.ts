// <gs-trimmer>: choose a span of what is playing, give it words, save it. Nothing exists until it is saved.
import { html, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { newKey, Refusal, type Moment } from "../api.ts";
import { draftOf, dropDraft, keepDraft } from "../draft.ts";
import { define, GroundswellElement } from "../element.ts";
import type { FilmWindow } from "../film-window.ts";
import { hindrance } from "../hindrance.ts";
import { icons } from "../icons.ts";
import { part } from "../parts.ts";
import { around, openingSpan, snapped, snapPoints, withEnd, withStart, type Limits, type Span } from "../selection.ts";
import { parseStoryboard, type Tile } from "../storyboard.ts";
import { theme } from "../theme.ts";
import type { Title } from "../title.ts";
import { SECOND, spokenTime } from "../times.ts";
import { SILENT, type Words } from "../words.ts";
import { Preview } from "./preview.ts";
import { trimmerStyles } from "./trimmer-styles.ts";
import "./trim-bar.ts";

const SNAP_REACH = 400_000;

export class Trimmer extends GroundswellElement {
  /** The player: whatever plays the title. */
  @property({ attribute: false }) media: HTMLMediaElement | null = null;
  /** Slug or id of the title that plays. */
  @property({ attribute: "title-slug" }) titleSlug = "";
  /** The language in which the transcript is wished for (BCP 47). */
  @property() captions: string | null = null;

  @state() private film: Title | null = null;
  @state() private span: Span = { start: 0, end: 0 };
  @state() private past: Span[] = [];
  @state() private position = 0;
  @state() private playing = false;
  @state() private snap = true;
  @state() private saving = false;
  @state() private words: Words = SILENT;
  /** The moment that is trimmed anew; none when a new one is made. */
  @state() private moment: Moment | null = null;
  @state() private trouble = "";
  @state() private peaks: readonly number[] = [];
  @state() private tiles: readonly Tile[] = [];
  @state() private sprite: HTMLImageElement | null = null;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("canvas.mirror") private mirror!: HTMLCanvasElement;
  private preview: Preview | null = null;
  private points: readonly number[] = [];
  private returnTo = 0;
  private dragFrom: Span | null = null;
  private saveKey = newKey();
  private wasPlaying = false;
  private done = false;
  private inHistory = false;
  /** What was done so far is worth keeping: words, or edges that were moved. */
  private touched = false;
  @state() private restored = false;
  private readonly left = () => this.dialog.open && this.close();

  static override styles = [theme, trimmerStyles];

  /** Open with the last fifteen seconds chosen, or with the span of a moment that is to be trimmed anew. */
  async open(
    media = this.media,
    titleSlug = this.titleSlug,
    moment: Moment | null = null,
    film: FilmWindow | null = null,
  ): Promise<void> {
    if (!media || !titleSlug) throw new Error("gs-trimmer needs a media element and a title");
    [this.media, this.titleSlug, this.moment] = [media, titleSlug, moment];
    this.words = moment ?? SILENT;
    [this.returnTo, this.wasPlaying] = [media.currentTime, !media.paused];
    media.pause();
    await this.updateComplete;
    this.dialog.showModal();
    this.enterHistory();
    this.preview = new Preview(media, this.mirror, (us) => this.tick(us), film);
    if (this.film?.slug !== titleSlug) await this.load();
    else this.begin(this.film);
  }

  /** Say why something cannot be seen or done. */
  note(error: unknown): void {
    this.trouble = this.denied(error);
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
  }

  /** Let the film go on if it did before. */
  resume(): void {
    if (this.wasPlaying) void this.media?.play().catch(() => undefined);
    this.wasPlaying = false;
  }

  /** Back closes the trimmer rather than leave the page. */
  private enterHistory(): void {
    history.pushState({ gsTrimmer: true }, "");
    this.inHistory = true;
    addEventListener("popstate", this.left);
  }

  private leaveHistory(goesElsewhere: boolean): void {
    removeEventListener("popstate", this.left);
    const there = this.inHistory && history.state?.gsTrimmer;
    this.inHistory = false;
    if (!there) return;
    if (goesElsewhere) history.replaceState(null, "");
    else history.back();
  }

  private async load(): Promise<void> {
    this.trouble = "";
    try {
      const here = this.moment ? this.moment.end_us : this.returnTo * SECOND;
      const asked = this.client.title(this.titleSlug, this.captions, here);
      await part(() => import("./trimmer-parts.ts"));
      this.film = await asked;
      this.begin(this.film);
      await Promise.all([this.loadFilm(this.film), this.loadWave(this.film)]);
    } catch (error) {
      this.trouble = this.denied(error);
    }
  }

  private begin(title: Title): void {
    this.points = snapPoints(title.shots, title.lines, title.sentenceEnds);
    this.past = [];
    this.trouble = "";
    this.saveKey = newKey();
    const { moment, limits } = this;
    const draft = moment ? null : draftOf(title.slug);
    [this.touched, this.restored] = [draft !== null, draft !== null];
    if (draft) this.words = draft.words;
    const cuts = title.shots.map((shot) => shot.start);
    const fresh = () => openingSpan(this.returnTo * SECOND, limits, this.points, cuts);
    this.take(moment ? { start: moment.start_us, end: moment.end_us } : (draft?.span ?? fresh()), false);
    this.preview?.seek(this.span.start);
  }

  /** Drop what was kept and begin with the last fifteen seconds. */
  private startOver(): void {
    if (!this.film) return;
    dropDraft(this.film.slug);
    this.words = SILENT;
    this.begin(this.film);
  }

  private keep(): void {
    const { caption, spoiler, visibility, credit_me } = this.words;
    this.touched ||= caption !== "" || spoiler || visibility !== SILENT.visibility || !credit_me;
    if (this.film && !this.moment && this.touched)
      keepDraft(this.film.slug, { span: this.span, words: { caption, spoiler, visibility, credit_me } });
  }

  private async loadFilm(title: Title): Promise<void> {
    if (!title.storyboardUrl || !title.storyboardVttUrl) return;
    const sprite = new Image();
    const { storyboardUrl, storyboardVttUrl } = title;
    const [picture, vtt] = await Promise.all([
      this.client.picture(storyboardUrl).catch(() => ""),
      this.client.text(storyboardVttUrl).catch(() => ""),
    ]);
    if (!picture) return;
    sprite.src = picture;
    await sprite.decode().catch(() => undefined);
    URL.revokeObjectURL(picture);
    [this.tiles, this.sprite] = [parseStoryboard(vtt), sprite];
  }

  private async loadWave(title: Title): Promise<void> {
    if (title.waveformUrl) this.peaks = await this.client.waveform(title.waveformUrl).catch(() => []);
  }

  private get limits(): Limits {
    const {
      duration = 0,
      frame = 40_000,
      min = 0,
      max = 0,
      blocked = [],
      clipped = [],
      remaining = null,
    } = this.film ?? {};
    return { duration, frame, min: Math.min(min, duration), max: Math.min(max, duration), blocked, clipped, remaining };
  }

  private tick(us: number): void {
    const playing = this.preview?.playing ?? false;
    if (Math.abs(us - this.position) >= 20_000) this.position = us;
    if (playing !== this.playing) this.playing = playing;
  }

  private take(span: Span, remember = true): void {
    if (remember && this.film) this.past = [...this.past.slice(-49), this.span];
    this.touched ||= remember;
    this.span = span;
    this.keep();
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
    this.touched = true;
    this.keep();
    if (this.dragFrom.start !== span.start || this.dragFrom.end !== span.end) this.past = [...this.past, this.dragFrom];
    this.dragFrom = null;
  }

  private setEdge(edge: "start" | "end", us: number, snap: boolean): void {
    const wanted = snap && this.snap ? snapped(us, this.points, SNAP_REACH) : us;
    this.take((edge === "start" ? withStart : withEnd)(this.span, wanted, this.limits));
    this.preview?.seek(edge === "start" ? this.span.start : this.span.end - this.limits.frame);
  }

  private setHere(edge: "start" | "end"): void {
    const here = this.preview?.at ?? this.position; // what is shown may lag a frame behind
    const { start, end } = this.span;
    // Beyond the other edge, the clip is moved along rather than refused.
    if (edge === "start" && here >= end) this.take(around({ start: here, end: here + end - start }, this.limits));
    else if (edge === "end" && here <= start)
      this.take(around({ start: here - (end - start), end: here }, this.limits));
    else this.setEdge(edge, here, true);
  }

  private pickLine({ detail: { span, add } }: CustomEvent<{ span: Span; add: boolean }>): void {
    const { start, end } = this.span;
    this.take(around(add ? { start: Math.min(span.start, start), end: Math.max(span.end, end) } : span, this.limits));
    this.preview?.seek(this.span.start);
  }

  private wordsChange(event: CustomEvent<{ words: Words }>): void {
    this.words = event.detail.words;
    this.keep();
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
    try {
      this.saved(await this.send(this.film));
    } catch (error) {
      this.trouble = this.denied(error);
      if (error instanceof Refusal) this.saveKey = newKey(); // else it may have been saved: the same key asks again
    } finally {
      this.saving = false;
    }
  }

  private send(film: Title): Promise<Moment> {
    const { caption, visibility, spoiler, credit_me } = this.words;
    const wanted = {
      start_us: this.span.start,
      end_us: this.span.end,
      caption: caption.trim(),
      visibility,
      spoiler,
      credit_me,
    };
    return this.moment
      ? this.client.changeMoment(this.moment.id, wanted)
      : this.client.createMoment({ title: film.slug, ...wanted }, this.saveKey);
  }

  private saved(moment: Moment): void {
    this.words = SILENT;
    this.touched = false;
    if (this.film) dropDraft(this.film.slug);
    this.leaveHistory(this.moment !== null);
    this.done = true;
    this.close();
    this.tell(this.moment ? "gs-clip-edited" : "gs-clip-created", { moment });
  }

  private closed(): void {
    this.preview?.stop();
    this.preview = null;
    this.leaveHistory(false);
    if (this.media) this.media.currentTime = this.returnTo;
    if (!this.done) this.resume(); // else when the link has been sent
    this.done = false;
  }

  protected override render(): TemplateResult {
    return html`<dialog dir=${this.direction} aria-labelledby="heading" @close=${this.closed} @keydown=${this.key}>
      <form method="dialog" @submit=${this.save}>
        <div class="head">
          <h2 id="heading">
            ${this.say(this.moment ? "retrim_heading" : "trim_heading")}${this.film ? html` <span>${this.film.name}</span>` : nothing}
          </h2>
          <button type="button" class="icon quiet" aria-label=${this.say("close")} @click=${this.close}>
            ${icons.close}
          </button>
        </div>
        <div class="scene">
          ${this.renderPreview()}
          ${
            this.film
              ? html`<gs-transcript
                  .lines=${this.film.lines}
                  .suggestions=${this.film.suggestions}
                  .span=${this.span}
                  @line-pick=${this.pickLine}
                ></gs-transcript>`
              : nothing
          }
        </div>
        ${this.restored ? this.renderDraft() : nothing}
        ${this.film ? this.renderTrim() : html`<p class="note wait" role="status">${this.trouble ? "" : this.say("loading")}</p>`}
        ${
          this.film
            ? html`<gs-moment-words .words=${this.words} @words-change=${this.wordsChange}></gs-moment-words>`
            : nothing
        }
        ${this.renderFoot()}
      </form>
    </dialog>`;
  }

  private renderDraft(): TemplateResult {
    return html`<p class="draft note" role="status">
      ${this.say("draft_back")}
      <button type="button" class="quiet" @click=${this.startOver}>${icons.undo}${this.say("draft_drop")}</button>
    </p>`;
  }

  private renderPreview(): TemplateResult {
    const said = this.film?.lines.find((line) => line.start <= this.position && this.position < line.end);
    return html`<div class="preview" part="preview">
      <canvas class="mirror" aria-hidden="true" width="16" height="9" @click=${this.togglePlay}></canvas>
      ${said ? html`<p class="said" aria-hidden="true" dir="auto"><span>${said.text}</span></p>` : nothing}
      <button
        type="button"
        class="icon play"
        aria-label=${this.say(this.playing ? "pause_preview" : "play_preview")}
        @click=${this.togglePlay}
      >
        ${this.playing ? icons.pause : icons.play}
      </button>
    </div>`;
  }

  private renderTrim(): TemplateResult {
    const { limits } = this;
    const length = this.span.end - this.span.start;
    return html`<section class="trim">
      <gs-trim-bar
        exportparts="strip, handle"
        .api=${this.api}
        .span=${this.span}
        .limits=${limits}
        .points=${this.points}
        .cuts=${this.film?.shots.map((shot) => shot.start) ?? []}
        .peaks=${this.peaks}
        .tiles=${this.tiles}
        .sprite=${this.sprite}
        .position=${this.position}
        .snap=${this.snap}
        @bar-change=${this.barChange}
        @bar-seek=${(event: CustomEvent<{ us: number }>) => this.preview?.seek(event.detail.us)}
      >
      </gs-trim-bar>
      <div class="edges">
        ${this.renderEdge("start")}
        <div class="middle">
          <p class="length" role="status">${this.say("length", { length: spokenTime(length, this.say) })}</p>
          <p class="note">${this.say("length_rule", { min: limits.min / SECOND, max: limits.max / SECOND })}</p>
          <div class="tools">
            <label class="check"
              ><input
                type="checkbox"
                .checked=${this.snap}
                @change=${(event: Event) => (this.snap = (event.target as HTMLInputElement).checked)}
              />${this.say("snap")}</label
            >
            <button type="button" class="quiet" ?disabled=${this.past.length === 0} @click=${this.undo}>
              ${icons.undo}${this.say("undo")}
            </button>
          </div>
        </div>
        ${this.renderEdge("end")}
      </div>
    </section>`;
  }

  private renderEdge(edge: "start" | "end"): TemplateResult {
    const first = edge === "start";
    return html`<div class="edge">
      <gs-time-field
        .label=${this.say(first ? "start" : "end")}
        .value=${this.span[edge]}
        .frame=${this.limits.frame}
        @time-change=${(event: CustomEvent<{ us: number }>) => this.setEdge(edge, event.detail.us, false)}
      ></gs-time-field>
      <button type="button" class="outline" @click=${() => this.setHere(edge)}>
        ${first ? icons.setStart : icons.setEnd}${this.say(first ? "set_start" : "set_end")}
      </button>
    </div>`;
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
      ${
        this.film
          ? html`<button type="button" class="quiet" @click=${this.close}>${this.say("cancel")}</button>
              <button type="submit" class="primary" part="save" ?disabled=${this.saving || this.hindrance !== ""}>
                ${this.say(this.saving ? "saving" : this.moment ? "save_changes" : "save")}
              </button>`
          : html`<button type="button" class="outline" ?hidden=${!this.trouble} @click=${this.load}>
              ${this.say("retry")}
            </button>`
      }
    </div>`;
  }
}

function typing(target: EventTarget | undefined): boolean {
  return target instanceof Element && target.matches('input:not([type="checkbox"]), textarea, select');
}

define("gs-trimmer", Trimmer);
