// Shows what is pushed, once, and opens what it is about.
const SHOWN = "gs-pushed";
const KEPT = 200;

/** Whether a message was shown before: push services may deliver one twice. */
async function shownBefore(id) {
  const cache = await caches.open(SHOWN);
  const key = `/push-worker.js?shown=${encodeURIComponent(id)}`;
  if (await cache.match(key)) return true;
  await cache.put(key, new Response(""));
  const known = await cache.keys();
  await Promise.all(known.slice(0, Math.max(0, known.length - KEPT)).map((old) => cache.delete(old)));
  return false;
}

async function show(message) {
  if (await shownBefore(message.id)) return;
  await self.registration.showNotification(message.title, {
    body: message.body,
    tag: message.tag,
    lang: message.lang,
    dir: message.dir,
    icon: "/static/icon.svg",
    data: { url: message.url },
  });
}

async function open(url) {
  const target = new URL(url, self.location.origin);
  if (target.origin !== self.location.origin) return;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((each) => new URL(each.url).pathname === target.pathname);
  if (there) await there.focus();
  else await self.clients.openWindow(target.href);
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});
