// The components, for any player's page: they need a media element and a token (or our cookie), nothing else.
import type { ClipButton } from "./components/clip-button.ts";
import type { MomentPlayer } from "./components/moment.ts";
import type { ShareSheet } from "./components/share-sheet.ts";
import type { Trimmer } from "./components/trimmer.ts";
import type { GroundswellEvents } from "./element.ts";

export { fromHls } from "./adapters/hls.ts";
export type { Player } from "./adapters/player.ts";
export { fromShaka } from "./adapters/shaka.ts";
export { fromVideoJs } from "./adapters/video-js.ts";
export type { Moment, Reactions, Share, Standing } from "./api.ts";
export { ClipButton } from "./components/clip-button.ts";
export { MomentPlayer } from "./components/moment.ts";
export { ShareSheet } from "./components/share-sheet.ts";
export { Trimmer } from "./components/trimmer.ts";
export type { GroundswellEvents } from "./element.ts";
export { addMessages, languages, type MessageKey, type Messages } from "./messages.ts";

/** The elements by their tags. */
export interface GroundswellElements {
  "gs-clip-button": ClipButton;
  "gs-moment": MomentPlayer;
  "gs-share-sheet": ShareSheet;
  "gs-trimmer": Trimmer;
}

/**
 * An element's properties and events as JSX has them (React 19, Preact, Solid). In your own types:
 * `declare module "react" { namespace JSX { interface IntrinsicElements extends GroundswellJsx {} } }`
 */
export type GroundswellJsx = {
  [Tag in keyof GroundswellElements]: Partial<Omit<GroundswellElements[Tag], "children" | "style">> & {
    [Name in keyof GroundswellEvents as `on${Name}`]?: (event: CustomEvent<GroundswellEvents[Name]>) => void;
  } & { for?: string; class?: string; id?: string; slot?: string; ref?: unknown; key?: unknown; children?: unknown };
};

type GroundswellEventMap = { [Name in keyof GroundswellEvents]: CustomEvent<GroundswellEvents[Name]> };

declare global {
  interface HTMLElementTagNameMap extends GroundswellElements {}
  interface HTMLElementEventMap extends GroundswellEventMap {}
}
