// hls.js (https://github.com/video-dev/hls.js, 1.x).
import { shownLanguage, type Player } from "./player.ts";

/** What is used of `Hls`. */
export interface HlsLike {
  readonly media: HTMLMediaElement | null;
  readonly subtitleTrack: number;
  readonly subtitleDisplay?: boolean;
  readonly subtitleTracks: readonly { readonly lang?: string | undefined }[];
}

/** `button.player = fromHls(hls)` */
export function fromHls(hls: HlsLike): Player {
  return {
    get media() {
      return hls.media;
    },
    captions() {
      const chosen = hls.subtitleDisplay === false ? undefined : hls.subtitleTracks[hls.subtitleTrack];
      return chosen?.lang ?? (hls.media && shownLanguage(hls.media));
    },
  };
}
