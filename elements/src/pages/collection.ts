// A collection works without this; with it one part follows the other.
import "../components/moment.ts";
import type { MomentPlayer } from "../components/moment.ts";

const player = document.querySelector<MomentPlayer>("gs-moment");
const next = document.querySelector<HTMLElement>("[data-next]")?.dataset["next"];

const veil = document.querySelector<HTMLDetailsElement>("details.spoiler-veil");
veil?.addEventListener("toggle", () => player?.play());

if (player && next)
  new MutationObserver(() => player.hasAttribute("over") && location.assign(next)).observe(player, {
    attributeFilter: ["over"],
  });
