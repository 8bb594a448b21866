// Tells how long a video is really watched: while it plays, moves on, and can be seen; never faster than time goes.

/** A play counts from here on. */
export const EARNED_MS = 5_000;

const BEAT_MS = 500;

/** Call `earned` once, with how long was watched, as soon as that is `EARNED_MS`; returns what gives up waiting. */
export function onWatched(video: HTMLVideoElement, earned: (watchedMs: number) => void): () => void {
  let [watched, before, place] = [0, performance.now(), video.currentTime];
  const beat = setInterval(() => {
    const [now, at] = [performance.now(), video.currentTime];
    const moved = !video.paused && !video.seeking && at !== place;
    if (moved && !document.hidden) watched += Math.min(now - before, 2 * BEAT_MS);
    [before, place] = [now, at];
    if (watched < EARNED_MS) return;
    clearInterval(beat);
    earned(Math.floor(watched));
  }, BEAT_MS);
  return () => clearInterval(beat);
}
