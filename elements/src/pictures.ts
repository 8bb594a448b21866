// Pictures that are still being made are asked for again.
const TRIES = 15;
const PAUSE_MS = 2000;

/** Ask again for each of `pictures` that did not come, every two seconds for half a minute. */
export function askAgain(pictures: Iterable<HTMLImageElement>): void {
  for (const picture of pictures) {
    let tries = 0;
    const again = () => {
      if (picture.complete && picture.naturalWidth === 0 && tries++ < TRIES)
        setTimeout(() => (picture.src = `${picture.src.split("?")[0]}?again=${tries}`), PAUSE_MS);
    };
    picture.addEventListener("error", again);
    if (picture.loading !== "lazy") again(); // one that is asked for later says itself when it did not come
  }
}
