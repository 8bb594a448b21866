// Watching a title: start at the second asked for, subtitles from the title's lines, and tell how far one has got.
import "../index.ts";
import type { ClipButton } from "../components/clip-button.ts";
import { Client, type Title } from "../api.ts";
import { SECOND } from "../times.ts";

const REPORT_EVERY_MS = 10_000;
const client = new Client();

function addSubtitles(video: HTMLVideoElement, title: Title): void {
  const track = video.addTextTrack("captions", "Subtitles", "en");
  for (const line of title.lines) {
    const cue = new VTTCue(line.start / SECOND, line.end / SECOND, line.text);
    cue.line = -2; // clear of the player's controls
    track.addCue(cue);
  }
  track.mode = "showing";
}

function reportProgress(video: HTMLVideoElement, slug: string): void {
  let told = 0;
  const tell = () => {
    const position = Math.round(video.currentTime * SECOND);
    if (position <= told) return;
    told = position;
    const body = JSON.stringify({ title: slug, position_us: position });
    const headers = { "Content-Type": "application/json" };
    void fetch("/v1/progress", { method: "PUT", headers, body, keepalive: true }).catch(() => undefined);
  };
  setInterval(() => !video.paused && !video.seeking && tell(), REPORT_EVERY_MS);
  addEventListener("pagehide", tell);
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
  void client.title(slug).then((title) => addSubtitles(video, title));
  addEventListener("keydown", (event) => {
    const elsewhere = (event.composedPath()[0] as Element).matches?.("input, textarea, select, button, [role=slider]");
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key.toLowerCase() !== "c" || elsewhere || !plain || document.querySelector("dialog[open]")) return;
    const button = document.querySelector<ClipButton>("gs-clip-button");
    if (button && !button.renderRoot.querySelector("gs-trimmer")?.shadowRoot?.querySelector("dialog[open]")) void button.start();
  });
}
