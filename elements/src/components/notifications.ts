// <gs-notifications>: a bell with the count of what is unread, live, and the newest of the inbox behind it.
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { NotificationItem } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { theme } from "../theme.ts";

const AGAIN_MS = 5000;
const SHOWN = 12;

export class Notifications extends GroundswellElement {
  /** Where all of them stand; by default the inbox of the service that is talked to. */
  @property() inbox = "";

  @state() private unread = 0;
  @state() private items: readonly NotificationItem[] | null = null;
  @state() private isOpen = false;
  @state() private said = "";
  private gone: AbortController | null = null;

  static override styles = [
    theme,
    css`
      :host {
        position: relative;
        display: inline-block;
      }
      .bell {
        position: relative;
        display: grid;
        place-items: center;
        inline-size: 2.75rem;
        block-size: 2.75rem;
        padding: 0;
        border-radius: 50%;
        background: transparent;
      }
      .bell:hover,
      .bell[aria-expanded="true"] {
        background: var(--_hover);
      }
      .count {
        position: absolute;
        inset-block-start: 0.2rem;
        inset-inline-end: 0.05rem;
        min-inline-size: 1.2rem;
        padding-inline: 0.25rem;
        border-radius: 1rem;
        background: var(--_accent);
        color: var(--_accent-ink);
        font-size: 0.7rem;
        font-weight: 800;
        line-height: 1.2rem;
      }
      .list {
        position: absolute;
        inset-inline-end: 0;
        z-index: 20;
        display: grid;
        inline-size: min(24rem, calc(100vw - 2rem));
        max-block-size: min(32rem, 80vh);
        margin-block-start: 0.35rem;
        overflow: auto;
        border: 1px solid var(--_line);
        border-radius: 1rem;
        background: var(--_raised);
        color: var(--_text);
        box-shadow: 0 1rem 3rem rgb(0 0 0 / 60%);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 0.5rem;
        padding: 0.75rem 1rem;
        border-block-end: 1px solid var(--_line);
        font-weight: 700;
      }
      .head button {
        min-block-size: 2.5rem;
        padding-inline: 0.6rem;
        background: transparent;
        font-size: 0.85rem;
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li a {
        display: grid;
        gap: 0.15rem;
        padding: 0.75rem 1rem;
        border-inline-start: 3px solid transparent;
        color: var(--_soft);
        text-decoration: none;
        overflow-wrap: anywhere;
      }
      li a:hover {
        background: var(--_hover);
      }
      .unread a {
        border-color: var(--_accent);
        color: var(--_text);
        font-weight: 600;
      }
      .words {
        color: var(--_soft);
        font-size: 0.85rem;
        font-weight: 400;
      }
      .none,
      .all {
        padding: 1rem;
        color: var(--_soft);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.follow);
    void this.updateComplete.then(this.follow);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.follow);
    this.leave();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("token") || changed.has("api")) {
      this.leave();
      this.follow();
    }
  }

  private leave(): void {
    this.gone?.abort();
    this.gone = null;
  }

  /** For as long as the page is looked at: browsers keep few connections to one host. */
  private readonly follow = (): void => {
    if (document.visibilityState !== "visible") this.leave();
    else if (!this.gone && this.isConnected) {
      this.gone = new AbortController();
      void this.listen(this.gone.signal);
    }
  };

  private async listen(gone: AbortSignal): Promise<void> {
    while (!gone.aborted) {
      await this.client.unread((unread) => this.heard(unread), gone).catch(() => undefined);
      if (!gone.aborted) await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }

  private heard(unread: number): void {
    if (unread !== this.unread) this.tell("gs-unread", { unread });
    this.unread = unread;
    if (this.isOpen) void this.load();
  }

  private async load(): Promise<void> {
    try {
      const found = await this.client.notifications(this.language, SHOWN);
      this.items = found.items;
      this.unread = found.unread;
      this.said = "";
    } catch (error) {
      this.said = this.denied(error);
    }
  }

  private toggle(): void {
    this.isOpen = !this.isOpen;
    if (this.isOpen) void this.load();
  }

  private async read(ids: readonly string[] | null): Promise<void> {
    try {
      this.unread = (await this.client.readNotifications(ids)).unread;
      if (ids === null) await this.load();
    } catch (error) {
      this.said = this.denied(error);
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.isOpen) return;
    this.isOpen = false;
    this.renderRoot.querySelector<HTMLElement>(".bell")?.focus();
  }

  /** A link is the page's to follow, unless it prevents `gs-notification`. */
  private onOpen(event: Event, item: NotificationItem): void {
    void this.read([item.id]);
    if (!this.tell("gs-notification", { id: item.id, path: item.path })) event.preventDefault();
  }

  protected override render(): TemplateResult {
    const count = this.unread > 99 ? "99+" : String(this.unread);
    const name = this.unread ? this.say("notifications_unread", { count }) : this.say("notifications");
    return html`<div @keydown=${this.onKey}>
      <button
        class="bell"
        part="bell"
        type="button"
        aria-label=${name}
        aria-expanded=${this.isOpen ? "true" : "false"}
        @click=${this.toggle}
      >
        ${icons.bell}${this.unread ? html`<span class="count" aria-hidden="true">${count}</span>` : nothing}
      </button>
      ${this.isOpen ? this.renderList() : nothing}
    </div>`;
  }

  private renderList(): TemplateResult {
    return html`<section class="list" part="list" aria-label=${this.say("notifications")} dir=${this.direction}>
      <div class="head">
        <span>${this.say("notifications")}</span>
        ${
          this.unread
            ? html`<button type="button" @click=${() => this.read(null)}>${this.say("notifications_read")}</button>`
            : nothing
        }
      </div>
      ${this.said ? html`<p class="none" role="status">${this.said}</p>` : nothing}
      ${this.items?.length === 0 ? html`<p class="none">${this.say("notifications_none")}</p>` : nothing}
      <ul>
        ${(this.items ?? []).map((item) => this.renderItem(item))}
      </ul>
      <a class="all" href=${this.inbox || this.client.address("/inbox")}>${this.say("notifications_all")}</a>
    </section>`;
  }

  private renderItem(item: NotificationItem): TemplateResult {
    const words = item.veiled ? this.say("notifications_veiled") : item.words;
    return html`<li class=${item.unread ? "unread" : ""}>
      <a href=${this.client.address(item.path)} @click=${(event: Event) => this.onOpen(event, item)}>
        <span dir="auto">${item.text}</span>${words ? html`<span class="words" dir="auto">${words}</span>` : nothing}
      </a>
    </li>`;
  }
}

define("gs-notifications", Notifications);
