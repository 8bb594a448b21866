// One edge of the clip as text: a field that takes MM:SS.mmm, and nudge buttons big enough for a thumb.
import { css, html, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { define, GroundswellElement } from "../element.ts";
import { theme } from "../theme.ts";
import { formatTime, parseTime, SECOND } from "../times.ts";

export class TimeField extends GroundswellElement {
  @property() label = "";
  @property({ type: Number }) value = 0;
  @property({ type: Number }) frame = 40_000;
  @state() private wrong = false;

  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        gap: 0.3rem;
      }
      .row {
        display: flex;
        gap: 0.3rem;
        align-items: center;
        direction: ltr;
      }
      input {
        flex: 1 1 6.5rem;
        min-inline-size: 6.2rem;
        max-inline-size: 9rem;
        text-align: center;
        font-variant-numeric: tabular-nums;
        font-weight: 600;
      }
      input[aria-invalid="true"] {
        border-color: var(--_bad);
      }
      button {
        padding: 0;
        inline-size: 2.75rem;
        font-size: 0.82rem;
        font-variant-numeric: tabular-nums;
      }
      /* On the smallest phones the frames are left to the handle's arrow keys. */
      @media (max-width: 24rem) {
        .frame {
          display: none;
        }
      }
    `,
  ];

  protected override render(): TemplateResult {
    return html`
      <label for="time">${this.label}</label>
      <div class="row">
        ${this.nudge(-SECOND, "−1 s", "second_back")} ${this.nudge(-this.frame, "−1 f", "frame_back")}
        <input
          id="time"
          type="text"
          inputmode="decimal"
          autocomplete="off"
          spellcheck="false"
          .value=${formatTime(this.value)}
          aria-invalid=${this.wrong ? "true" : "false"}
          aria-describedby="wrong"
          @change=${this.typed}
          @keydown=${(event: KeyboardEvent) => event.key === "Enter" && this.typed(event)}
        />
        ${this.nudge(this.frame, "+1 f", "frame_on")} ${this.nudge(SECOND, "+1 s", "second_on")}
      </div>
      <span id="wrong" class="note" role="status">${this.wrong ? this.say("time_invalid") : ""}</span>
    `;
  }

  private nudge(
    by: number,
    text: string,
    name: "frame_back" | "frame_on" | "second_back" | "second_on",
  ): TemplateResult {
    return html`<button
      type="button"
      class=${name.startsWith("frame") ? "frame" : ""}
      tabindex="-1"
      aria-label=${this.say(name, { which: this.label })}
      @click=${() => this.send(this.value + by)}
    >
      ${text}
    </button>`;
  }

  private typed(event: Event): void {
    const field = event.target as HTMLInputElement;
    const us = parseTime(field.value);
    this.wrong = us === null;
    if (us !== null) this.send(us);
    // What was typed may be more than a clip can be: the field shows what came of it.
    if (us !== null) void this.updateComplete.then(() => (field.value = formatTime(this.value)));
  }

  private send(us: number): void {
    this.dispatchEvent(new CustomEvent("time-change", { detail: { us } }));
  }
}

define("gs-time-field", TimeField);
