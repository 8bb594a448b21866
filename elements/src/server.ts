// What a page's server gets when it imports the components: the same names, which do nothing. Elements are made in
// browsers; rendering on a server writes their tags as they are.
import { ServerElement } from "./server-element.ts";

export { fromHls } from "./adapters/hls.ts";
export { fromShaka } from "./adapters/shaka.ts";
export { fromVideoJs } from "./adapters/video-js.ts";
export { addMessages, languages } from "./messages.ts";

export class ClipButton extends ServerElement {}
export class MomentPlayer extends ServerElement {}
export class ShareSheet extends ServerElement {}
export class Trimmer extends ServerElement {}
