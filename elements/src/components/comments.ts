// <gs-comments>: what people say below a moment, each about a second of it. What is about a second that the reader has not
// reached is there without its words until they ask for it.
import { html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import type { Comment, Comments } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import { theme } from "../theme.ts";
import { SECOND, shortTime } from "../times.ts";
import { commentStyles } from "./comments-styles.ts";
import type { MomentPlayer } from "./moment.ts";

const LONGEST = 1000;
const REASONS = ["spam", "harassment", "hate", "spoiler", "nudity", "violence", "privacy", "other"] as const;

export class CommentList extends GroundswellElement {
  /** Code of the moment. */
  @property() moment = "";
  /** Token of the share by which the viewer came. */
  @property() share = "";
  /** Nobody is signed in: who wants to write is led to `sign-in`. */
  @property({ type: Boolean }) guest = false;
  @property({ attribute: "sign-in" }) signIn = "";
  /** Where in the title the moment begins, in microseconds. */
  @property({ type: Number, attribute: "start-us" }) startUs = 0;

  @state() private items: readonly Comment[] = [];
  @state() private page: Comments | null = null;
  @state() private answering = "";
  @state() private editing = "";
  @state() private reporting = "";
  @state() private said = "";
  @state() private problem = "";
  @state() private busy = false;

  static override styles = [theme, commentStyles];

  override firstUpdated(): void {
    void this.load();
  }

  private get player(): MomentPlayer | null {
    const root = this.getRootNode() as Document | ShadowRoot;
    return root.querySelector<MomentPlayer>(`gs-moment[code="${CSS.escape(this.moment)}"]`);
  }

  /** Who may not see them has none to see. */
  private async load(more = false): Promise<void> {
    const after = more ? (this.page?.next ?? "") : "";
    const page = await this.client.comments(this.moment, this.share, after).catch(() => null);
    this.items = more && page ? [...this.items, ...page.items] : (page?.items ?? []);
    this.page = page;
  }

  private async attempt(work: () => Promise<unknown>, said = ""): Promise<boolean> {
    [this.busy, this.problem, this.said] = [true, "", ""];
    try {
      await work();
      this.said = said;
      return true;
    } catch (error) {
      this.problem = this.denied(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  private async write(event: SubmitEvent, parent: Comment | null): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const fields = new FormData(form);
    const text = String(fields.get("text") ?? "");
    const atUs = parent ? parent.at_us : this.startUs + (this.player?.at ?? 0) * SECOND;
    const spoiler = fields.has("spoiler");
    let held = false;
    const done = await this.attempt(async () => {
      const body = { text, at_us: Math.round(atUs), parent: parent?.id ?? null, spoiler, share: this.share || null };
      const made = await this.client.comment(this.moment, body);
      await this.load();
      held = made.held_for !== null;
    });
    if (!done) return;
    form.reset();
    this.answering = "";
    this.said = this.say(held ? "comment_held" : "comment_written");
  }

  private async change(event: SubmitEvent, comment: Comment): Promise<void> {
    event.preventDefault();
    const text = String(new FormData(event.target as HTMLFormElement).get("text") ?? "");
    if (await this.attempt(async () => this.replace(await this.client.editComment(comment.id, text))))
      this.editing = "";
  }

  private async report(event: SubmitEvent, comment: Comment): Promise<void> {
    event.preventDefault();
    const reason = String(new FormData(event.target as HTMLFormElement).get("reason")) as (typeof REASONS)[number];
    const sent = () => this.client.reportComment(comment.id, reason, this.share);
    if (await this.attempt(sent, this.say("comment_reported"))) this.reporting = "";
  }

  private async reveal(comment: Comment): Promise<void> {
    await this.attempt(async () => this.replace(await this.client.commentWords(comment.id, this.share)));
  }

  private readonly unfolded = new Set<string>();

  private unfold(comment: Comment): void {
    this.unfolded.add(comment.id);
    this.requestUpdate();
  }

  private async answers(comment: Comment): Promise<void> {
    await this.attempt(async () => {
      const last = comment.answers.at(-1);
      const { items } = await this.client.answers(comment.id, this.share, last ? cursorOf(last.id) : "");
      this.replace({ ...comment, answers: [...comment.answers, ...items] });
    });
  }

  /** Put what is known of a comment now in its place; its answers stay. */
  private replace(now: Comment): void {
    const put = (each: Comment): Comment => {
      if (each.id !== now.id) return { ...each, answers: each.answers.map(put) };
      return now.answers.length > 0 ? now : { ...now, answers: each.answers, answer_count: each.answer_count };
    };
    this.items = this.items.map(put);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { page } = this;
    if (!page?.open) return nothing;
    return html`<section aria-labelledby="head" dir=${this.direction}>
      <h2 id="head">${this.say("comments")} <span>${page.total.toLocaleString(this.language)}</span></h2>
      ${this.guest ? this.renderInvitation() : this.renderForm(null)}
      <p class=${this.problem ? "refusal" : "note"} role="status">${this.problem || this.said}</p>
      <ol>
        ${this.items.map((each) => html`<li>${this.renderComment(each)} ${this.renderAnswers(each)}</li>`)}
      </ol>
      ${
        page.next
          ? html`<button class="outline" type="button" ?disabled=${this.busy} @click=${() => this.load(true)}>
              ${this.say("comments_more")}
            </button>`
          : nothing
      }
    </section>`;
  }

  private renderInvitation(): TemplateResult {
    return html`<p class="invitation">
      <a class="button outline" href=${this.signIn || "#"} rel="nofollow">${this.say("comment_sign_in")}</a>
    </p>`;
  }

  private renderForm(parent: Comment | null): TemplateResult {
    const label = this.say(parent ? "comment_answer" : "comment_write");
    return html`<form class="write" @submit=${(event: SubmitEvent) => this.write(event, parent)}>
      <textarea
        name="text"
        rows="1"
        required
        dir="auto"
        maxlength=${LONGEST}
        aria-label=${label}
        placeholder=${label}
      ></textarea>
      <div class="under">
        ${
          parent
            ? nothing
            : html`<label class="check"><input type="checkbox" name="spoiler" />${this.say("comment_spoiler")}</label>`
        }
        <button class="primary" ?disabled=${this.busy}>${this.say("comment_send")}</button>
      </div>
    </form>`;
  }

  private renderAnswers(comment: Comment): TemplateResult | typeof nothing {
    const left = comment.answer_count - comment.answers.length;
    if (comment.answers.length === 0 && this.answering !== comment.id) return nothing;
    return html`<ol class="answers">
      ${comment.answers.map((each) => html`<li>${this.renderComment(each)}</li>`)}
      ${
        left > 0
          ? html`<li>
              <button class="text" type="button" @click=${() => this.answers(comment)}>
                ${this.say("answers_more", { count: left })}
              </button>
            </li>`
          : nothing
      }
      ${this.answering === comment.id ? html`<li>${this.renderForm(comment)}</li>` : nothing}
    </ol>`;
  }

  private renderComment(comment: Comment): TemplateResult {
    const time = shortTime(Math.max(0, comment.at_us - this.startUs));
    if (comment.deleted) return html`<p class="gone">${this.say("comment_gone")}</p>`;
    if (comment.veiled)
      return html`<p class="veiled">
        ${icons.hidden}<span>${this.say("comment_veiled")}</span>
        <button class="text" type="button" @click=${() => this.reveal(comment)}>${this.say("comment_show")}</button>
      </p>`;
    if (comment.collapsed && !this.unfolded.has(comment.id))
      return html`<p class="veiled">
        ${icons.hidden}<span>${this.say("comment_collapsed")}</span>
        <button class="text" type="button" @click=${() => this.unfold(comment)}>${this.say("comment_show")}</button>
      </p>`;
    return html`<article>
      <span class="face" aria-hidden="true">${(comment.by?.name ?? "?").slice(0, 1).toUpperCase()}</span>
      <div>
        <p class="by">
          ${this.renderName(comment)}
          ${comment.by_maker ? html`<span class="tag">${this.say("comment_maker")}</span>` : nothing}
          ${comment.pinned ? html`<span class="tag">${this.say("comment_pinned")}</span>` : nothing}
          <button
            class="at"
            type="button"
            aria-label=${this.say("comment_at", { time })}
            @click=${() => this.go(comment)}
          >
            ${time}
          </button>
          <time datetime=${comment.created_at}>${ago(comment.created_at, this.language)}</time>
          ${comment.edited_at ? html`<span>${this.say("comment_edited")}</span>` : nothing}
        </p>
        ${
          this.editing === comment.id
            ? this.renderEdit(comment)
            : html`<p class="text-of" dir="auto">${unsafeHTML(comment.html ?? "")}</p>`
        }
        ${comment.held_for ? html`<p class="held">${this.say("comment_waits")}</p>` : nothing}
        ${this.renderActions(comment)} ${this.reporting === comment.id ? this.renderReport(comment) : nothing}
      </div>
    </article>`;
  }

  private renderName({ by, look_alike }: Comment): TemplateResult {
    const name = by?.url
      ? html`<a href=${by.url} dir="auto">${by.name}</a>`
      : html`<b dir="auto">${by?.name ?? ""}</b>`;
    return html`${name}${look_alike ? html` <bdi class="handle" dir="ltr">@${by?.handle}</bdi>` : nothing}`;
  }

  private renderEdit(comment: Comment): TemplateResult {
    return html`<form class="write" @submit=${(event: SubmitEvent) => this.change(event, comment)}>
      <textarea name="text" rows="2" required dir="auto" maxlength=${LONGEST} aria-label=${this.say("comment_edit")}>
${comment.text ?? ""}</textarea>
      <div class="under">
        <button type="button" class="quiet" @click=${() => (this.editing = "")}>${this.say("cancel")}</button>
        <button class="primary" ?disabled=${this.busy}>${this.say("comment_save")}</button>
      </div>
    </form>`;
  }

  private renderReport(comment: Comment): TemplateResult {
    return html`<form class="report" @submit=${(event: SubmitEvent) => this.report(event, comment)}>
      <select name="reason" aria-label=${this.say("comment_report")}>
        ${REASONS.map((reason) => html`<option value=${reason}>${this.say(`reason_${reason}`)}</option>`)}
      </select>
      <button class="outline">${this.say("comment_report_send")}</button>
    </form>`;
  }

  private renderActions(comment: Comment): TemplateResult {
    const keeper = this.page?.keeper ?? false;
    const act = (key: Parameters<typeof this.say>[0], run: () => unknown) =>
      html`<button class="text" type="button" @click=${run}>${this.say(key)}</button>`;
    const then = (work: () => Promise<unknown>) => () => this.attempt(async () => (await work(), this.load()));
    const { client } = this;
    return html`<p class="actions">
      ${
        !this.guest && !comment.parent && !comment.held_for
          ? act("comment_reply", () => (this.answering = this.answering === comment.id ? "" : comment.id))
          : nothing
      }
      ${comment.mine ? act("comment_edit", () => (this.editing = comment.id)) : nothing}
      ${
        keeper && comment.held_for
          ? act(
              "comment_release",
              then(() => client.releaseComment(comment.id)),
            )
          : nothing
      }
      ${
        keeper && !comment.held_for
          ? act(
              comment.collapsed ? "comment_unfold" : "comment_collapse",
              then(() => client.collapseComment(comment.id, !comment.collapsed)),
            )
          : nothing
      }
      ${
        keeper && !comment.parent && !comment.held_for
          ? act(
              comment.pinned ? "comment_unpin" : "comment_pin",
              then(() => client.pinComment(comment.id, !comment.pinned)),
            )
          : nothing
      }
      ${
        comment.mine || keeper
          ? act(
              "comment_delete",
              then(() => client.deleteComment(comment.id)),
            )
          : nothing
      }
      ${
        comment.mine
          ? nothing
          : act("comment_report", () => (this.reporting = this.reporting === comment.id ? "" : comment.id))
      }
    </p>`;
  }

  /** Show the second that it is about. */
  private go(comment: Comment): void {
    this.player?.look((comment.at_us - this.startUs) / SECOND, comment.at_us);
  }
}

/** The cursor after a comment: what the API makes of its id. */
function cursorOf(id: string): string {
  const bytes = id.replaceAll("-", "").match(/../g) ?? [];
  const text = String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16)));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

function ago(instant: string, language: string): string {
  const seconds = (Date.now() - Date.parse(instant)) / 1000;
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["minute", 60];
  if (seconds > 30 * 86_400) return new Date(instant).toLocaleDateString(language);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }).format(
    -Math.floor(seconds / size),
    unit,
  );
}

define("gs-comments", CommentList);
