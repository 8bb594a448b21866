// What the components want to know of a player: the element that plays, and in which language its subtitles are on.
// A plain media element needs no adapter; hls.js, Video.js and Shaka keep their subtitles to themselves, so each has
// one. None of them is imported: the page brings its own player, of whichever version.

export interface Player {
  readonly media: HTMLMediaElement | null;
  /** The language (BCP 47) of the subtitles that are on; null when they are off or nobody knows. */
  captions(): string | null;
}

/** The language of the text track that a media element shows. */
export function shownLanguage(media: HTMLMediaElement): string | null {
  const shown = [...media.textTracks].find((track) => track.mode === "showing" && track.kind !== "metadata");
  return shown?.language || null;
}
