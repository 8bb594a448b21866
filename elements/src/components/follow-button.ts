// <gs-follow-button>: follows somebody, or asks to; beside it, what else one can do about them: mute, block.
import { css, html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { BarrierKind, Standing } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { theme } from "../theme.ts";

export class FollowButton extends GroundswellElement {
  /** Whom: the handle of a public profile, or a viewer's own. */
  @property() handle = "";
  /** What they are called; asked for where it is left out. */
  @property() name = "";
  /** Nobody is signed in: a tap asks to sign in (`gs-sign-in`), and leads to `sign-in` unless the page prevents it. */
  @property({ type: Boolean }) guest = false;
  @property({ attribute: "sign-in" }) signIn = "";
  /** Without what else one can do about them. */
  @property({ type: Boolean }) plain = false;

  @state() private standing: Standing | null = null;
  @state() private said = "";
  private busy = false;

  static override styles = [
    theme,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        gap: 0.25rem;
        position: relative;
      }
      .follow {
        min-block-size: 2.5rem;
        padding-inline: 1.1em;
        font-size: 0.9rem;
      }
      details {
        position: relative;
      }
      summary {
        display: grid;
        place-items: center;
        inline-size: 2.5rem;
        block-size: 2.5rem;
        border-radius: 50%;
        color: var(--_soft);
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary:hover {
        background: var(--_hover);
        color: var(--_text);
      }
      .more {
        position: absolute;
        inset-inline-end: 0;
        z-index: 6;
        display: grid;
        min-inline-size: 13rem;
        margin-block-start: 0.25rem;
        padding: 0.35rem;
        border: 1px solid var(--_line);
        border-radius: 0.8rem;
        background: var(--_raised);
        box-shadow: 0 1rem 3rem rgb(0 0 0 / 60%);
      }
      .more button {
        justify-content: start;
        border-radius: 0.5rem;
        background: transparent;
        font-weight: 500;
      }
      .more .bad {
        color: var(--_bad);
      }
      .note:empty {
        display: none;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.load());
  }

  /** Who is not to be found has no button. */
  private async load(): Promise<void> {
    this.standing = this.handle ? await this.client.person(this.handle).catch(() => null) : null;
  }

  private async tap(): Promise<void> {
    const { standing, handle } = this;
    if (!standing || this.busy) return;
    if (this.guest) {
      if (this.tell("gs-sign-in", { handle }) && this.signIn) location.assign(this.signIn);
      return;
    }
    await this.attempt(async () => {
      if (standing.state === "none") this.standing = await this.client.follow(handle);
      else {
        await this.client.unfollow(handle);
        await this.load();
      }
      this.tell("gs-followed", { handle, state: this.standing?.state ?? "none" });
    });
  }

  private async keepAway(kind: BarrierKind): Promise<void> {
    const { handle } = this;
    await this.attempt(async () => {
      if (kind === "mute" && this.standing?.muted) await this.client.takeBackBarrier(handle, kind);
      else {
        await this.client.keepAway(handle, kind);
        this.said = this.say(kind === "block" ? "blocked_now" : "muted_now");
        this.tell("gs-kept-away", { handle, kind });
      }
      await this.load();
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.said = "";
    this.renderRoot.querySelector("details")?.removeAttribute("open");
    try {
      await work();
    } catch (error) {
      this.said = this.denied(error);
    } finally {
      this.busy = false;
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { standing } = this;
    if (!standing || standing.me) return this.said ? html`<p class="note" role="status">${this.said}</p>` : nothing;
    const name = this.name || standing.person.name;
    const on = standing.state !== "none";
    const words = { none: "follow", requested: "follow_requested", following: "following" } as const;
    return html`<button
        class="follow ${on ? "outline" : "primary"}"
        part="button"
        type="button"
        aria-pressed=${on ? "true" : "false"}
        aria-label=${this.say(on ? "unfollow_name" : "follow_name", { name })}
        @click=${this.tap}
      >
        ${standing.state === "following" ? icons.check : nothing}${this.say(words[standing.state])}
      </button>
      ${this.guest || this.plain ? nothing : this.renderMore(standing, name)}
      <p class="note" role="status">${this.said}</p>`;
  }

  private renderMore(standing: Standing, name: string): TemplateResult {
    return html`<details>
      <summary aria-label=${this.say("person_more", { name })}>${icons.more}</summary>
      <div class="more">
        <button type="button" @click=${() => this.keepAway("mute")}>
          ${this.say(standing.muted ? "unmute" : "mute", { name })}
        </button>
        <button type="button" class="bad" @click=${() => this.keepAway("block")}>${this.say("block", { name })}</button>
      </div>
    </details>`;
  }
}

define("gs-follow-button", FollowButton);
