// <gs-reactions>: six ways to say what one feels at this second of a moment, one tap each; no account is needed where the
// page has a ticket of its visit. What others felt is a quiet line over the player's seek bar.
import { css, html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { ReactionKind, Reactions, VisitedBy } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { theme } from "../theme.ts";
import { SECOND, shortTime } from "../times.ts";
import type { MomentPlayer } from "./moment.ts";
import { reactionIcons } from "./reaction-icons.ts";
import { ReactionLine } from "./reaction-line.ts";

const KINDS = Object.keys(reactionIcons) as readonly ReactionKind[];

export class ReactionBar extends GroundswellElement {
  /** Code of the moment. */
  @property() moment = "";
  /** Token of the share by which the viewer came. */
  @property() share = "";
  /** Ticket of the visit, where the page was served with one; else it is asked for when somebody reacts. */
  @property() visit = "";
  /** The id of the media element that plays the moment from its start, where no <gs-moment> of the page does. */
  @property() for = "";

  @state() private reactions: Reactions | null = null;
  @state() private busy = false;
  @state() private said = "";
  @state() private failed = false;
  private line: ReactionLine | null = null;

  static override styles = [
    theme,
    css`
      :host {
        display: block;
      }
      .kinds {
        display: grid;
        grid-template-columns: repeat(6, minmax(0, auto));
        justify-content: start;
        gap: 0.25rem;
      }
      .kinds button {
        gap: 0.4em;
        min-inline-size: 3rem;
        padding: 0.3em 0.75em;
        border-color: var(--_line);
        background: transparent;
        color: var(--_soft);
        font-size: 0.9rem;
        font-variant-numeric: tabular-nums;
      }
      .kinds svg {
        inline-size: 1.45rem;
        block-size: 1.45rem;
        transition: transform 160ms cubic-bezier(0.2, 0, 0, 1.6);
      }
      .kinds button:hover:not([disabled]) {
        background: var(--_hover);
        color: var(--_text);
      }
      .kinds button:hover svg {
        transform: scale(1.15);
      }
      .kinds button[aria-pressed="true"] {
        border-color: var(--_accent);
        background: color-mix(in srgb, var(--_accent) 16%, transparent);
        color: var(--_accent);
      }
      @media (max-width: 30rem) {
        .kinds {
          grid-template-columns: repeat(6, minmax(0, 1fr));
        }
        .kinds button {
          gap: 0.2em;
          min-inline-size: 0;
          padding-inline: 0.2em;
        }
      }
      .own {
        block-size: 1.75rem;
        margin-block-end: 0.35rem;
      }
      .refusal,
      .note {
        margin-block-start: 0.5rem;
      }
      .note:empty {
        display: none;
      }
    `,
  ];

  private get player(): MomentPlayer | null {
    const root = this.getRootNode() as Document | ShadowRoot;
    return root.querySelector<MomentPlayer>(`gs-moment[code="${CSS.escape(this.moment)}"]`);
  }

  private get by(): VisitedBy {
    return { share: this.share, visit: this.visit };
  }

  override firstUpdated(): void {
    const player = this.player;
    if (player) {
      this.line = new ReactionLine();
      this.line.slot = "line";
      player.append(this.line);
    }
    void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.line?.remove();
  }

  /** Who may not see them has none to see. */
  private async load(): Promise<void> {
    this.show(await this.client.reactions(this.moment, this.by).catch(() => null));
  }

  private show(reactions: Reactions | null): void {
    this.reactions = reactions;
    if (this.line) this.line.reactions = reactions;
  }

  /** Where in the title it plays now. */
  private get atUs(): number {
    const { start_us = 0, end_us = 0 } = this.reactions ?? {};
    const media = this.for ? (this.getRootNode() as Document).getElementById(this.for) : null;
    const at = media instanceof HTMLMediaElement ? media.currentTime : (this.player?.at ?? 0);
    return Math.min(end_us, Math.max(start_us, start_us + at * SECOND));
  }

  private async tap(kind: ReactionKind): Promise<void> {
    if (this.busy) return;
    [this.busy, this.failed, this.said] = [true, false, ""];
    try {
      if (!this.visit) this.visit = await this.client.visit(this.moment, this.share || null);
      const mine = this.reactions?.mine?.kind === kind ? null : kind;
      const { client, moment, by } = this;
      this.show(mine ? await client.react(moment, mine, this.atUs, by) : await client.takeBackReaction(moment, by));
      this.said = this.words();
      this.tell("gs-reacted", { moment, kind: mine });
    } catch (error) {
      [this.failed, this.said] = [true, this.denied(error)];
    } finally {
      this.busy = false;
    }
  }

  private words(): string {
    const { mine, start_us = 0 } = this.reactions ?? {};
    if (!mine) return this.say("reaction_gone");
    return this.say("reacted_at", { what: this.say(`react_${mine.kind}`), time: shortTime(mine.at_us - start_us) });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.reactions) return nothing;
    return html`${
        this.line ? nothing : html`<gs-reaction-line class="own" .reactions=${this.reactions}></gs-reaction-line>`
      }
      <div class="kinds" role="group" aria-label=${this.say("react")}>
        ${KINDS.map((kind) => this.renderKind(kind))}
      </div>
      <p class=${this.failed ? "refusal" : "note"} role="status">${this.said}</p>`;
  }

  private renderKind(kind: ReactionKind): TemplateResult {
    const [what, count] = [this.say(`react_${kind}`), this.reactions?.counts[kind] ?? 0];
    return html`<button
      part="reaction"
      type="button"
      title=${what}
      aria-label=${count ? this.say("reaction_count", { what, count }) : what}
      aria-pressed=${this.reactions?.mine?.kind === kind ? "true" : "false"}
      @click=${() => this.tap(kind)}
    >
      ${reactionIcons[kind]}${count ? html`<span>${count.toLocaleString(this.language, { notation: "compact" })}</span>` : nothing}
    </button>`;
  }
}

define("gs-reactions", ReactionBar);
