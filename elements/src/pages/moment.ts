// One of my moments: trim it anew in a player of its own, share it, delete it after asking.
import "../components/moment.ts";
import "../components/share-sheet.ts";
import "../components/trimmer.ts";
import type { ShareSheet } from "../components/share-sheet.ts";
import type { Trimmer } from "../components/trimmer.ts";
import type { Moment } from "../api.ts";

const sheet = document.querySelector<ShareSheet>("gs-share-sheet");
const trimmer = document.querySelector<Trimmer>("gs-trimmer");
const retrim = document.querySelector<HTMLButtonElement>("button[data-retrim]");

async function moment(): Promise<Moment> {
  return (await fetch(`/v1/moments/${retrim?.dataset["id"]}`)).json();
}

/** The whole title, unseen and unheard, for the trimmer to look at. */
function film(slug: string): HTMLVideoElement {
  const video = document.createElement("video");
  Object.assign(video, { src: `/v1/titles/${slug}/media.mp4`, preload: "auto", playsInline: true });
  return video;
}

if (retrim) {
  retrim.hidden = false;
  let video: HTMLVideoElement | null = null;
  retrim.addEventListener("click", async () => {
    const slug = retrim.dataset["title"] ?? "";
    video ??= film(slug);
    await trimmer?.open(video, slug, await moment());
  });
  trimmer?.addEventListener("gs-clip-edited", () => {
    location.assign(`${location.pathname}?done=changed`);
  });
}

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-share]")) {
  button.hidden = false;
  button.addEventListener("click", async () => sheet?.open(await moment()));
}

// Without this, the button deletes at once; with it, it asks.
const asking = document.querySelector<HTMLDialogElement>("#asking");
document.querySelector<HTMLButtonElement>("button[data-delete]")?.addEventListener("click", (event) => {
  if (!asking || asking.returnValue === "delete") return;
  event.preventDefault();
  const button = event.currentTarget as HTMLButtonElement;
  asking.showModal();
  asking.onclose = () => asking.returnValue === "delete" && button.form?.requestSubmit(button);
});
