// What the bell asks of the API: the count as it changes, the newest in its language, and what was read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../src/api.ts";
import { english } from "../src/messages.ts";
import { json, serve } from "./server.ts";

test("counts come as they change, until whoever listens leaves", async () => {
  await using service = await serve((_, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write('retry: 5000\n\ndata: {"unread": 3}\n\n: nothing new\n\nda');
    setTimeout(() => response.write('ta: {"unread": 4}\n\n'), 20);
  });
  const heard: number[] = [];
  const gone = new AbortController();
  const listening = new Client(service.url, "token").unread((unread) => {
    heard.push(unread);
    if (heard.length === 2) gone.abort();
  }, gone.signal);
  await assert.rejects(listening, { name: "AbortError" });
  assert.deepEqual(heard, [3, 4]);
  assert.equal(service.asked[0]?.path, "/v1/notifications/stream");
  assert.equal(service.asked[0]?.headers.authorization, "Bearer token");
});

test("the newest are asked for in a language, and some or all are read", async () => {
  await using service = await serve((_, response) => json(response, { items: [], next: null, unread: 0 }));
  const client = new Client(service.url, "token");
  await client.notifications("ar", 12);
  await client.readNotifications(["1"]);
  await client.readNotifications(null);
  assert.deepEqual(
    service.asked.map((asked) => [asked.method, asked.path, asked.body]),
    [
      ["GET", "/v1/notifications?lang=ar&limit=12", undefined],
      ["POST", "/v1/notifications/read", { all: false, ids: ["1"] }],
      ["POST", "/v1/notifications/read", { all: true }],
    ],
  );
});

test("everything that it says is said in every language", async () => {
  const keys = Object.keys(english).filter((key) => key.startsWith("notifications"));
  assert.equal(keys.length, 6);
  for (const language of ["ar", "de", "es", "ja"]) {
    const { default: messages } = await import(`../src/languages/${language}.ts`);
    for (const key of keys) assert.ok(messages[key], `${language}: ${key}`);
  }
});
