// <gs-share-sheet>: send a moment somewhere. The link is made before the sheet opens, so that copying and the
// system's own share run inside the viewer's gesture. Every channel gets a link of its own.
import { html, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import type { Framed, MediaNews, Moment, MomentMedia, Share, ShareOptions } from "../api.ts";
import { channels, type Channel } from "../channels.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { Links } from "../links.ts";
import type { Span } from "../selection.ts";
import { SECOND } from "../times.ts";
import { part } from "../parts.ts";
import { styled } from "../styled.ts";
import { theme } from "../theme.ts";
import { shareSheetStyles } from "./share-sheet-styles.ts";
import type { MomentPlayer } from "./moment.ts";
import "./moment.ts";

type Shareable = Pick<Moment, "code"> & Partial<Moment>;
type Panel = "" | "qr" | "embed" | "options";
const COPIED_FOR_MS = 2500;

export class ShareSheet extends GroundswellElement {
  /** Code of the moment to share, for `open()` without arguments. */
  @property() moment = "";
  /** Token of the share by which the viewer came here: the new share is its child. */
  @property() parent = "";
  /** Whoever shares has no account: links of theirs cannot be changed afterwards. */
  @property({ type: Boolean }) guest = false;

  @state() private subject: Shareable | null = null;
  @state() private share: Share | null = null;
  @state() private fresh = false;
  @state() private panel: Panel = "";
  @state() private said = "";
  @state() private copied = "";
  @state() private trouble = "";
  @state() private options: ShareOptions = {};
  /** The channel picked last, where one posts a file rather than a link. */
  @state() private fileFor: { share: Share; channel: Channel } | null = null;
  /** What the upright shapes show, shot by shot; null: chosen by itself. */
  @state() private framing: readonly Framed[] | null = null;
  /** What they show by themselves, where that is known. */
  @state() private planned: readonly Framed[] | null = null;
  @state() private shots: readonly Span[] = [];
  @state() private media: MediaNews | null = null;
  /** The address of the file that is being made, to be saved. */
  @state() private fetching = "";
  @query("dialog") private dialog!: HTMLDialogElement;
  private links = new Links(this.client, "", null);
  private stopFollowing: (() => void) | null = null;

  static override styles = [theme, shareSheetStyles];

  /** Make the link, then open. `fresh` says that the moment was saved just now. */
  async open(
    moment: Shareable = { code: this.moment },
    parent: string | null = this.parent || null,
    fresh = false,
  ): Promise<void> {
    [this.subject, this.fresh, this.parent] = [moment, fresh, parent ?? ""];
    [this.panel, this.said, this.copied, this.trouble] = ["", "", "", ""];
    [this.share, this.fileFor, this.media, this.options] = [null, null, moment.media ?? null, {}];
    this.shots = [];
    this.links = new Links(this.client, moment.code, parent);
    [this.framing, this.planned] = [moment.framing ?? null, null];
    await this.prepare();
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
    this.follow(moment);
  }

  /** Make the link that is shown at first; again after it failed. */
  private async prepare(): Promise<void> {
    if (this.subject?.visibility !== "private") this.share = await this.make("copy");
  }

  close(): void {
    this.dialog.close();
  }

  private follow({ id, media }: Shareable): void {
    if (this.fresh || !id || !media || media.status === "ready") return; // the player of a fresh one follows it
    this.stopFollowing = this.client.followMedia(id, (change) => (this.media = change));
  }

  /** The link of a channel; null after saying what went wrong. */
  private async make(channel: string): Promise<Share | null> {
    this.trouble = "";
    try {
      return await this.links.of(channel);
    } catch (error) {
      this.trouble = this.denied(error);
      return null;
    }
  }

  private async change(change: ShareOptions, options: ShareOptions): Promise<void> {
    const reshaped = options.shape !== this.options.shape;
    this.options = options;
    if (reshaped) void this.plan();
    if (options.shape !== "wide") void this.loadShots();
    try {
      await this.links.change(change);
      this.share = this.links.known(this.share?.channel ?? "copy") ?? this.share;
      this.said = this.say("options_saved");
    } catch (error) {
      this.trouble = this.denied(error);
    }
  }

  /** Ask what the clip shows by itself in its shape: there the sliders stand until one moves them. */
  private async plan(): Promise<void> {
    const { subject } = this;
    const shape = this.options.shape ?? "wide";
    this.planned = null;
    if (!subject?.code || !this.movable) return;
    const planned = await this.client.framing(subject.code, "", shape).catch(() => []);
    if (this.subject === subject && this.options.shape === shape) this.planned = planned;
  }

  /** Whether the frame is for whoever has opened the sheet to move: the clip is theirs, and no longer wide. */
  private get movable(): boolean {
    return (this.options.shape ?? "wide") !== "wide" && this.subject?.note != null;
  }

  /** The shots of the clip, of which its maker may move the frame. */
  private async loadShots(): Promise<void> {
    const { title, start_us: start = 0, end_us: end = 0 } = this.subject ?? {};
    if (!title || this.shots.length > 0) return;
    const shots = await this.client.title(title.slug).then(
      (film) => film.shots,
      () => [],
    );
    const inside = shots.filter((shot) => shot.start < end && shot.end > start);
    this.shots = inside.map((shot) => ({ start: Math.max(start, shot.start), end: Math.min(end, shot.end) }));
  }

  private async crop(
    event: CustomEvent<{ framing: readonly Framed[] | null; shot: Span | null; done: boolean }>,
  ): Promise<void> {
    const { framing, shot, done } = event.detail;
    this.framing = framing;
    const start = this.subject?.start_us ?? 0;
    await this.updateComplete;
    if (shot) this.renderRoot.querySelector<MomentPlayer>("gs-moment")?.look((shot.start - start) / SECOND, shot.start);
    if (!done || !this.subject?.id) return;
    try {
      await this.client.changeMoment(this.subject.id, { framing });
      this.said = this.say("options_saved");
    } catch (error) {
      this.trouble = this.denied(error);
    }
  }

  private async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.said = this.say("copied");
    } catch {
      const field = this.renderRoot.querySelector<HTMLInputElement>(what === "link" ? "#link" : "#code");
      field?.select();
      this.said = this.say("copied_manual");
    }
    this.copied = what;
    setTimeout(() => (this.copied = ""), COPIED_FOR_MS);
  }

  private async copyLink(): Promise<void> {
    const share = await this.make("copy");
    if (!share) return;
    this.point(share);
    await this.copy(share.url, "link");
    this.tell("gs-clip-shared", { share, channel: "copy" });
  }

  /** The sheet speaks of one link at a time: what was said of another is over. */
  private point(share: Share): void {
    [this.share, this.fileFor, this.said] = [share, null, ""];
  }

  private async send(channel: Channel): Promise<void> {
    // A page is opened at once, inside the gesture, and goes to its address when the link is there. An app that takes
    // mail or messages is opened by the page we are on.
    const tab = channel.opens === "page" ? window.open("about:blank", "_blank") : null;
    const share = await this.make(channel.key);
    if (!share || !this.tell("gs-clip-shared", { share, channel: channel.key })) return tab?.close();
    this.point(share);
    if (share.intent_url && tab) {
      tab.opener = null;
      tab.location.href = share.intent_url;
    } else if (share.intent_url && channel.opens === "app") {
      window.location.assign(share.intent_url);
    } else {
      return this.paste(share, channel, tab);
    }
    this.said = this.say("opened", { channel: this.named(channel) });
  }

  /** No address to open (Instagram, TikTok, Discord): the link goes to the clipboard, to be pasted there. */
  private async paste(share: Share, channel: Channel, tab: Window | null): Promise<void> {
    tab?.close();
    await this.updateComplete;
    await this.copy(share.url, "link");
    this.said = this.say("paste_in", { channel: this.named(channel) });
    this.fileFor = { share, channel };
  }

  /** The system's own share sheet opens only within the gesture: it takes whichever link is there by now. */
  private async system(): Promise<void> {
    const share = this.links.known("native") ?? this.share;
    if (!share) return;
    try {
      await navigator.share({ url: share.url, ...(this.subject?.title ? { title: this.subject.title.name } : {}) });
      this.tell("gs-clip-shared", { share, channel: "native" });
    } catch (error) {
      if ((error as Error).name !== "AbortError") this.trouble = this.denied(error);
    }
  }

  private async show(panel: Exclude<Panel, "">): Promise<void> {
    this.panel = this.panel === panel ? "" : panel;
    // How a link is shown is asked by few: that part is loaded for those who do.
    if (this.panel === "options") await part(() => import("./share-options.ts")).catch((error) => this.denied(error));
    else if (this.panel) await this.make(panel);
    this.requestUpdate();
    await this.updateComplete;
    this.renderRoot.querySelector(".panel, gs-share-options")?.scrollIntoView({ block: "nearest" });
  }

  private closed(): void {
    this.stopFollowing?.();
    this.stopFollowing = null;
    this.dispatchEvent(new CustomEvent("gs-sheet-closed"));
  }

  private named(channel: Channel): string {
    return channel.key === "email" || channel.key === "sms" ? this.say(channel.key) : channel.name;
  }

  protected override render(): TemplateResult {
    return html`<dialog dir=${this.direction} aria-labelledby="heading" @close=${this.closed}>
      <div class="sheet" part="sheet">
        <div class="head">
          <h2 id="heading">${this.say(this.fresh ? "saved_heading" : "share_heading")}</h2>
          <button class="icon quiet" aria-label=${this.say("close")} @click=${this.close}>${icons.close}</button>
        </div>
        ${this.fresh && this.subject?.code ? this.renderClip(this.subject.code) : nothing}
        ${this.trouble ? this.renderTrouble(this.trouble) : nothing}
        ${this.subject?.visibility === "private" ? html`<p class="note">${this.say("private_note")}</p>` : nothing}
        ${this.share ? [this.renderLink(this.share), this.renderChannels(), this.renderMore(this.share), this.renderPanel()] : nothing}
        <p class="only-heard" aria-live="polite">${this.said}</p>
      </div>
    </dialog>`;
  }

  private renderTrouble(words: string): TemplateResult {
    const again = html`<button class="outline" @click=${this.prepare}>${this.say("retry")}</button>`;
    return html`<p class="refusal" role="alert">${words}</p>
      ${this.share ? nothing : again}`;
  }

  /** What was saved just now plays at once, and gets better while one looks for somebody to send it to. */
  private renderClip(code: string): TemplateResult {
    const shape = this.options.shape ?? "wide";
    return html`<gs-moment
      class="saved"
      part="clip"
      code=${code}
      shape=${shape === "wide" || this.framing ? "" : shape}
      data-shape=${shape}
      ?cropped=${shape !== "wide" && this.framing !== null}
      .framing=${this.framing}
      api=${this.api}
      .token=${this.token}
      autoplay
      @gs-media=${(event: CustomEvent<{ media: MomentMedia }>) => (this.media = event.detail.media)}
    ></gs-moment>`;
  }

  private renderLink(share: Share): TemplateResult {
    return html`<div class="link">
        <label for="link" class="only-heard">${this.say("link")}</label>
        <input
          id="link"
          type="text"
          readonly
          .value=${share.url}
          @focus=${(event: Event) => (event.target as HTMLInputElement).select()}
        />
        <button class="primary" part="copy" autofocus @click=${this.copyLink}>
          ${this.copied === "link" ? icons.check : icons.copy}${this.say(this.copied === "link" ? "copied" : "copy")}
        </button>
      </div>
      ${this.said && this.said !== this.say("copied") ? html`<p class="note" aria-hidden="true">${this.said}</p>` : nothing}
      ${this.fileFor ? this.renderFileFor(this.fileFor) : nothing}`;
  }

  private renderFileFor({ share, channel }: { share: Share; channel: Channel }): TemplateResult {
    return html`<div class="file">${this.saving(share, this.say("save_for", { channel: this.named(channel) }))}</div>`;
  }

  private renderChannels(): TemplateResult {
    return html`<h3>${this.say("channels")}</h3>
      <ul class="channels">
        ${channels.map(
          (channel) =>
            html`<li>
              <button class="channel" part="channel" data-channel=${channel.key} @click=${() => this.send(channel)}>
                <span class="mark" ${styled({ background: channel.ground, color: channel.ink })}>${channel.icon}</span>
                <span>${this.named(channel)}</span>
              </button>
            </li>`,
        )}
      </ul>`;
  }

  private renderMore(share: Share): TemplateResult {
    const opens = (panel: Exclude<Panel, "">, icon: TemplateResult) =>
      html`<button aria-expanded=${this.panel === panel} @click=${() => this.show(panel)}>
        ${icon}${this.say(panel)}
      </button>`;
    return html`<div class="more">
      ${
        "share" in navigator
          ? html`<button @pointerdown=${() => this.make("native")} @click=${this.system}>
              ${icons.share}${this.say("more")}
            </button>`
          : nothing
      }
      ${this.guest ? nothing : opens("options", icons.options)} ${opens("qr", icons.qr)} ${opens("embed", icons.embed)}
      ${this.renderSave(share)}
    </div>`;
  }

  private renderSave(share: Share): TemplateResult | typeof nothing {
    const { status, progress } = this.media ?? { status: "ready", progress: 1 };
    if (status === "failed") return html`<span class="note">${this.say("video_failed")}</span>`;
    if (status !== "ready")
      return html`<span class="note progress" role="status">
        ${progress > 0 ? this.say("preparing_percent", { percent: Math.round(progress * 100) }) : this.say("preparing")}
      </span>`;
    return this.saving(share, this.say("save_video"));
  }

  /** A link and a file are two things: some phones take only one of them at a time. */
  private saving(share: Share, words: string): TemplateResult {
    if (!share.video_url) return html`<span class="note">${share.video_refused?.words ?? ""}</span>`;
    const address = this.client.address(share.video_url);
    const making = this.fetching === address;
    return html`<a
      class="button"
      part="save-video"
      href=${address}
      download
      aria-disabled=${making}
      @click=${(event: MouseEvent) => this.fetchFile(event, address)}
      >${icons.save}${making ? this.say("preparing") : words}</a
    >`;
  }

  /** The file may have to be made: its link is followed when it is there, so that nobody lands on a refusal. */
  private async fetchFile(event: MouseEvent, address: string): Promise<void> {
    if (!event.isTrusted) return; // our own click, below
    event.preventDefault();
    if (this.fetching) return;
    const link = event.currentTarget as HTMLAnchorElement;
    this.fetching = address;
    this.trouble = "";
    try {
      await this.client.fileIsThere(address);
      link.click();
    } catch (error) {
      this.trouble = this.denied(error);
    } finally {
      this.fetching = "";
    }
  }

  private renderPanel(): TemplateResult | typeof nothing {
    if (this.panel === "options")
      return html`<gs-share-options
          .options=${this.options}
          @options-change=${(event: CustomEvent<{ change: ShareOptions; options: ShareOptions }>) =>
            this.change(event.detail.change, event.detail.options)}
        ></gs-share-options>
        ${this.renderCrop()}`;
    const share = this.panel ? this.links.known(this.panel) : undefined;
    if (!share) return nothing;
    return this.panel === "qr" ? this.renderQr(share) : this.renderEmbed(share.embed_html ?? "");
  }

  private renderCrop(): TemplateResult | typeof nothing {
    if (!this.movable || this.shots.length === 0) return nothing;
    return html`<gs-crop
      .shots=${this.shots}
      .framing=${this.framing}
      .planned=${this.planned}
      @crop-change=${this.crop}
    ></gs-crop>`;
  }

  private renderQr(share: Share): TemplateResult {
    return html`<div class="panel qr">
      <img src=${this.client.address(share.qr_url)} alt=${this.say("qr_alt")} width="220" height="220" />
      <p class="note">${this.say("qr_hint")}</p>
    </div>`;
  }

  private renderEmbed(code: string): TemplateResult {
    return html`<div class="panel">
      <label for="code">${this.say("embed_label")}</label>
      <div class="link">
        <input id="code" type="text" readonly .value=${code} />
        <button @click=${() => this.copy(code, "code")}>
          ${this.copied === "code" ? icons.check : icons.copy}${this.say(this.copied === "code" ? "copied" : "copy_embed")}
        </button>
      </div>
    </div>`;
  }
}

define("gs-share-sheet", ShareSheet);
