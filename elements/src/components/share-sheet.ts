// <gs-share-sheet>: send a moment somewhere. The link is made before the sheet opens, so that copying and the
// system's own share run inside the viewer's gesture. Every channel gets a link of its own.
import { html, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import type { Moment, Share } from "../api.ts";
import { channels, type Channel } from "../channels.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { styled } from "../styled.ts";
import { theme } from "../theme.ts";
import { shareSheetStyles } from "./share-sheet-styles.ts";

type Shareable = Pick<Moment, "code"> & Partial<Moment>;

export class ShareSheet extends GroundswellElement {
  /** Code of the moment to share, for `open()` without arguments. */
  @property() moment = "";
  /** Token of the share by which the viewer came here: the new share is its child. */
  @property() parent = "";

  @state() private subject: Shareable | null = null;
  @state() private share: Share | null = null;
  @state() private fresh = false;
  @state() private panel: "" | "qr" | "embed" = "";
  @state() private said = "";
  @state() private copied = "";
  @state() private trouble = "";
  /** The rendition that suits the channel picked last, where one posts a file rather than a link. */
  @state() private file: { url: string; channel: string } | null = null;
  @state() private media: { status: string; progress: number } | null = null;
  @query("dialog") private dialog!: HTMLDialogElement;
  private readonly made = new Map<string, Share>();
  private stopFollowing: (() => void) | null = null;

  static override styles = [theme, shareSheetStyles];

  /** Make the link, then open. `fresh` says that the moment was saved just now. */
  async open(moment: Shareable = { code: this.moment }, parent: string | null = this.parent || null, fresh = false): Promise<void> {
    [this.subject, this.fresh, this.parent] = [moment, fresh, parent ?? ""];
    [this.panel, this.said, this.copied, this.trouble] = ["", "", "", ""];
    [this.share, this.file, this.media] = [null, null, moment.media ?? null];
    this.made.clear();
    if (moment.visibility !== "private") {
      try {
        this.share = await this.make("copy");
      } catch (error) {
        this.trouble = this.denied(error);
      }
    }
    await this.updateComplete;
    this.dialog.showModal();
    this.follow(moment);
  }

  close(): void {
    this.dialog.close();
  }

  private follow({ id, media }: Shareable): void {
    if (!id || !media || media.status === "ready") return;
    this.stopFollowing = this.client.followMedia(id, (change) => (this.media = change));
  }

  /** One link a channel, made once while the sheet is open. */
  private async make(channel: string): Promise<Share> {
    const known = this.made.get(channel);
    if (known) return known;
    const share = await this.client.createShare(this.subject?.code ?? "", channel, this.parent || null);
    this.made.set(channel, share);
    return share;
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
    setTimeout(() => (this.copied = ""), 2500);
  }

  private async copyLink(): Promise<void> {
    if (!this.share) return;
    await this.copy(this.share.url, "link");
    this.tell("gs-clip-shared", { share: this.share, channel: "copy" });
  }

  private async send(channel: Channel): Promise<void> {
    this.trouble = "";
    // Opened at once, inside the gesture; it goes to its address when the link is there.
    const tab = window.open("about:blank", "_blank");
    try {
      const share = await this.make(channel.key);
      if (!this.tell("gs-clip-shared", { share, channel: channel.key })) return tab?.close();
      if (share.intent_url && tab) {
        tab.opener = null;
        tab.location.href = share.intent_url;
        this.said = this.say("opened", { channel: channel.name });
        return;
      }
      tab?.close();
      // No address to open (Instagram, TikTok, Discord): the link goes to the clipboard, to be pasted there.
      this.share = share;
      await this.copy(share.url, "link");
      this.said = this.say("paste_in", { channel: channel.name });
      this.file = share.video_url ? { url: share.video_url, channel: channel.name } : null;
    } catch (error) {
      tab?.close();
      this.trouble = this.denied(error);
    }
  }

  private async system(): Promise<void> {
    try {
      const share = await this.make("native");
      await navigator.share({ url: share.url, ...(this.subject?.title ? { title: this.subject.title.name } : {}) });
      this.tell("gs-clip-shared", { share, channel: "native" });
    } catch (error) {
      if ((error as Error).name === "AbortError") return;
      if ((error as Error).name === "NotAllowedError") this.said = this.say("tap_again");
      else this.trouble = this.denied(error);
    }
  }

  private async show(panel: "qr" | "embed"): Promise<void> {
    this.panel = this.panel === panel ? "" : panel;
    if (!this.panel) return;
    try {
      await this.make(panel);
      this.requestUpdate();
    } catch (error) {
      this.trouble = this.denied(error);
    }
  }

  private closed(): void {
    this.stopFollowing?.();
    this.stopFollowing = null;
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="heading" @close=${this.closed}>
      <div class="sheet">
        <div class="head">
          <h2 id="heading">${this.say(this.fresh ? "saved_heading" : "share_heading")}</h2>
          <button class="icon quiet" aria-label=${this.say("close")} @click=${this.close}>${icons.close}</button>
        </div>
        ${this.trouble ? html`<p class="refusal" role="alert">${this.trouble}</p>` : nothing}
        ${this.subject?.visibility === "private" ? html`<p class="note">${this.say("private_note")}</p>` : nothing}
        ${this.share ? this.renderLink(this.share) : nothing}
        ${this.share ? this.renderChannels() : nothing}
        ${this.panel === "qr" ? this.renderQr() : nothing} ${this.panel === "embed" ? this.renderEmbed() : nothing}
        <p class="only-heard" aria-live="polite">${this.said}</p>
      </div>
    </dialog>`;
  }

  private renderLink(share: Share): TemplateResult {
    return html`<div class="link">
        <label for="link" class="only-heard">${this.say("link")}</label>
        <input id="link" type="text" readonly .value=${share.url} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
        <button class="primary" autofocus @click=${this.copyLink}>
          ${this.copied === "link" ? icons.check : icons.copy}${this.say(this.copied === "link" ? "copied" : "copy")}
        </button>
      </div>
      ${this.said && this.said !== this.say("copied") ? html`<p class="note" aria-hidden="true">${this.said}</p>` : nothing}
      ${this.file
        ? html`<a class="button" href=${this.client.address(this.file.url)} download="${this.subject?.code ?? "moment"}.mp4">
            ${icons.save}${this.say("save_for", { channel: this.file.channel })}
          </a>`
        : nothing}`;
  }

  private renderChannels(): TemplateResult {
    return html`<h3>${this.say("channels")}</h3>
      <ul class="channels">
        ${channels.map(
          (channel) => html`<li>
            <button class="channel" data-channel=${channel.key} @click=${() => this.send(channel)}>
              <span class="mark" ${styled({ background: channel.ground, color: channel.ink })}>${channel.icon}</span>
              <span>${channel.name}</span>
            </button>
          </li>`,
        )}
      </ul>
      <div class="more">
        ${"share" in navigator ? html`<button @click=${this.system}>${icons.share}${this.say("more")}</button>` : nothing}
        <button aria-expanded=${this.panel === "qr"} @click=${() => this.show("qr")}>${icons.qr}${this.say("qr")}</button>
        <button aria-expanded=${this.panel === "embed"} @click=${() => this.show("embed")}>${icons.embed}${this.say("embed")}</button>
        ${this.renderSave()}
      </div>`;
  }

  private renderSave(): TemplateResult | typeof nothing {
    const url = this.subject?.media?.mp4_url;
    if (!url) return nothing;
    const { status, progress } = this.media ?? { status: "ready", progress: 1 };
    if (status === "failed") return html`<span class="note">${this.say("video_failed")}</span>`;
    if (status !== "ready")
      return html`<span class="note progress" role="status">
        ${progress > 0 ? this.say("preparing_percent", { percent: Math.round(progress * 100) }) : this.say("preparing")}
      </span>`;
    return html`<a class="button" href=${this.client.address(url)} download="${this.subject?.code ?? "moment"}.mp4">
      ${icons.save}${this.say("save_video")}
    </a>`;
  }

  private renderQr(): TemplateResult | typeof nothing {
    const share = this.made.get("qr");
    return share
      ? html`<div class="panel qr"><img src=${this.client.address(share.qr_url)} alt=${this.say("qr_alt")} width="220" height="220" /></div>`
      : nothing;
  }

  private renderEmbed(): TemplateResult | typeof nothing {
    const share = this.made.get("embed");
    if (!share?.embed_html) return nothing;
    const code = share.embed_html;
    return html`<div class="panel">
      <label for="code">${this.say("embed_label")}</label>
      <div class="link">
        <input id="code" type="text" readonly .value=${code} />
        <button @click=${() => this.copy(code, "code")}>${this.copied === "code" ? icons.check : icons.copy}${this.say(this.copied === "code" ? "copied" : "copy_embed")}</button>
      </div>
    </div>`;
  }
}

define("gs-share-sheet", ShareSheet);
