// The components for React, by @lit/react.
import * as elements from "./index.ts";
import * as wrap from "./react-wrappers.ts";

export const ClipButton = wrap.clipButton(elements.ClipButton);
export const MomentPlayer = wrap.momentPlayer(elements.MomentPlayer);
export const ShareSheet = wrap.shareSheet(elements.ShareSheet);
export const Trimmer = wrap.trimmer(elements.Trimmer);
