// Watching a title: start at the second asked for, subtitles from the title's lines, tell how far one has got, full screen
// with the clip button in it, and a start without sound where a browser lets nothing else begin by itself.
import "../index.ts";
import type { ClipButton } from "../components/clip-button.ts";
import { Client } from "../api.ts";
import { settle } from "../player/span.ts";
import { SECOND } from "../times.ts";
import type { Title } from "../title.ts";

const REPORT_EVERY_MS = 10_000;
const client = new Client();

/** There from the beginning: whoever clips before the lines have come is known to read this language. */
function makeSubtitles(video: HTMLVideoElement): TextTrack {
  const track = video.addTextTrack("captions", video.dataset["subtitles"] ?? "", "en");
  track.mode = "showing";
  return track;
}

function addLines(track: TextTrack, title: Title): void {
  for (const line of title.lines) {
    const cue = new VTTCue(line.start / SECOND, line.end / SECOND, line.text);
    settle(cue);
    track.addCue(cue);
  }
}

/** While one trims, the film is wherever the handles are. */
function isTrimming(): boolean {
  const button = document.querySelector<ClipButton>("gs-clip-button");
  return Boolean(button?.renderRoot.querySelector("gs-trimmer")?.shadowRoot?.querySelector("dialog[open]"));
}

function reportProgress(video: HTMLVideoElement, slug: string): void {
  let told = 0;
  const tell = () => {
    const position = Math.round(video.currentTime * SECOND);
    if (position === told || isTrimming()) return;
    told = position;
    client.reached(slug, position);
  };
  setInterval(() => !video.paused && !video.seeking && tell(), REPORT_EVERY_MS);
  addEventListener("pagehide", () => video.played.length > 0 && tell());
}

/** It plays with sound, else without, else when it is pressed; what is left to do is shown. */
async function begin(video: HTMLVideoElement): Promise<void> {
  const sound = document.querySelector<HTMLButtonElement>("[data-sound]");
  const start = document.querySelector<HTMLButtonElement>("[data-begin]");
  const show = () => {
    if (sound) sound.hidden = !video.muted || video.paused;
    if (start) start.hidden = !video.paused || video.played.length > 0;
  };
  sound?.addEventListener("click", () => (video.muted = false));
  start?.addEventListener("click", () => void video.play().catch(() => undefined));
  for (const name of ["play", "pause", "volumechange"]) video.addEventListener(name, show);
  try {
    await video.play();
  } catch {
    video.muted = true;
    await video.play().catch(() => (video.muted = false));
  }
  show();
}

/** Full screen of the theatre rather than of the video alone: there one can clip too. */
function fullScreen(theatre: HTMLElement, video: HTMLVideoElement): void {
  const button = document.querySelector<HTMLButtonElement>("[data-full]");
  const clip = document.querySelector<ClipButton>("gs-clip-button");
  const home = clip?.parentElement;
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (document.fullscreenElement) return void document.exitFullscreen();
    if (theatre.requestFullscreen) return void theatre.requestFullscreen().catch(() => undefined);
    (video as HTMLVideoElement & { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  });
  theatre.addEventListener("fullscreenchange", () => {
    const full = document.fullscreenElement === theatre;
    button.ariaPressed = String(full);
    if (clip && home) (full ? theatre.querySelector(".over-film") : home)?.append(clip);
  });
}

const video = document.querySelector<HTMLVideoElement>("#player");
if (video) {
  const slug = video.dataset["title"] ?? "";
  const start = Number(video.dataset["start"] ?? 0);
  // The fragment `#t=` does this where it is understood; elsewhere it is done here.
  const seek = () => Math.abs(video.currentTime - start) > 1 && (video.currentTime = start);
  if (video.readyState >= 1) seek();
  else video.addEventListener("loadedmetadata", seek, { once: true });
  reportProgress(video, slug);
  void begin(video);
  const theatre = video.closest<HTMLElement>(".theatre");
  if (theatre) fullScreen(theatre, video);
  const subtitles = makeSubtitles(video);
  client.title(slug).then(
    (title) => addLines(subtitles, title),
    () => undefined,
  );
  addEventListener("keydown", (event) => {
    const elsewhere = (event.composedPath()[0] as Element).matches?.("input, textarea, select, button, [role=slider]");
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key.toLowerCase() !== "c" || elsewhere || !plain || document.querySelector("dialog[open]")) return;
    if (!isTrimming()) void document.querySelector<ClipButton>("gs-clip-button")?.start();
  });
}
