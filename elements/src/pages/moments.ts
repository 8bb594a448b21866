// My moments: share, delete after asking, and watch what is still being made.
import "../components/share-sheet.ts";
import type { ShareSheet } from "../components/share-sheet.ts";
import { Client, Refusal } from "../api.ts";
import { speaker } from "../messages.ts";
import { askAgain } from "../pictures.ts";

const client = new Client();
const sheet = document.querySelector<ShareSheet>("gs-share-sheet");
const said = document.querySelector<HTMLElement>("#said");
const asking = document.querySelector<HTMLDialogElement>("#asking");

askAgain(document.querySelectorAll<HTMLImageElement>(".card .frame img"));

const speak = speaker(document.documentElement.lang);

function wordsOf(error: unknown): string {
  return (error instanceof Refusal && error.message) || speak("failed");
}

const SAID_FOR_MS = 4000;
let fading = 0;

function say(words: string): void {
  if (!said) return;
  said.textContent = words;
  said.toggleAttribute("data-says", words !== "");
  clearTimeout(fading);
  if (words) fading = window.setTimeout(() => say(""), SAID_FOR_MS);
}

async function copyLink(card: HTMLElement, button: HTMLButtonElement): Promise<void> {
  try {
    const share = await client.createShare(card.dataset["code"] ?? "", "copy", null);
    await navigator.clipboard.writeText(share.url);
    button.classList.add("done");
    say(said?.dataset["copied"] ?? "");
  } catch (error) {
    if (error instanceof Refusal || !navigator.onLine) say(wordsOf(error));
    else void sheet?.open({ code: card.dataset["code"] ?? "" });
  }
  setTimeout(() => button.classList.remove("done"), 2500);
}

async function remove(card: HTMLElement): Promise<void> {
  try {
    await client.deleteMoment(card.dataset["id"] ?? "");
  } catch (error) {
    return say(wordsOf(error));
  }
  card.closest("li")?.remove();
  say(said?.dataset["deleted"] ?? "");
  document.querySelector<HTMLElement>("h1")?.focus();
}

function ask(card: HTMLElement): void {
  if (!asking) return;
  asking.querySelector("#asked")!.textContent = card.dataset["name"] ?? "";
  asking.returnValue = "";
  asking.showModal();
  asking.onclose = () => asking.returnValue === "delete" && void remove(card);
}

async function open(card: HTMLElement): Promise<void> {
  try {
    await sheet?.open(await client.moment(card.dataset["id"] ?? ""));
  } catch (error) {
    say(wordsOf(error));
  }
}

for (const card of document.querySelectorAll<HTMLElement>("[data-code]")) {
  card.querySelector<HTMLButtonElement>("[data-copy]")?.addEventListener("click", (event) => {
    void copyLink(card, event.currentTarget as HTMLButtonElement);
  });
  card.querySelector("[data-share]")?.addEventListener("click", () => void open(card));
  card.querySelector("[data-delete]")?.addEventListener("click", () => ask(card));
  const state = card.querySelector<HTMLElement>("[data-state]");
  if (state && card.dataset["id"]) {
    client.followMedia(card.dataset["id"], ({ status, progress }) => {
      if (status === "ready") state.remove();
      else
        state.textContent =
          status === "failed"
            ? (said?.dataset["failed"] ?? "")
            : `${said?.dataset["preparing"]} ${Math.round(progress * 100)} %`;
    });
  }
}

// How many are chosen, said beside what can be done with them.
const many = document.querySelector<HTMLFormElement>("#many");
many?.addEventListener("change", () => {
  const count = many.querySelectorAll("input[name=moment]:checked").length;
  const words = many.querySelector("[data-chosen]");
  if (words) words.textContent = (said?.dataset["chosen"] ?? "{count}").replace("{count}", String(count));
});
