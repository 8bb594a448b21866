// HLS in a media element: by hls.js where the browser has Media Source Extensions, else by the browser itself. hls.js
// is fetched only when something is played by it.
import type Hls from "hls.js";

export interface HlsOptions {
  /** Second at which to begin. */
  readonly from: number;
  /** Headers for every request (a viewer's token, on other people's pages). */
  readonly headers: Readonly<Record<string, string>>;
  /** It cannot be played, or no more. */
  readonly onFailure: () => void;
}

/** Play the playlist at `url` in `video`; returns what takes it out again. */
export async function attachHls(video: HTMLMediaElement, url: string, options: HlsOptions): Promise<() => void> {
  const { default: library } = await import("hls.js");
  return library.isSupported() ? byLibrary(library, video, url, options) : byBrowser(video, url, options);
}

function byLibrary(library: typeof Hls, video: HTMLMediaElement, url: string, options: HlsOptions): () => void {
  const hls = new library({
    enableWorker: false, // a page's Content-Security-Policy need not allow workers made from strings
    startPosition: options.from,
    startFragPrefetch: true,
    xhrSetup: (request) =>
      Object.entries(options.headers).forEach(([name, value]) => request.setRequestHeader(name, value)),
  });
  let mended = false;
  hls.on(library.Events.ERROR, (_, error) => {
    if (!error.fatal) return;
    if (error.type !== library.ErrorTypes.MEDIA_ERROR || mended) return options.onFailure();
    mended = true;
    hls.recoverMediaError();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return () => hls.destroy();
}

function byBrowser(video: HTMLMediaElement, url: string, options: HlsOptions): () => void {
  if (!video.canPlayType("application/vnd.apple.mpegurl")) {
    options.onFailure();
    return () => undefined;
  }
  video.addEventListener("error", options.onFailure);
  if (options.from) video.addEventListener("loadedmetadata", () => (video.currentTime = options.from), { once: true });
  video.src = url;
  return () => {
    video.removeEventListener("error", options.onFailure);
    video.removeAttribute("src");
  };
}
