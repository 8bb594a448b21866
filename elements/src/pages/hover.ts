// Cards that move when one lingers on them: a silent preview over the still, unless less motion is wished for.
const LINGER_MS = 350;

function preview(card: HTMLElement): void {
  let waiting = 0;
  let video: HTMLVideoElement | null = null;
  const begin = () => {
    waiting = window.setTimeout(() => {
      video = document.createElement("video");
      Object.assign(video, { src: card.dataset["preview"], muted: true, loop: true, playsInline: true });
      video.setAttribute("aria-hidden", "true");
      card.querySelector(".frame img")?.after(video);
      video.addEventListener("error", end);
      void video.play().catch(() => undefined);
    }, LINGER_MS);
  };
  const end = () => {
    clearTimeout(waiting);
    video?.remove();
    video = null;
  };
  card.addEventListener("pointerenter", begin);
  card.addEventListener("pointerleave", end);
  card.addEventListener("focusin", begin);
  card.addEventListener("focusout", end);
}

if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
  document.querySelectorAll<HTMLElement>("[data-preview]").forEach(preview);
}
