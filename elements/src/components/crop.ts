// <gs-crop>: which part of a wide picture an upright or square clip shows, shot by shot. The picture itself is shown by
// the player beside it.
import { css, html, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import type { Framed } from "../api.ts";
import { focusIn, MIDDLE, moved } from "../framing.ts";
import { define, GroundswellElement } from "../element.ts";
import type { Span } from "../selection.ts";
import { theme } from "../theme.ts";

export class Crop extends GroundswellElement {
  /** The shots of the clip, cut at its ends. */
  @property({ attribute: false }) shots: readonly Span[] = [];
  @property({ attribute: false }) framing: readonly Framed[] | null = null;
  /** What is shown by itself: where the hand begins. Null while that is being looked for. */
  @property({ attribute: false }) planned: readonly Framed[] | null = null;

  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        gap: 0.5rem;
      }
      label {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        align-items: center;
        gap: 0.8rem;
      }
      input {
        inline-size: 100%;
        min-block-size: 2.75rem;
        accent-color: var(--_accent);
        direction: ltr;
      }
    `,
  ];

  /** `done`: the hand has left it. */
  private move(shot: Span, focus: number, done: boolean): void {
    this.framing = moved(this.framing ?? this.planned, this.shots, shot, focus);
    this.send(this.framing, shot, done);
  }

  private send(framing: readonly Framed[] | null, shot: Span | null, done: boolean): void {
    this.dispatchEvent(new CustomEvent("crop-change", { detail: { framing, shot, done } }));
  }

  protected override render(): TemplateResult {
    const value = (event: Event) => Number((event.target as HTMLInputElement).value) / 100;
    return html`<p class="note">${this.say("crop_hint")}</p>
      ${this.shots.map(
        (shot, index) =>
          html`<label>
            <span>${this.say("crop_shot", { number: index + 1, count: this.shots.length })}</span>
            <input
              type="range"
              min="0"
              max="100"
              ?disabled=${!this.framing && !this.planned}
              aria-label=${this.say("crop_move", { number: index + 1 })}
              .value=${String(Math.round(100 * (focusIn(this.framing ?? this.planned, shot) ?? MIDDLE)))}
              @input=${(event: Event) => this.move(shot, value(event), false)}
              @change=${(event: Event) => this.move(shot, value(event), true)}
            />
          </label>`,
      )}
      ${
        this.framing
          ? html`<button type="button" class="quiet" @click=${() => this.send(null, null, true)}>
              ${this.say("crop_auto")}
            </button>`
          : nothing
      }`;
  }
}

define("gs-crop", Crop);
