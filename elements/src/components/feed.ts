// <gs-feed>: scenes one after another, chosen for whoever looks; swiped on a phone, by arrow keys elsewhere. One plays at
// a time; the one after it is made ready. Each says why it is there, and can be refused.
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { FeedItem, FeedOutcome } from "../api.ts";
import { define, GroundswellElement } from "../element.ts";
import { icons } from "../icons.ts";
import type { MessageKey } from "../messages.ts";
import { theme } from "../theme.ts";
import "./moment.ts";

const WATCHED_MS = 5000;
const ON_SCREEN = 0.6;
/** Items that are left below when more are asked for. */
const AHEAD = 3;
const UPRIGHT = "(max-aspect-ratio: 4/5)";

const WHY = {
  hot: "feed_hot",
  near: "feed_near",
  watching: "feed_watching",
  fresh: "feed_fresh",
} as const satisfies Record<FeedItem["reason"], MessageKey>;

export class Feed extends GroundswellElement {
  @state() private items: FeedItem[] = [];
  @state() private active = 0;
  @state() private ended = false;
  @state() private failed = "";
  @state() private said = "";
  private next: string | null = null;
  private asking = false;
  private watching = 0;
  private readonly told = new Set<string>();
  private readonly upright = matchMedia(UPRIGHT);
  private readonly sight = new IntersectionObserver((seen) => this.look(seen), { threshold: ON_SCREEN });

  static override styles = [
    theme,
    css`
      :host {
        display: block;
        block-size: 100%;
        background: var(--_bg);
      }
      .reel {
        block-size: 100%;
        overflow-y: auto;
        overscroll-behavior: contain;
        scroll-snap-type: y mandatory;
        scrollbar-width: none;
      }
      .reel:focus-visible {
        outline: 3px solid var(--_focus);
        outline-offset: -3px;
      }
      .item {
        position: relative;
        display: grid;
        grid-template-rows: minmax(0, 1fr) auto;
        justify-items: center;
        block-size: 100%;
        padding-block-start: var(--gs-feed-top, 4.5rem);
        scroll-snap-align: start;
        scroll-snap-stop: always;
        overflow: hidden;
      }
      .ground {
        position: absolute;
        inset: -4rem;
        inline-size: calc(100% + 8rem);
        block-size: calc(100% + 8rem);
        object-fit: cover;
        filter: blur(2.5rem) brightness(0.3);
      }
      .screen {
        position: relative;
        block-size: 100%;
        max-inline-size: 94%;
        aspect-ratio: 16 / 9;
        overflow: hidden;
        border-radius: 1rem;
        background: #000;
      }
      .screen > img,
      .screen > gs-moment {
        position: absolute;
        inset: 0;
        inline-size: 100%;
        block-size: 100%;
        object-fit: cover;
      }
      .words {
        position: relative;
        display: grid;
        gap: 0.45rem;
        inline-size: min(94%, 80rem);
        padding-block: 0.9rem max(1.1rem, env(safe-area-inset-bottom));
      }
      .why {
        justify-self: start;
        padding: 0.2em 0.8em;
        border-radius: 999px;
        background: rgb(7 8 12 / 70%);
        color: var(--_accent-strong);
        font-size: 0.85rem;
        font-weight: 600;
      }
      .quote {
        max-inline-size: 40rem;
        font-size: clamp(1.1rem, 1rem + 0.9vw, 1.6rem);
        font-weight: 600;
        line-height: 1.3;
      }
      .of {
        color: var(--_soft);
      }
      .do {
        display: flex;
        flex-wrap: wrap;
        gap: 0.6rem;
        margin-block-start: 0.3rem;
      }
      .do button {
        background: rgb(34 38 52 / 80%);
      }
      .go {
        background: var(--_accent);
        color: var(--_accent-ink);
      }
      .go:hover {
        background: var(--_accent-strong);
      }
      .end {
        grid-template-rows: auto;
        align-content: center;
        gap: 0.8rem;
        padding: var(--gs-feed-top, 4.5rem) 2rem;
        text-align: center;
      }
      .end p {
        color: var(--_soft);
      }
      .steps {
        position: absolute;
        inset-block-start: 50%;
        inset-inline-end: clamp(1rem, 2vw, 2rem);
        display: grid;
        gap: 0.6rem;
        transform: translateY(-50%);
      }
      .steps svg {
        transform: rotate(90deg);
      }
      .told {
        position: absolute;
        inset-block-start: 5rem;
        inset-inline: 0;
        margin-inline: auto;
        inline-size: fit-content;
        padding: 0.6em 1.2em;
        border-radius: 999px;
        background: var(--_overlay);
        font-weight: 600;
      }
      .told:empty {
        display: none;
      }
      :host {
        position: relative;
      }
      @media (max-aspect-ratio: 4/5) {
        .screen {
          inline-size: 100%;
          max-inline-size: 100%;
          aspect-ratio: auto;
          border-radius: 0;
        }
        .steps {
          display: none;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.more();
    addEventListener("keydown", this.press);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.press);
    this.sight.disconnect();
    clearTimeout(this.watching);
  }

  protected override updated(changed: PropertyValues): void {
    for (const item of this.renderRoot.querySelectorAll(".item")) this.sight.observe(item);
    if (changed.has("active") || changed.has("items")) this.arrive();
  }

  private async more(): Promise<void> {
    if (this.asking || this.ended) return;
    this.asking = true;
    try {
      const page = await this.client.feed(this.next);
      const known = new Set(this.items.map((item) => item.scene.id));
      this.items = [...this.items, ...page.items.filter((item) => !known.has(item.scene.id))];
      this.next = page.next ?? null;
      this.ended = page.items.length === 0;
      this.failed = "";
    } catch (error) {
      this.failed = this.denied(error);
    } finally {
      this.asking = false;
    }
  }

  private look(seen: IntersectionObserverEntry[]): void {
    for (const entry of seen)
      if (entry.isIntersecting) this.active = Number((entry.target as HTMLElement).dataset["at"]);
  }

  /** An item has come on screen: tell it, count watching from now, have what comes next made ready. */
  private arrive(): void {
    const item = this.items[this.active];
    if (item && !this.told.has(item.id)) {
      this.told.add(item.id);
      this.tellOf(item, "shown");
      clearTimeout(this.watching);
      this.watching = window.setTimeout(() => this.tellOf(item, "watched"), WATCHED_MS);
    }
    const after = this.items[this.active + 1];
    if (after) void this.client.momentMedia(after.scene.best.code).catch(() => undefined);
    if (this.active + AHEAD >= this.items.length) void this.more();
  }

  private tellOf(item: FeedItem, what: FeedOutcome): void {
    this.client.feedOutcome(item.id, what);
  }

  private step(by: number): void {
    const items = this.renderRoot.querySelectorAll(".item");
    const at = Math.min(Math.max(this.active + by, 0), items.length - 1);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    items[at]?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  }

  private readonly press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowDown: 1, PageDown: 1, j: 1, ArrowUp: -1, PageUp: -1, k: -1 }[event.key];
    const typing = event.composedPath()[0];
    if (!by || typing instanceof HTMLInputElement || typing instanceof HTMLVideoElement) return;
    event.preventDefault();
    this.step(by);
  };

  /** It goes at once: it alone, or all of its title that is still to come. */
  private refuse(item: FeedItem, what: "not_this" | "less_of_title"): void {
    clearTimeout(this.watching);
    this.tellOf(item, what);
    const title = what === "less_of_title" ? item.scene.title.id : null;
    const at = this.items.indexOf(item);
    this.items = this.items.filter((each, n) => each !== item && (n < at || each.scene.title.id !== title));
    this.said = this.say(title ? "feed_less_done" : "feed_not_this_done", { title: item.scene.title.name });
  }

  protected override render(): TemplateResult {
    const role = this.items.length > 0 ? "feed" : "region"; // a feed has articles
    return html`<div class="reel" tabindex="0" role=${role} aria-label=${this.say("feed")} aria-busy=${this.asking}>
        ${repeat(
          this.items,
          (item) => item.id,
          (item, at) => this.renderItem(item, at),
        )}
        ${this.ended || this.failed ? this.renderEnd() : nothing}
      </div>
      <p class="told" role="status">${this.said}</p>
      <div class="steps">
        <button aria-label=${this.say("feed_previous")} @click=${() => this.step(-1)}>${icons.earlier}</button>
        <button aria-label=${this.say("feed_next")} @click=${() => this.step(1)}>${icons.later}</button>
      </div>`;
  }

  private renderItem(item: FeedItem, at: number): TemplateResult {
    const { scene } = item;
    const poster = this.client.address(`${scene.best.url}/poster.jpg`);
    const near = Math.abs(at - this.active) < 2;
    return html`<article class="item" data-at=${at} aria-label=${scene.title.name}>
      ${near ? html`<img class="ground" src=${poster} alt="" />` : nothing}
      <div class="screen">
        ${near ? html`<img src=${poster} alt="" />` : nothing}
        ${
          at === this.active
            ? html`<gs-moment
                code=${scene.best.code}
                api=${this.api}
                token=${this.token || nothing}
                shape=${this.upright.matches ? "vertical" : ""}
                autoplay
              ></gs-moment>`
            : nothing
        }
      </div>
      <div class="words">
        <p class="why">${this.say(WHY[item.reason], { title: scene.title.name })}</p>
        ${scene.quote ? html`<p class="quote" dir="auto">“${scene.quote}”</p>` : nothing}
        <p class="of" dir="auto">${scene.title.name}${item.place ? ` · ${item.place}` : ""}</p>
        <p class="do">
          <a
            class="button go"
            href=${this.client.address(item.continue_url)}
            rel="nofollow"
            @click=${() => this.tellOf(item, "continued")}
            >${icons.play}${this.say("feed_continue")}</a
          >
          <button @click=${() => this.refuse(item, "not_this")}>${icons.close}${this.say("feed_not_this")}</button>
          <button @click=${() => this.refuse(item, "less_of_title")}>
            ${icons.hidden}${this.say("feed_less", { title: scene.title.name })}
          </button>
        </p>
      </div>
    </article>`;
  }

  private renderEnd(): TemplateResult {
    return html`<section class="item end" data-at=${this.items.length}>
      <div>
        <h2>${this.failed || this.say("feed_end")}</h2>
        ${this.failed ? nothing : html`<p>${this.say("feed_end_hint")}</p>`}
      </div>
    </section>`;
  }
}

define("gs-feed", Feed);
