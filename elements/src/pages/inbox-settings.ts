// Pushes to this browser: begun and ended here. And the time zone of the clocks that somebody has before them.
const zone = document.querySelector<HTMLSelectElement>("#time_zone[data-guess]");
if (zone) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === here)) zone.value = here;
}

const section = document.getElementById("push");
const said = document.getElementById("push-said");
const begin = document.getElementById("push-begin");
const end = document.getElementById("push-end");
const headers = { "Content-Type": "application/json" };

function tell(what: string, on: boolean): void {
  if (!section || !said || !begin || !end) return;
  said.textContent = section.dataset[what] ?? "";
  begin.hidden = on;
  end.hidden = !on;
  begin.parentElement?.removeAttribute("hidden");
}

async function registration(): Promise<ServiceWorkerRegistration> {
  await navigator.serviceWorker.register("/push-worker.js");
  return navigator.serviceWorker.ready;
}

async function subscribe(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") return tell("denied", false);
  const { key } = (await (await fetch("/v1/notifications/push-key")).json()) as { key: string };
  const manager = (await registration()).pushManager;
  const made = await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const body = JSON.stringify({ ...made.toJSON(), key, language: document.documentElement.lang });
  const answer = await fetch("/v1/notifications/push-subscriptions", { method: "POST", headers, body });
  if (!answer.ok) await made.unsubscribe();
  tell(answer.ok ? "on" : "failed", answer.ok);
}

async function unsubscribe(): Promise<void> {
  const made = await (await registration()).pushManager.getSubscription();
  const known = (await (await fetch("/v1/notifications/push-subscriptions")).json()) as {
    id: string;
    endpoint: string;
  }[];
  const mine = known.find((each) => each.endpoint === made?.endpoint);
  if (mine) await fetch(`/v1/notifications/push-subscriptions/${mine.id}`, { method: "DELETE" });
  await made?.unsubscribe();
  tell("off", false);
}

export async function look(): Promise<void> {
  const made = await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();
  if (Notification.permission === "denied") tell("denied", false);
  else tell(made ? "on" : "off", Boolean(made));
}

if (section && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  begin?.addEventListener("click", () => void subscribe().catch(() => tell("failed", false)));
  end?.addEventListener("click", () => void unsubscribe().catch(() => tell("failed", true)));
  void look();
}
