// Shaka Player (https://github.com/shaka-project/shaka-player, 4).
import type { Player } from "./player.ts";

/** What is used of `shaka.Player`. */
export interface ShakaLike {
  getMediaElement(): HTMLMediaElement | null;
  isTextTrackVisible(): boolean;
  getTextTracks(): readonly { readonly active: boolean; readonly language: string }[];
}

/** `button.player = fromShaka(player)` */
export function fromShaka(player: ShakaLike): Player {
  return {
    get media() {
      return player.getMediaElement();
    },
    captions() {
      if (!player.isTextTrackVisible()) return null;
      return player.getTextTracks().find((track) => track.active)?.language ?? null;
    },
  };
}
