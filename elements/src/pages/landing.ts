// A landing page works without this; with it the clip starts by itself, reports its play, and can be passed on.
import "../components/moment.ts";
import { askAgain } from "../pictures.ts";
import type { MomentPlayer } from "../components/moment.ts";
import type { ShareSheet } from "../components/share-sheet.ts";

const sheet = document.querySelector<ShareSheet>("gs-share-sheet");
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-share]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    // Most who land here only watch: the sheet is loaded for those who pass it on.
    await import("../components/share-sheet.ts");
    await sheet?.open().finally(() => (button.disabled = false));
  });
}

// Whoever opens the veil over the clip has seen that it spoils: the words open with it, and the clip plays.
const veil = document.querySelector<HTMLDetailsElement>("details.spoiler-veil");
veil?.addEventListener("toggle", () => {
  document.querySelector<HTMLDetailsElement>("details.spoiler-words")?.setAttribute("open", "");
  const player = veil.querySelector<MomentPlayer>("gs-moment");
  void player?.querySelector("video")?.play().catch(() => undefined);
  player?.querySelector("video")?.focus();
});

askAgain(document.querySelectorAll<HTMLImageElement>(".glow, .spoiler-veil summary img"));
