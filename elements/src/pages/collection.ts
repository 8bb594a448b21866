// A collection works without this; with it one part follows the other.
import "../components/moment.ts";
import type { MomentPlayer } from "../components/moment.ts";

const veil = document.querySelector<HTMLDetailsElement>("details.spoiler-veil");
veil?.addEventListener("toggle", () => veil.querySelector<MomentPlayer>("gs-moment")?.play());

const next = document.querySelector<HTMLElement>("[data-next]")?.dataset["next"];
// The event of the film within does not leave the component, so that it is looked for on its way down.
document.addEventListener("gs-ended", () => next && location.assign(next));
