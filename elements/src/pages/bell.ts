// The bell in the bar: how many notifications are unread, live for as long as the page is looked at.
const bell = document.getElementById("bell");
const badge = bell?.querySelector<HTMLElement>(".site-bell-count");
const plain = bell?.getAttribute("aria-label") ?? "";
let stream: EventSource | null = null;

export function show(unread: number): void {
  if (!bell || !badge) return;
  badge.hidden = unread === 0;
  badge.textContent = unread > 99 ? "99+" : String(unread);
  bell.setAttribute("aria-label", unread ? (bell.dataset["unread"] ?? "").replace("{count}", String(unread)) : plain);
}

/** Browsers keep few connections to one host: a page that nobody looks at takes none. */
function follow(): void {
  if (document.visibilityState !== "visible") {
    stream?.close();
    stream = null;
  } else if (!stream) {
    stream = new EventSource("/v1/notifications/stream");
    stream.onmessage = (event: MessageEvent<string>) => show((JSON.parse(event.data) as { unread: number }).unread);
  }
}

// What is opened from the inbox has been read.
document.getElementById("inbox")?.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLElement>("[data-read]");
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ ids: [link?.dataset["read"]] });
  if (link) void fetch("/v1/notifications/read", { method: "POST", headers, body, keepalive: true });
});

if (bell) {
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => stream?.close());
  follow();
}
