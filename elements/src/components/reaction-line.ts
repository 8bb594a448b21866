// <gs-reaction-line>: how much people felt at which second of a moment, as a quiet line. Decorative: the counts are said
// beside it.
import { css, LitElement, svg, html, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import type { Reactions } from "../api.ts";
import { define } from "../element.ts";
import { SECOND } from "../times.ts";

const STEPS = 60;

export class ReactionLine extends LitElement {
  @property({ attribute: false }) reactions: Reactions | null = null;

  static override styles = css`
    :host {
      display: block;
      color: var(--gs-accent, var(--accent, #ffb84d));
    }
    svg {
      display: block;
      inline-size: 100%;
      block-size: 100%;
      filter: drop-shadow(0 1px 2px rgb(0 0 0 / 60%));
    }
    :host(:dir(rtl)) svg {
      transform: scaleX(-1);
    }
  `;

  protected override render(): TemplateResult {
    const heights = this.reactions ? curve(this.reactions) : [];
    if (heights.every((height) => height === 0)) return html``;
    const points = heights.map((height, at) => `${at} ${(20 - 18 * height).toFixed(2)}`);
    const top = `M${points.join("L")}`;
    return html`<svg viewBox="0 0 ${STEPS} 20" preserveAspectRatio="none" aria-hidden="true">
      ${svg`<path d=${`${top}L${STEPS} 20L0 20Z`} fill="currentColor" opacity="0.28" />
        <path d=${top} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" opacity="0.85" />`}
    </svg>`;
  }
}

/** How much was felt along the moment, smoothed: `STEPS + 1` heights, the greatest of them 1. */
export function curve(reactions: Reactions): number[] {
  const length = Math.max(1, reactions.end_us - reactions.start_us);
  const wide = Math.max(1.2, (STEPS * SECOND) / length);
  const heights = Array.from({ length: STEPS + 1 }, (_, step) =>
    reactions.seconds.reduce((sum, { at_us, count }) => {
      const at = (STEPS * (at_us + SECOND / 2 - reactions.start_us)) / length;
      return sum + count * Math.exp(-(((step - at) / wide) ** 2));
    }, 0),
  );
  const most = Math.max(...heights, 0);
  return heights.map((height) => (most > 0 && height > 0.02 * most ? height / most : 0));
}

define("gs-reaction-line", ReactionLine);
