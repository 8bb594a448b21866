// <gs-clip-button>: beside any player. Opens the trimmer on what plays; once saved, makes a link and opens the sheet.
import { css, html, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { shownLanguage, type Player } from "../adapters/player.ts";
import type { Moment } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { theme } from "../theme.ts";
import { SECOND } from "../times.ts";
import type { ShareSheet } from "./share-sheet.ts";
import type { Trimmer } from "./trimmer.ts";
import "./share-sheet.ts";
import "./trimmer.ts";

export class ClipButton extends GroundswellElement {
  /** The id of the media element, when `media` is not set from script. */
  @property() for = "";
  @property({ attribute: false }) media: HTMLMediaElement | null = null;
  /** Slug or id of the title that plays. */
  @property({ attribute: "title-slug" }) titleSlug = "";
  /** The player around the media element, when it is one of `adapters`; says in which language subtitles are on. */
  @property({ attribute: false }) player: Player | null = null;

  @state() private busy = false;
  /** Why nothing of this title may be clipped; empty when it may. */
  @state() private refusal = "";
  @query("gs-trimmer") private trimmer!: Trimmer;
  @query("gs-share-sheet") private sheet!: ShareSheet;

  static override styles = [
    theme,
    css`
      :host {
        display: inline-block;
      }
      .clip {
        min-block-size: 3rem;
        padding-inline: 1.4em;
        background: var(--_accent);
        color: var(--_accent-ink);
      }
      .clip:hover:not([disabled]) {
        background: var(--_accent-strong);
      }
    `,
  ];

  /** The element that plays. */
  get playing(): HTMLMediaElement | null {
    const known = this.media ?? this.player?.media ?? null;
    if (known) return known;
    const root = this.getRootNode() as Document | ShadowRoot;
    const found = this.for ? root.getElementById(this.for) : null;
    return found instanceof HTMLMediaElement ? found : null;
  }

  /** Begin a clip of what plays now. */
  async start(): Promise<void> {
    const media = this.playing;
    if (!media || this.busy || this.refusal) return;
    const wanted = this.tell("gs-clip-start", { title: this.titleSlug, at_us: Math.round(media.currentTime * SECOND) });
    if (!wanted) return;
    this.busy = true;
    this.trimmer.captions = this.player?.captions() ?? shownLanguage(media);
    try {
      await this.trimmer.open(media, this.titleSlug);
    } finally {
      this.busy = false;
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.askRights());
  }

  /** What may not be clipped says so before anybody tries. Who cannot be asked is not refused. */
  private async askRights(): Promise<void> {
    if (!this.titleSlug) return;
    try {
      const title = await this.client.title(this.titleSlug);
      this.refusal = title.sharing ? "" : title.sharingWords || this.say("sharing_off");
    } catch {
      this.refusal = "";
    }
  }

  private created(event: CustomEvent<{ moment: Moment }>): void {
    // The page hears of it after us and may take over from here by preventing the default.
    queueMicrotask(() => {
      if (event.defaultPrevented) return this.trimmer.resume();
      void this.sheet.open(event.detail.moment, null, true);
    });
  }

  protected override render(): TemplateResult {
    return html`<button
        class="clip"
        part="button"
        title=${this.refusal || this.say("clip_hint")}
        ?disabled=${this.busy || this.refusal !== ""}
        @click=${this.start}
      >
        ${icons.clip}<span>${this.say(this.refusal ? "clip_off" : "clip")}</span>
      </button>
      ${this.refusal ? html`<p class="note" role="note">${this.refusal}</p>` : nothing}
      <gs-trimmer
        .api=${this.api}
        .token=${this.token || this.getAttribute("token") || ""}
        exportparts="preview, strip, handle, save, refusal"
        @gs-clip-created=${this.created}
      ></gs-trimmer>
      <gs-share-sheet
        .api=${this.api}
        .token=${this.token || this.getAttribute("token") || ""}
        exportparts="sheet, channel, copy, save-video"
        @gs-sheet-closed=${() => this.trimmer.resume()}
      ></gs-share-sheet>`;
  }
}

define("gs-clip-button", ClipButton);
