// What every component of ours has: the API it talks to, its language, and how it tells the page what happened.
import { LitElement } from "lit";
import { property } from "lit/decorators.js";
import {
  Client,
  Refusal,
  type BarrierKind,
  type Moment,
  type MomentMedia,
  type ReactionKind,
  type Share,
  type Standing,
} from "./api.ts";
import { directionOf, loadMessages, speaker, type Say } from "./messages.ts";

/** Where a viewer got to: the details of each event a component sends. */
export interface GroundswellEvents {
  "gs-clip-start": { title: string; at_us: number };
  "gs-clip-change": { start_us: number; end_us: number };
  "gs-clip-created": { moment: Moment };
  "gs-clip-edited": { moment: Moment };
  "gs-clip-shared": { share: Share; channel: string };
  "gs-media": { media: MomentMedia };
  "gs-reacted": { moment: string; kind: ReactionKind | null };
  "gs-followed": { handle: string; state: Standing["state"] };
  "gs-kept-away": { handle: string; kind: BarrierKind };
  "gs-sign-in": { handle: string };
  "gs-unread": { unread: number };
  "gs-notification": { id: string; path: string };
  "gs-clip-denied": { code: string; detail: string };
}

export class GroundswellElement extends LitElement {
  /** Address of the API; empty for the page's own origin. */
  @property() api = "";
  /** The viewer's token; empty to use the page's own session cookie. */
  @property({ attribute: false }) token = "";

  protected get client(): Client {
    return new Client(this.api, this.token || this.getAttribute("token") || "");
  }

  /** The language of the place where it stands: the nearest `lang`, also outside the shadow tree it is in. */
  protected get language(): string {
    return nearest(this, "lang") || "en";
  }

  protected get say(): Say {
    return speaker(this.language);
  }

  /** Which way its text runs: as the page says (`dir`), else as the language is written. */
  protected get direction(): "ltr" | "rtl" {
    const said = nearest(this, "dir");
    return said === "rtl" || said === "ltr" ? said : directionOf(this.language);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void loadMessages(this.language).then((loaded) => loaded && this.requestUpdate());
  }

  /** Tell the page; false when a listener called preventDefault. */
  protected tell<K extends keyof GroundswellEvents>(name: K, detail: GroundswellEvents[K]): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  /** The words of a failure, after telling the page of it. */
  protected denied(error: unknown): string {
    const code = error instanceof Refusal ? error.code : "failed";
    const words = (error instanceof Refusal && error.message) || this.say("failed");
    this.tell("gs-clip-denied", { code, detail: words });
    return words;
  }
}

/** The value of an attribute on the element or what holds it, across the edges of shadow trees. */
function nearest(element: Element, name: string): string {
  for (let at: Node | null = element; at; at = at.parentNode ?? (at instanceof ShadowRoot ? at.host : null)) {
    const value = at instanceof Element ? at.getAttribute(name) : null;
    if (value) return value;
  }
  return "";
}

/** Register a component once, also when two copies of this script are on one page. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
