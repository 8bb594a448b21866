// The components, for any player's page: they need a media element and a token (or our cookie), nothing else.
export { ClipButton } from "./components/clip-button.ts";
export { MomentPlayer } from "./components/moment.ts";
export { ShareSheet } from "./components/share-sheet.ts";
export { Trimmer } from "./components/trimmer.ts";
export { addMessages, english, type MessageKey, type Messages } from "./messages.ts";
export type { GroundswellEvents } from "./element.ts";
