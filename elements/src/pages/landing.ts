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

// What people felt, and who made it: after the clip has begun, which is what one came for.
const people = () => Promise.all([import("../components/reactions.ts"), import("../components/follow-button.ts")]);
setTimeout(() => void people().catch(() => undefined), 300);

askAgain(document.querySelectorAll<HTMLImageElement>(".glow, .spoiler-veil summary img"));
