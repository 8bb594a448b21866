// The components, for any player's page: they need a media element and a token (or our cookie), nothing else.
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
