// Shaka Player (https://github.com/shaka-project/shaka-player, 4 and 5).
import type { Player } from "./player.ts";

/** What is used of `shaka.Player`. */
export interface ShakaLike {
  getMediaElement(): HTMLMediaElement | null;
  /** Up to 4; since 5, a track is active only when it is shown. */
  isTextTrackVisible?(): boolean;
  getTextTracks(): readonly { readonly active: boolean; readonly language: string }[];
}

/** `button.player = fromShaka(player)` */
export function fromShaka(player: ShakaLike): Player {
  return {
    get media() {
      return player.getMediaElement();
    },
    captions() {
      if (player.isTextTrackVisible?.() === false) return null;
      return player.getTextTracks().find((track) => track.active)?.language ?? null;
    },
  };
}
