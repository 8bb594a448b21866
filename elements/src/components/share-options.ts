// <gs-share-options>: how a link shows the moment, and until when.
import { css, html, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import type { Shape, ShareOptions } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { theme } from "../theme.ts";
import "./crop.ts";

const DAY_MS = 86_400_000;
const ENDS = [
  ["never", 0],
  ["one_day", 1],
  ["seven_days", 7],
  ["thirty_days", 30],
] as const;
const SHAPES: readonly (readonly [Shape, string])[] = [
  ["wide", "16:9"],
  ["vertical", "9:16"],
  ["square", "1:1"],
];

export class ShareOptionsPanel extends GroundswellElement {
  @property({ attribute: false }) options: ShareOptions = {};
  private days = 0;

  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        gap: 0.5rem 1.2rem;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        align-items: center;
      }
      fieldset {
        display: contents;
        border: 0;
      }
      legend {
        padding: 0;
        font-size: 0.9rem;
        color: var(--_soft);
      }
      .shapes {
        grid-column: 1 / -1;
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: 0.4rem;
      }
      .shapes label {
        position: relative;
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 0.6em;
        min-block-size: 2.75rem;
        border: 1px solid var(--_line-strong);
        border-radius: 0.6rem;
        color: var(--_text);
        font-weight: 600;
        cursor: pointer;
      }
      .shapes label:has(:checked) {
        border-color: var(--_accent);
        background: color-mix(in srgb, var(--_accent) 16%, transparent);
      }
      .shapes label:has(:focus-visible) {
        outline: 3px solid var(--_focus);
        outline-offset: 2px;
      }
      .shapes input {
        position: absolute;
        inset: 0;
        opacity: 0;
        margin: 0;
        cursor: pointer;
      }
      .shapes i {
        border: 2px solid currentColor;
        border-radius: 0.2em;
      }
      .wide {
        inline-size: 1.5em;
        block-size: 0.85em;
      }
      .vertical {
        inline-size: 0.75em;
        block-size: 1.3em;
      }
      .square {
        inline-size: 1.1em;
        block-size: 1.1em;
      }
      .ends {
        display: grid;
        grid-template-columns: auto 1fr;
        align-items: center;
        gap: 0.7rem;
      }
      @media (max-width: 30rem) {
        .ends {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  private change(change: ShareOptions): void {
    this.options = { ...this.options, ...change };
    this.dispatchEvent(new CustomEvent("options-change", { detail: { options: this.options, change } }));
  }

  private until(days: number): void {
    this.days = days;
    this.change({ expires_at: days ? new Date(Date.now() + days * DAY_MS).toISOString() : null });
  }

  private tick(name: "captions" | "spoiler" | "credit", label: string, usual: boolean): TemplateResult {
    return html`<label class="check"
      ><input
        type="checkbox"
        .checked=${this.options[name] ?? usual}
        @change=${(event: Event) => this.change({ [name]: (event.target as HTMLInputElement).checked })}
      />${label}</label
    >`;
  }

  protected override render(): TemplateResult {
    const shape = this.options.shape ?? "wide";
    return html`<fieldset>
        <legend class="only-heard">${this.say("shape")}</legend>
        <div class="shapes">
          ${SHAPES.map(
            ([name, ratio]) =>
              html`<label
                ><input
                  type="radio"
                  name="shape"
                  .checked=${shape === name}
                  @change=${() => this.change({ shape: name })}
                /><i class=${name} aria-hidden="true"></i><span dir="ltr">${ratio}</span></label
              >`,
          )}
        </div>
      </fieldset>
      ${this.tick("captions", this.say("captions_on"), true)} ${this.tick("credit", this.say("credit"), true)}
      ${this.tick("spoiler", this.say("spoiler"), false)}
      <div class="ends">
        <label for="ends">${this.say("ends")}</label>
        <select id="ends" @change=${(event: Event) => this.until(Number((event.target as HTMLSelectElement).value))}>
          ${ENDS.map(([key, days]) => html`<option value=${days} ?selected=${days === this.days}>${this.say(key)}</option>`)}
        </select>
      </div>`;
  }
}

define("gs-share-options", ShareOptionsPanel);
