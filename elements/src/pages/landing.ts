// A landing page works without this; with it the clip starts by itself, reports its play, and can be passed on.
import "../components/moment.ts";
import { part, whileBusy } from "../parts.ts";
import { askAgain } from "../pictures.ts";
import type { MomentPlayer } from "../components/moment.ts";
import type { ShareSheet } from "../components/share-sheet.ts";

const sheet = document.querySelector<ShareSheet>("gs-share-sheet");
const said = document.querySelector<HTMLElement>("#said");

// Most who land here only watch: the sheet is loaded for those who pass it on.
async function passOn(): Promise<void> {
  if (said) said.textContent = "";
  try {
    await part(() => import("../components/share-sheet.ts"));
    await sheet?.open();
  } catch (error) {
    if (said) said.textContent = said.dataset["failed"] ?? "";
    throw error;
  }
}

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-share]")) {
  button.hidden = false;
  button.addEventListener("click", () => void whileBusy(button, passOn));
}

// Whoever opens the veil over the clip has seen that it spoils: the words open with it, and the clip plays.
const veil = document.querySelector<HTMLDetailsElement>("details.spoiler-veil");
veil?.addEventListener("toggle", () => {
  document.querySelector<HTMLDetailsElement>("details.spoiler-words")?.setAttribute("open", "");
  const player = veil.querySelector<MomentPlayer>("gs-moment");
  player?.play();
  player?.querySelector("video")?.focus();
});

// What people felt and say, and who made it: each when its place comes near the screen, yet not before the clip has begun,
// which is what one came for, or somebody does something.
const loads = {
  "gs-reactions": () => import("../components/reactions.ts"),
  "gs-follow-button": () => import("../components/follow-button.ts"),
  "gs-comments": () => import("../components/comments.ts"),
};

function people(): void {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        void part<unknown>(loads[target.localName as keyof typeof loads]).catch(() => undefined);
      }
    },
    { rootMargin: "400px 0px" },
  );
  for (const place of document.querySelectorAll(Object.keys(loads).join())) near.observe(place);
}

const DOES = ["pointermove", "pointerdown", "keydown", "focusin", "scroll"] as const;
const PLAYED_S = 1;
const LATEST_MS = 6000;
const waiting = new AbortController();
const begun = () => {
  if (waiting.signal.aborted) return;
  waiting.abort();
  people();
};
for (const name of DOES) addEventListener(name, begun, { signal: waiting.signal, passive: true });
document
  .querySelector(".stage video")
  ?.addEventListener("timeupdate", (event) => (event.target as HTMLVideoElement).currentTime > PLAYED_S && begun(), {
    signal: waiting.signal,
  });
setTimeout(begun, LATEST_MS);

askAgain(document.querySelectorAll<HTMLImageElement>(".glow, .spoiler-veil summary img"));
