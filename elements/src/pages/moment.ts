// One of my moments: trim it anew in a player of its own, share it, delete it after asking.
import "../components/moment.ts";
import "../components/share-sheet.ts";
import "../components/trimmer.ts";
import type { ShareSheet } from "../components/share-sheet.ts";
import type { Trimmer } from "../components/trimmer.ts";
import { Client, Refusal, type Moment } from "../api.ts";
import { FilmWindow } from "../film-window.ts";
import { speaker } from "../messages.ts";
import { whileBusy } from "../parts.ts";

const sheet = document.querySelector<ShareSheet>("gs-share-sheet");
const trimmer = document.querySelector<Trimmer>("gs-trimmer");
const retrim = document.querySelector<HTMLButtonElement>("button[data-retrim]");

const client = new Client();
const said = document.querySelector<HTMLElement>("#said");

function moment(): Promise<Moment> {
  return client.moment(retrim?.dataset["id"] ?? "");
}

/** What went wrong is said; the button works again. */
function guarded(button: HTMLButtonElement, work: () => Promise<unknown>): void {
  button.addEventListener("click", () =>
    whileBusy(button, async () => {
      try {
        await work();
        if (said) said.textContent = "";
      } catch (error) {
        const words = error instanceof Refusal ? error.message : "";
        if (said) said.textContent = words || speaker(document.documentElement.lang)("failed");
      }
    }),
  );
}

if (retrim) {
  retrim.hidden = false;
  guarded(retrim, async () => {
    const mine = await moment();
    const film = new FilmWindow(new Client(), mine.id, (error) => trimmer?.note(error));
    await trimmer?.open(film.media, retrim.dataset["title"] ?? "", mine, film);
  });
  trimmer?.addEventListener("gs-clip-edited", () => {
    location.assign(`${location.pathname}?done=changed`);
  });
}

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-share]")) {
  button.hidden = false;
  guarded(button, async () => sheet?.open(await moment()));
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
