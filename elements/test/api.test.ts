// The calls of the HTTP API as they go over the wire, and what is made of the answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, newKey, Refusal, type MediaNews } from "../src/api.ts";
import { json, serve } from "./server.ts";

const TITLE = {
  id: "t1",
  slug: "fog",
  name: "Fog",
  duration_us: 120_000_000,
  frame_us: 41_667,
  lines: [{ start_us: 1, end_us: 2, text: "Who goes there?" }],
  shots: [{ start_us: 0, end_us: 5 }],
  sentences: [{ start_us: 1, end_us: 2 }],
  rights: {
    sharing: true,
    min_clip_us: 3_000_000,
    max_clip_us: 30_000_000,
    remaining_us: 9,
    blocked_ranges: [{ start_us: 7, end_us: 8, reason: "the last scene" }],
    clipped_ranges: [[1, 4]],
  },
};

test("a title is read with its rights, times in microseconds", async () => {
  await using service = await serve((_, response) => json(response, TITLE));
  const title = await new Client(`${service.url}/`).title("fog & mist", "de");
  assert.equal(service.asked[0]?.path, "/v1/titles/fog%20%26%20mist?language=de");
  assert.deepEqual(
    [title.duration, title.frame, title.min, title.max, title.remaining],
    [120_000_000, 41_667, 3_000_000, 30_000_000, 9],
  );
  assert.deepEqual(title.clipped, [{ start: 1, end: 4 }]);
  assert.equal(title.blocked[0]?.reason, "the last scene");
  assert.deepEqual(title.sentenceEnds, [2]);
  assert.equal(title.lines[0]?.text, "Who goes there?");
});

test("what an answer leaves out has a safe meaning", async () => {
  await using service = await serve((_, response) => json(response, { id: "t", slug: "s", name: "n", duration_us: 1 }));
  const title = await new Client(service.url).title("s");
  assert.deepEqual([title.lines, title.shots, title.blocked, title.clipped], [[], [], [], []]);
  assert.deepEqual([title.sentenceEnds, title.remaining, title.storyboardUrl], [null, null, null]);
  assert.equal(title.frame, 40_000);
  assert.equal(service.asked.length, 1, "asked for a language that nobody wanted");
});

test("lines in a language that a title has not are asked for in the one it has", async () => {
  await using service = await serve((asked, response) =>
    json(response, asked.path.includes("language") ? { ...TITLE, lines: [] } : TITLE),
  );
  assert.equal((await new Client(service.url).title("fog", "ja")).lines.length, 1);
});

test("a refusal has its code for programs and its words for people", async () => {
  await using service = await serve((_, response) =>
    json(response, { code: "sharing_off", detail: "Not this title." }, 403, {
      "Content-Type": "application/problem+json",
    }),
  );
  const refused = await new Client(service.url).moment("m").catch((error: unknown) => error);
  assert.ok(refused instanceof Refusal);
  assert.deepEqual([refused.code, refused.status, refused.message], ["sharing_off", 403, "Not this title."]);
});

test("an answer that is no JSON is a refusal too, not a crash", async () => {
  await using service = await serve((_, response) => void response.writeHead(502).end("<h1>Bad gateway</h1>"));
  await assert.rejects(new Client(service.url).moment("m"), { code: "failed", status: 502 });
});

test("how far one has got is told by a PUT, and nobody minds when it is not heard", async () => {
  let heard = (): void => undefined;
  const told = new Promise<void>((done) => (heard = done));
  await using service = await serve((_, response) => {
    response.writeHead(503).end();
    heard();
  });
  new Client(service.url).reached("fog", 1234.6);
  await told;
  const [{ method, path, body }] = service.asked as [(typeof service.asked)[number]];
  assert.deepEqual([method, path, body], ["PUT", "/v1/progress", { title: "fog", position_us: 1235 }]);
});

test("what an address is made of is encoded, and what is asked for stands behind it", async () => {
  await using service = await serve((_, response) => json(response, {}));
  const client = new Client(service.url);
  await client.moment("../a b?c");
  await client.momentMedia("m", "to/ken");
  await client.momentMedia("m");
  assert.deepEqual(
    service.asked.map((asked) => asked.path),
    ["/v1/moments/..%2Fa%20b%3Fc", "/v1/moments/m/media?share=to%2Fken", "/v1/moments/m/media"],
  );
});

test("every POST has a key of its own, or the one it was given", async () => {
  await using service = await serve((_, response) => json(response, {}, 201));
  const client = new Client(service.url, "secret");
  await client.createShare("m", "copy", null, { shape: "square" });
  await client.createShare("m", "copy", null);
  const moment = {
    title: "fog",
    start_us: 0,
    end_us: 1,
    caption: "",
    visibility: "unlisted" as const,
    spoiler: false,
    credit_me: true,
  };
  await client.createMoment(moment, "again");
  await client.changeMoment("m", { caption: "x" });
  const keys = service.asked.map((asked) => asked.headers["idempotency-key"]);
  assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
  assert.notEqual(keys[0], keys[1]);
  assert.deepEqual(keys.slice(2), ["again", undefined]);
  assert.ok(service.asked.every((asked) => asked.headers.authorization === "Bearer secret"));
  assert.deepEqual(service.asked[0]?.body, { moment: "m", channel: "copy", parent: null, shape: "square" });
  assert.equal(new Set(Array.from({ length: 1000 }, newKey)).size, 1000);
});

test("without a token nothing says who asks but the page's own cookie", () => {
  assert.deepEqual(new Client("https://service.test").headers(), {});
});

test("loudness is measured against the loudest, and silence stays silence", async () => {
  await using service = await serve((asked, response) =>
    json(response, asked.path === "/loud" ? { peaks: [0, 5, 10] } : asked.path === "/silent" ? { peaks: [0, 0] } : {}),
  );
  const client = new Client(service.url);
  assert.deepEqual(await client.waveform("/loud"), [0, 0.5, 1]);
  assert.deepEqual(await client.waveform(`${service.url}/silent`), [0, 0]);
  assert.deepEqual(await client.waveform("/none"), []);
});

test("a file that is being made is asked for until it is there", async () => {
  let left = 2;
  await using service = await serve((_, response) =>
    left-- > 0 ? json(response, { code: "rendering" }, 503, { "Retry-After": "0" }) : json(response, {}),
  );
  await new Client().fileIsThere(service.url);
  assert.equal(service.asked.length, 3);
});

test("a file that is not made any more is refused at once, and one that never comes in the end", async () => {
  await using gone = await serve((_, response) => json(response, { code: "taken_down", detail: "Gone." }, 410));
  await assert.rejects(new Client().fileIsThere(gone.url), { code: "taken_down", status: 410, message: "Gone." });
  assert.equal(gone.asked.length, 1);
  await using never = await serve((_, response) => json(response, { code: "rendering" }, 503, { "Retry-After": "0" }));
  await assert.rejects(new Client().fileIsThere(never.url), { code: "rendering", status: 503 });
});

test("a file is waited for as long as somebody waits, however long it is being made", async () => {
  let left = 60;
  await using service = await serve((_, response) =>
    left-- > 0 ? json(response, { code: "rendering" }, 503, { "Retry-After": "0" }) : json(response, {}),
  );
  await new Client().fileIsThere(service.url, new AbortController().signal);
  assert.equal(service.asked.length, 61);
});

test("whoever stops waiting for a file is not kept", async () => {
  await using service = await serve((_, response) => json(response, {}, 503, { "Retry-After": "0" }));
  const stop = new AbortController();
  const waiting = new Client().fileIsThere(service.url, stop.signal);
  stop.abort();
  await assert.rejects(waiting, { name: "AbortError" });
});

test("news of a clip is heard whole, however its bytes are cut", async () => {
  const news = [
    { tier: "virtual", status: "rendering", progress: 0.25, mp4_url: null },
    { tier: "rendered", status: "ready", progress: 1, mp4_url: "/m/ä.mp4" },
  ];
  const bytes = Buffer.from(
    `: hello\r\n\r\n${news.map((each) => `data: ${JSON.stringify(each)}\n\n`).join("")}data: {"half`,
  );
  await using service = await serve(async (_, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const byte of bytes) {
      response.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  });
  const heard: MediaNews[] = [];
  await new Promise<void>((over) => {
    new Client(service.url).followMedia("m", (each) => heard.push(each) === news.length && over());
  });
  assert.deepEqual(heard, news);
  assert.equal(service.asked[0]?.headers.accept, "text/event-stream");
});

test("whoever stops following hears no more", async () => {
  let tell = (): void => undefined;
  let left = (): void => undefined;
  const gone = new Promise<void>((heard) => (left = heard));
  await using service = await serve((_, response) => {
    response.on("close", left);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    tell = () => void response.write('data: {"progress": 1}\n\n');
    tell();
  });
  const heard: MediaNews[] = [];
  await new Promise<void>((first) => {
    const stop = new Client(service.url).followMedia("m", (news) => {
      heard.push(news);
      stop();
      first();
    });
  });
  await gone;
  tell();
  assert.equal(heard.length, 1);
});

test("a play is told of the share, or of the moment where there is none, and nobody minds when it is not heard", async () => {
  let heard = (): void => undefined;
  await using service = await serve((_, response) => {
    response.writeHead(500).end();
    if (service.asked.length === 2) heard();
  });
  const both = new Promise<void>((done) => (heard = done));
  const client = new Client(service.url);
  client.played("m", "token", "ticket", 7000);
  client.played("m", null, "ticket", 7000);
  new Client("http://127.0.0.1:9").played("m", null, "ticket", 7000);
  await both;
  const events = service.asked.map((asked) => asked.body.events[0]);
  assert.deepEqual(
    events.sort((a, b) => Object.keys(a).join().localeCompare(Object.keys(b).join())),
    [
      { kind: "play", visit: "ticket", watched_ms: 7000, moment: "m" },
      { kind: "play", visit: "ticket", watched_ms: 7000, share: "token" },
    ],
  );
});

test("what a clip shows by itself is asked for until it is known, and then once for all", async () => {
  const framing = [{ start_us: 0, focus: 0.2 }];
  await using service = await serve((_, response) =>
    service.asked.length < 3
      ? json(response, { code: "rendering" }, 503, { "Retry-After": "0" })
      : json(response, framing),
  );
  const ask = () => new Client(service.url).framing("m1", "", "vertical");
  assert.deepEqual(await Promise.all([ask(), ask()]), [framing, framing]);
  assert.deepEqual(await ask(), framing);
  assert.deepEqual(
    service.asked.map(({ path }) => path),
    Array(3).fill("/m/m1/framing.json?shape=vertical"),
  );
});

test("what a clip shows by itself is asked for again after it was refused", async () => {
  let refuse = true;
  await using service = await serve((_, response) =>
    refuse ? json(response, { code: "render_failed" }, 422) : json(response, []),
  );
  const ask = () => new Client(service.url).framing("m1", "", "square");
  await assert.rejects(ask(), { code: "render_failed" });
  refuse = false;
  assert.deepEqual(await ask(), []);
});
