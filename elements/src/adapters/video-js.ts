// Video.js (https://videojs.com, 7 and 8).
import type { Player } from "./player.ts";

/** What is used of a Video.js player. */
export interface VideoJsLike {
  el(): Element | null;
  textTracks(): ArrayLike<{ readonly kind: string; readonly language: string; readonly mode: string }>;
}

/** `button.player = fromVideoJs(videojs("my-player"))` */
export function fromVideoJs(player: VideoJsLike): Player {
  return {
    get media() {
      const root = player.el();
      return root instanceof HTMLMediaElement ? root : (root?.querySelector<HTMLMediaElement>("video, audio") ?? null);
    },
    captions() {
      const tracks = Array.from(player.textTracks());
      return tracks.find(({ kind, mode }) => mode === "showing" && kind !== "metadata")?.language || null;
    },
  };
}
