// What every component of ours has: the API it talks to, its language, and how it tells the page what happened.
import { LitElement } from "lit";
import { property } from "lit/decorators.js";
import { Client, Refusal } from "./api.ts";
import { speaker, type Say } from "./messages.ts";

/** Where a viewer got to: the details of each event a component sends. */
export interface GroundswellEvents {
  "gs-clip-start": { title: string; at_us: number };
  "gs-clip-change": { start_us: number; end_us: number };
  "gs-clip-created": { moment: unknown };
  "gs-clip-shared": { share: unknown; channel: string };
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

  protected get say(): Say {
    return speaker(this.closest("[lang]")?.getAttribute("lang") ?? document.documentElement.lang ?? "en");
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

/** Register a component once, also when two copies of this script are on one page. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
