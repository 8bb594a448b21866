// <gs-transcript>: what is said, line by line, and the moments that the service suggests. Tapping one chooses it.
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import type { Line, Suggestion } from "../title.ts";
import { define, GroundswellElement } from "../element.ts";
import type { Span } from "../selection.ts";
import { rove } from "../roving.ts";
import { theme } from "../theme.ts";
import { shortTime, spokenTime } from "../times.ts";

const SUGGESTED = 4;

export class Transcript extends GroundswellElement {
  @property({ attribute: false }) lines: readonly Line[] = [];
  @property({ attribute: false }) suggestions: readonly Suggestion[] = [];
  /** What is chosen at present. */
  @property({ attribute: false }) span: Span = { start: 0, end: 0 };

  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        grid-template-rows: auto auto auto minmax(0, 1fr);
        gap: 0.15rem;
        min-block-size: 0;
      }
      h3 {
        font-size: 0.95rem;
      }
      ol {
        overflow-y: auto;
        margin-block-start: 0.4rem;
        padding-inline-end: 0.3rem;
        scrollbar-color: var(--_line-strong) transparent;
        scrollbar-width: thin;
      }
      .line {
        display: grid;
        grid-template-columns: 2.8rem 1fr;
        gap: 0.5rem;
        align-items: baseline;
        inline-size: 100%;
        padding: 0.5em 0.7em;
        border-radius: 0.5rem;
        border-inline-start: 3px solid transparent;
        background: transparent;
        font-weight: 400;
        text-align: start;
        color: var(--_soft);
      }
      .line time {
        color: var(--_faint);
        font-size: 0.85rem;
        font-variant-numeric: tabular-nums;
      }
      .line[aria-pressed="true"] {
        background: color-mix(in srgb, var(--_accent) 13%, transparent);
        border-inline-start-color: var(--_accent);
        color: var(--_text);
      }
      .suggested {
        display: flex;
        gap: 0.4rem;
        align-items: center;
        overflow-x: auto;
        padding-block: 0.35rem;
        scrollbar-width: none;
      }
      .suggested button {
        flex: none;
        padding-inline: 0.9em;
        font-size: 0.88rem;
        font-variant-numeric: tabular-nums;
      }
      .suggested q {
        max-inline-size: 14ch;
        overflow: hidden;
        color: var(--_soft);
        font-weight: 400;
        text-overflow: ellipsis;
        white-space: nowrap;
        quotes: none;
      }
      .suggested button[aria-pressed="true"] {
        background: color-mix(in srgb, var(--_accent) 22%, transparent);
      }
      @media (max-width: 60rem) {
        ol {
          max-block-size: 12rem;
        }
      }
    `,
  ];

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("span")) return;
    const list = this.renderRoot.querySelector("ol");
    const chosen = list?.querySelector<HTMLElement>('.line[aria-pressed="true"]');
    if (list && chosen) list.scrollTo({ top: Math.max(0, chosen.offsetTop - list.offsetTop - 48) });
  }

  /** One Tab stop for the lines, one for the suggestions; the arrow keys go through them. */
  private rove(event: KeyboardEvent): void {
    const group = (event.currentTarget as HTMLElement).closest("ol, .suggested");
    rove(event, [...(group?.querySelectorAll("button") ?? [])], this.direction === "rtl");
  }

  private pick(span: Span, add: boolean): void {
    this.dispatchEvent(new CustomEvent("line-pick", { detail: { span, add } }));
  }

  protected override render(): TemplateResult {
    return html`<h3 id="said">${this.say("transcript")}</h3>
      ${
        this.lines.length > 0
          ? html`<p class="note">${this.say("transcript_hint")}</p>`
          : html`<p class="note">${this.say("no_transcript")}</p>`
      }
      ${this.suggestions.length > 0 ? this.renderSuggestions() : html`<span hidden></span>`}
      ${
        this.lines.length > 0
          ? html`<ol tabindex="-1" aria-labelledby="said">
              ${this.lines.map((line, index) => this.renderLine(line, index === this.firstStop))}
            </ol>`
          : nothing
      }`;
  }

  private renderSuggestions(): TemplateResult {
    const best = [...this.suggestions].slice(0, SUGGESTED).sort((a, b) => a.start - b.start);
    return html`<div class="suggested" role="group" aria-label=${this.say("suggested")}>
      <span class="note">${this.say("suggested")}</span>
      ${best.map((span, index) => {
        const words = { time: shortTime(span.start), length: spokenTime(span.end - span.start, this.say) };
        const chosen = span.start === this.span.start && span.end === this.span.end;
        return html`<button
          type="button"
          title=${span.text}
          aria-label=${this.say("suggestion", words)}
          aria-pressed=${chosen}
          tabindex=${index === 0 ? 0 : -1}
          @keydown=${this.rove}
          @click=${() => this.pick(span, false)}
        >
          <span dir="ltr">${shortTime(span.start)}</span> <q dir="auto">${span.text}</q>
        </button>`;
      })}
    </div>`;
  }

  /** The line at which Tab stops: the first that is chosen. */
  private get firstStop(): number {
    return Math.max(
      0,
      this.lines.findIndex((line) => this.isInside(line)),
    );
  }

  private isInside(line: Span): boolean {
    return line.start < this.span.end && this.span.start < line.end;
  }

  private renderLine(line: Line, stop: boolean): TemplateResult {
    const inside = this.isInside(line);
    return html`<li>
      <button
        type="button"
        class="line"
        tabindex=${stop ? 0 : -1}
        @keydown=${this.rove}
        aria-pressed=${inside}
        @click=${(event: MouseEvent) => this.pick(line, event.shiftKey)}
      >
        <time>${shortTime(line.start)}</time><span dir="auto">${line.text}</span>
      </button>
    </li>`;
  }
}

define("gs-transcript", Transcript);
