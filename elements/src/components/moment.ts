// <gs-moment>: plays one moment, at once and ever better. It takes over the plain <video> inside it, which works without
// any script; where there is none, it makes one.
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { mediaHome } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { Playback } from "../player/playback.ts";
import { focusAt } from "../player/span.ts";
import type { Says } from "../player/state.ts";
import { onWatched } from "../player/watch.ts";
import type { Framed } from "../api.ts";
import { theme } from "../theme.ts";

const RETRY_MS = 2000;
const RETRIES = 15;

export class MomentPlayer extends GroundswellElement {
  /** Code of the moment. */
  @property() code = "";
  /** Token of the share by which the viewer came. */
  @property() share = "";
  /** Ticket of the visit, where the page that the player stands on was served with one; else the player asks for one. */
  @property() visit = "";
  /** Where the moment stands in its series ("S1E2"), when it may spoil something for this viewer. */
  @property({ reflect: true }) spoiler: string | null = null;
  /** The shape in which to play it ("vertical", "square"); empty for the best there is of the whole picture. */
  @property() shape = "";
  /** Start by itself, without sound, unless the viewer prefers less motion. */
  @property({ type: Boolean }) autoplay = false;

  /** What is shown of the wide picture while it is being chosen, instead of what was chosen before. */
  @property({ attribute: false }) framing: readonly Framed[] | null = null;

  @state() private says: Says = "playable";
  @state() private silent = false;
  private reported = false;
  private chosen: readonly Framed[] | null = null;
  /** What is shown where nobody chose: see `plan`. */
  private planned: readonly Framed[] | null = null;
  private plannedFor = "";
  private playback: Playback | null = null;
  private unwatch: () => void = () => undefined;

  static override styles = [
    theme,
    css`
      :host {
        display: block;
        position: relative;
        overflow: hidden;
        background: #000;
      }
      ::slotted([slot="line"]) {
        position: absolute;
        inset-inline: 1rem;
        inset-block-end: 2.4rem;
        block-size: 1.75rem;
        pointer-events: none;
      }
      /* In a small picture subtitles are where the line would be: it lies along the edge, below them. */
      @media (max-width: 40rem) {
        ::slotted([slot="line"]) {
          inset-inline: 0;
          inset-block-end: 0;
          block-size: 0.6rem;
        }
      }
      ::slotted(video) {
        display: block;
        inline-size: 100%;
        block-size: 100%;
        object-fit: cover;
      }
      :host([playing]) ::slotted(video) {
        object-fit: contain;
      }
      :host([framed]) ::slotted(video),
      :host([cropped]) ::slotted(video) {
        object-fit: var(--gs-fit, cover);
        object-position: var(--gs-frame-at, 50%) 50%;
      }
      :host([spoiler]) ::slotted(video) {
        filter: blur(2.2rem) brightness(0.55);
        transform: scale(1.12);
        pointer-events: none;
      }
      .over {
        position: absolute;
        inset: 0;
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 0.8rem;
        padding: 1rem;
        text-align: center;
      }
      .over svg {
        inline-size: 2rem;
        block-size: 2rem;
      }
      .over .show svg {
        inline-size: 1.25em;
        block-size: 1.25em;
      }
      .sound {
        position: absolute;
        inset-block-start: 0.9rem;
        inset-inline-start: 0.9rem;
        background: rgb(10 11 17 / 80%);
        color: #fff;
      }
      .end {
        background: rgb(5 6 10 / 72%);
      }
      .over > button {
        color: #fff;
        background: rgb(28 31 42 / 92%);
      }
      .over > button.primary {
        color: var(--_accent-ink);
        background: var(--_accent);
      }
      .busy {
        place-content: end center;
        padding-block-end: 1.4rem;
        pointer-events: none;
      }
      .status {
        padding: 0.5em 1em;
        border-radius: 999px;
        background: rgb(10 11 17 / 82%);
        color: #fff;
      }
    `,
  ];

  private get video(): HTMLVideoElement | null {
    return this.querySelector("video");
  }

  override firstUpdated(): void {
    const video = this.video ?? this.makeVideo();
    void this.seekPoster(video);
    video.addEventListener("playing", () => this.playing());
    video.addEventListener("volumechange", () => (this.silent = video.muted && !video.paused));
    video.addEventListener("play", () => (this.silent = video.muted));
    if (this.spoiler === null) this.begin();
    else [video.controls, video.inert] = [false, true];
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("shape") && this.playback) this.begin(true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.playback?.stop();
    this.playback = null;
    this.unwatch();
  }

  private makeVideo(): HTMLVideoElement {
    const video = document.createElement("video");
    const poster = this.client.address(`${mediaHome(this.code, this.share)}/poster.jpg`);
    Object.assign(video, { controls: true, muted: true, playsInline: true, loop: true, preload: "none", poster });
    this.append(video);
    return video;
  }

  private begin(again = false): void {
    if (!this.video) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.playback?.stop();
    this.playback = new Playback(
      this.video,
      this.client,
      { code: this.code, share: this.share, shape: this.shape },
      {
        onSays: (what) => this.hear(what),
        onMedia: (media) => {
          this.chosen = media.framing;
          this.tell("gs-media", { media });
        },
        onTime: (us) => this.frame(us),
        onFramed: (framed) => {
          this.toggleAttribute("framed", framed);
          if (framed) void this.plan();
        },
      },
    );
    this.playback.begin((this.autoplay || again) && !calm);
  }

  /** In a frame, the part of the picture that was chosen for the shot. */
  private frame(us: number): void {
    const focus = focusAt(this.framing ?? this.chosen ?? this.planned, us);
    this.style.setProperty("--gs-fit", focus === null ? "contain" : "cover");
    this.style.setProperty("--gs-frame-at", `${100 * (focus ?? 0.5)}%`);
  }

  /** Where nobody chose, ask what the clip will show in this shape, so that its frame shows that from now on. */
  private async plan(): Promise<void> {
    const { code, share, shape } = this;
    if (this.chosen || this.plannedFor === shape) return;
    [this.planned, this.plannedFor] = [null, shape];
    const framing = await this.client.framing(code, share, shape).catch(() => null); // else the middle, for now
    if (this.plannedFor === shape) [this.planned, this.plannedFor] = [framing, framing ? shape : ""];
  }

  private hear(what: Says): void {
    this.says = what;
    this.toggleAttribute("over", what === "over");
  }

  /** Play it, from the beginning when it is over, and again when it was given up. */
  play(): void {
    this.playback?.play();
    void this.video?.play().catch(() => undefined);
  }

  /** How far into the clip it is, in seconds. */
  get at(): number {
    return Math.max(0, (this.video?.currentTime ?? 0) - (this.playback?.from ?? 0));
  }

  /** Show the frame at a time of the clip, in seconds. */
  look(at: number, us: number): void {
    if (this.video) this.video.currentTime = at + (this.playback?.from ?? 0);
    this.frame(us);
  }

  private reveal(): void {
    const video = this.video;
    this.spoiler = null;
    if (!video) return;
    [video.controls, video.inert] = [true, false];
    video.focus();
    this.begin();
  }

  private playing(): void {
    this.toggleAttribute("playing", true);
    this.hear("playable");
    if (this.video && this.spoiler === null) this.video.controls = true;
    this.silent = this.video?.muted ?? false;
    if (this.reported) return;
    this.reported = true;
    if (this.video) void this.report(this.video).catch(() => undefined);
  }

  /** Report the play when enough of it has been watched, with the ticket of the visit that it belongs to. */
  private async report(video: HTMLVideoElement): Promise<void> {
    const share = this.share || null;
    const visit = this.visit || (await this.client.visit(this.code, share));
    this.unwatch = onWatched(video, (watched) => this.client.played(this.code, share, visit, watched));
  }

  /** Its picture may still be in the making: ask again for a while. */
  private async seekPoster(video: HTMLVideoElement): Promise<void> {
    const address = video.poster;
    if (!address) return;
    for (let tries = 0; tries < RETRIES; tries++) {
      const picture = new Image();
      picture.src = tries === 0 ? address : `${address}?again=${tries}`;
      try {
        await picture.decode();
        if (tries > 0) video.poster = picture.src;
        return;
      } catch {
        await new Promise((wake) => setTimeout(wake, RETRY_MS));
      }
    }
  }

  private unmute(): void {
    if (this.video) this.video.muted = false;
  }

  protected override render(): TemplateResult {
    return html`<slot></slot>${this.spoiler === null ? html`<slot name="line"></slot>` : nothing}
      ${
        this.spoiler !== null
          ? html`<div class="over">
              ${icons.hidden}
              <p>${this.say("spoiler_words")}</p>
              <button class="show primary" @click=${this.reveal}>
                ${this.say("show_anyway", { place: this.spoiler })}
              </button>
            </div>`
          : nothing
      }
      ${
        this.silent && this.says === "playable" && this.spoiler === null
          ? html`<button class="sound" @click=${this.unmute}>${icons.sound}${this.say("sound_on")}</button>`
          : nothing
      }
      ${
        this.says === "waiting"
          ? html`<div class="over busy"><p class="status" role="status">${this.say("clip_playing")}</p></div>`
          : nothing
      }
      ${this.says === "doubtful" || this.says === "refused" ? this.renderFailure() : nothing}
      ${this.says === "over" ? this.renderEnd() : nothing}`;
  }

  private renderFailure(): TemplateResult {
    return html`<div class="over">
      <p class="status" role="status">${this.say("clip_unavailable")}</p>
      <button @click=${this.play}>${this.say("retry")}</button>
    </div>`;
  }

  /** What stands there at the end: the page may put what to do next beside it. */
  private renderEnd(): TemplateResult {
    return html`<div class="over end">
      <slot name="end"></slot>
      <button @click=${this.play}>${icons.undo}${this.say("replay")}</button>
    </div>`;
  }
}

define("gs-moment", MomentPlayer);
