// A collection works without this; with it one part follows the other.
import "../components/moment.ts";
import type { MomentPlayer } from "../components/moment.ts";

const player = document.querySelector<MomentPlayer>("gs-moment");
const next = document.querySelector<HTMLElement>("[data-next]")?.dataset["next"];

const veil = document.querySelector<HTMLDetailsElement>(".playing details.spoiler-veil");
veil?.addEventListener("toggle", () => player?.play());

if (player && next)
  new MutationObserver(() => player.hasAttribute("over") && location.assign(next)).observe(player, {
    attributeFilter: ["over"],
  });

const supercut = document.querySelector<HTMLElement>("[data-supercut]");
const film = supercut?.querySelector("video");

supercut?.addEventListener("click", (event) => {
  const chapter = (event.target as Element).closest<HTMLElement>("[data-begin]");
  if (!chapter || !film) return;
  event.preventDefault();
  const over = film.closest("details");
  if (over) over.open = true;
  film.currentTime = Number(chapter.dataset["begin"]) / 1_000_000;
  void film.play().catch(() => undefined);
});

const WAITS = ["queued", "rendering"];
const LOOK_AGAIN_MS = 2000;

async function look(code: string, progress: HTMLProgressElement | null) {
  const answer = await fetch(`/v1/collections/${code}/supercut`).catch(() => undefined);
  const found: unknown = answer?.ok ? await answer.json() : undefined;
  const said = found as { status: string; progress: number } | undefined;
  if (said && !WAITS.includes(said.status)) return location.reload();
  if (said && progress) progress.value = said.progress;
  setTimeout(() => void look(code, progress), LOOK_AGAIN_MS);
}

if (supercut && WAITS.includes(supercut.dataset["supercut"] ?? ""))
  void look(supercut.dataset["code"] ?? "", supercut.querySelector("progress"));
