// <gs-moment>: plays one moment, at once and ever better. It takes over the plain <video> inside it, which works without
// any script; where there is none, it makes one.
import { css, html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { Playback } from "../player/playback.ts";
import { theme } from "../theme.ts";

const RETRY_MS = 2000;
const RETRIES = 15;

export class MomentPlayer extends GroundswellElement {
  /** Code of the moment. */
  @property() code = "";
  /** Token of the share by which the viewer came. */
  @property() share = "";
  /** Where the moment stands in its series ("S1E2"), when it may spoil something for this viewer. */
  @property({ reflect: true }) spoiler: string | null = null;
  /** The shape in which to play it ("vertical", "square"); empty for the best there is of the whole picture. */
  @property() shape = "";
  /** Start by itself, without sound, unless the viewer prefers less motion. */
  @property({ type: Boolean }) autoplay = false;

  @state() private waiting = false;
  @state() private broken = false;
  @state() private silent = false;
  private reported = false;
  private playback: Playback | null = null;

  static override styles = [
    theme,
    css`
      :host {
        display: block;
        position: relative;
        overflow: hidden;
        background: #000;
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
        backdrop-filter: blur(8px);
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

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.playback?.stop();
    this.playback = null;
  }

  private makeVideo(): HTMLVideoElement {
    const video = document.createElement("video");
    const poster = this.client.address(`/m/${this.code}/poster.jpg`);
    Object.assign(video, { controls: true, muted: true, playsInline: true, loop: true, preload: "none", poster });
    this.append(video);
    return video;
  }

  private begin(): void {
    if (!this.video) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.playback?.stop();
    this.playback = new Playback(this.video, this.client, this.code, this.shape, {
      onWaiting: (waiting) => (this.waiting = waiting),
      onBroken: () => ([this.waiting, this.broken] = [false, true]),
      onMedia: (media) => this.tell("gs-media", { media }),
    });
    void this.playback.begin(this.autoplay && !calm);
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
    [this.waiting, this.broken] = [false, false];
    if (this.video && this.spoiler === null) this.video.controls = true;
    this.silent = this.video?.muted ?? false;
    if (this.reported) return;
    this.reported = true;
    this.client.played(this.code, this.share || null);
  }

  /** Its picture may still be in the making: ask again for a while. */
  private async seekPoster(video: HTMLVideoElement): Promise<void> {
    const address = video.poster;
    for (let tries = 0; address && tries < RETRIES; tries++) {
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
    return html`<slot></slot>
      ${this.spoiler !== null
        ? html`<div class="over">
            ${icons.hidden}
            <p>${this.say("spoiler_words")}</p>
            <button class="show primary" @click=${this.reveal}>${this.say("show_anyway", { place: this.spoiler })}</button>
          </div>`
        : nothing}
      ${this.silent && !this.waiting && this.spoiler === null
        ? html`<button class="sound" @click=${this.unmute}>${icons.sound}${this.say("sound_on")}</button>`
        : nothing}
      ${this.waiting || this.broken
        ? html`<div class="over busy"><p class="status" role="status">${this.say(this.broken ? "clip_unavailable" : "clip_playing")}</p></div>`
        : nothing}`;
  }
}

define("gs-moment", MomentPlayer);
