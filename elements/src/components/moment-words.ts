// <gs-moment-words>: what the viewer says with a clip, and who may see it.
import { css, html, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { define, GroundswellElement } from "../element.ts";
import { theme } from "../theme.ts";
import { SILENT, type Words } from "../words.ts";

const CAPTION_MAX = 500;

export class MomentWords extends GroundswellElement {
  @property({ attribute: false }) words: Words = SILENT;

  static override styles = [
    theme,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1.6fr) minmax(13rem, 0.8fr) auto;
        gap: 1.1rem;
        align-items: start;
      }
      .field {
        display: grid;
        gap: 0.3rem;
      }
      textarea {
        resize: none;
      }
      .checks {
        display: grid;
        margin-block-start: 1.2rem;
      }
      @media (max-width: 60rem) {
        :host {
          grid-template-columns: minmax(0, 1fr) auto;
          gap: 0.5rem 1rem;
          padding-block-end: 0.4rem;
        }
        .field:first-child {
          grid-column: 1 / -1;
        }
        .checks {
          margin: 0;
        }
      }
    `,
  ];

  private change(change: Partial<Words>): void {
    this.words = { ...this.words, ...change };
    this.dispatchEvent(new CustomEvent("words-change", { detail: { words: this.words } }));
  }

  private tick(name: "spoiler" | "credit_me", label: string): TemplateResult {
    return html`<label class="check"
      ><input
        type="checkbox"
        .checked=${this.words[name]}
        @change=${(event: Event) => this.change({ [name]: (event.target as HTMLInputElement).checked })}
      />${label}</label
    >`;
  }

  protected override render(): TemplateResult {
    const { caption, visibility } = this.words;
    return html`<div class="field">
        <label for="caption">${this.say("caption")}</label>
        <textarea
          id="caption"
          rows="2"
          dir="auto"
          maxlength=${CAPTION_MAX}
          placeholder=${this.say("caption_hint")}
          .value=${caption}
          @input=${(event: Event) => this.change({ caption: (event.target as HTMLTextAreaElement).value })}
        ></textarea>
        ${
          caption.length > CAPTION_MAX - 100
            ? html`<span class="note" role="status"
                >${this.say("caption_left", { count: CAPTION_MAX - caption.length })}</span
              >`
            : nothing
        }
      </div>
      <div class="field">
        <label for="visibility">${this.say("visibility")}</label>
        <select
          id="visibility"
          @change=${(event: Event) => this.change({ visibility: (event.target as HTMLSelectElement).value as Words["visibility"] })}
        >
          ${(["unlisted", "public", "private"] as const).map(
            (kind) => html`<option value=${kind} ?selected=${kind === visibility}>${this.say(kind)}</option>`,
          )}
        </select>
      </div>
      <div class="checks">
        ${this.tick("spoiler", this.say("spoiler"))} ${this.tick("credit_me", this.say("credit"))}
      </div>`;
  }
}

define("gs-moment-words", MomentWords);
