// The picture that is shown, kept standing over a video while its source changes.

/** A still of `video` over it, or null when there is nothing to be seen yet. Remove it when the video goes on. */
export function stillOf(video: HTMLVideoElement): HTMLCanvasElement | null {
  if (!video.videoWidth || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  const still = document.createElement("canvas");
  [still.width, still.height] = [video.videoWidth, video.videoHeight];
  still.setAttribute("aria-hidden", "true");
  const { objectFit, objectPosition } = getComputedStyle(video);
  const place = { position: "absolute", inset: "0", inlineSize: "100%", blockSize: "100%", pointerEvents: "none" };
  Object.assign(still.style, place, { objectFit, objectPosition });
  still.getContext("2d")?.drawImage(video, 0, 0);
  video.after(still);
  return still;
}
