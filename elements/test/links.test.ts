// The links of an open share sheet: one a channel whatever is tapped meanwhile, and all of them as they were last set.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Client, type ShareOptions } from "../src/api.ts";
import { Links } from "../src/links.ts";
import { json, serve, type Service } from "./server.ts";

/** Makes and changes shares as the API does; `pause` is waited for before each answer. */
async function shares(
  pause: () => Promise<void> = async () => undefined,
): Promise<Service & { made: Map<string, any> }> {
  const made = new Map<string, any>();
  const service = await serve(async ({ method, path, body }, response) => {
    const id = method === "POST" ? `s${made.size}` : (path.split("/").at(-1) ?? "");
    made.set(id, { ...made.get(id), ...body, id });
    const answer = { ...made.get(id) };
    await pause();
    json(response, answer, method === "POST" ? 201 : 200);
  });
  return { ...service, made, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

test("a channel's link is made once, however often it is asked for", async () => {
  await using service = await shares();
  const links = new Links(new Client(service.url), "m", "parent");
  assert.equal(links.known("x"), undefined);
  const [one, other] = await Promise.all([links.of("x"), links.of("x")]);
  assert.equal(one, other);
  assert.equal(await links.of("x"), links.known("x"));
  assert.equal((await links.of("copy")).id, "s1");
  assert.deepEqual(
    service.asked.map((asked) => [asked.body.channel, asked.body.parent]),
    [
      ["x", "parent"],
      ["copy", "parent"],
    ],
  );
});

test("a link that could not be made is made when asked for again", async () => {
  let broken = true;
  await using service = await serve((_, response) =>
    broken ? json(response, { code: "rate_limited" }, 429) : json(response, { id: "s" }, 201),
  );
  const links = new Links(new Client(service.url), "m", null);
  await assert.rejects(links.of("x"), { code: "rate_limited" });
  assert.equal(links.known("x"), undefined);
  broken = false;
  assert.equal((await links.of("x")).id, "s");
});

test("a change holds for the links there are, those being made, and those to come", async () => {
  await using service = await shares();
  const links = new Links(new Client(service.url), "m", null);
  await links.of("x");
  const meanwhile = links.of("copy");
  await links.change({ shape: "square" });
  await meanwhile;
  await links.of("sms");
  for (const share of service.made.values()) assert.equal(share.shape, "square", share.channel);
  assert.equal((links.known("copy") as any).shape, "square");
});

test("a link that cannot be made does not keep a change from the others", async () => {
  await using service = await serve(({ method, body }, response) =>
    method === "POST" && body.channel === "sms"
      ? json(response, { code: "rate_limited" }, 429)
      : json(response, { id: "s", ...body }),
  );
  const links = new Links(new Client(service.url), "m", null);
  await links.of("x");
  const failing = assert.rejects(links.of("sms"), { code: "rate_limited" });
  await links.change({ captions: false });
  await failing;
  assert.equal((links.known("x") as any).captions, false);
});

test("in whatever order one taps, every link ends with all that was chosen", async () => {
  const act = fc.oneof(
    fc.constantFrom("x", "copy", "sms").map((channel) => ({ channel, change: null })),
    fc
      .record<ShareOptions>({ shape: fc.constantFrom("wide", "square"), captions: fc.boolean() }, { requiredKeys: [] })
      .map((change) => ({ channel: "", change })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 8 }), async (acts) => {
      await using service = await shares(() => new Promise(setImmediate));
      const links = new Links(new Client(service.url), "m", null);
      const chosen: ShareOptions = {};
      const making: Promise<unknown>[] = [];
      for (const { channel, change } of acts) {
        if (change === null) making.push(links.of(channel));
        else {
          Object.assign(chosen, change);
          await links.change(change);
        }
      }
      await Promise.all(making);
      for (const share of service.made.values()) assert.deepEqual({ ...share, ...chosen }, share);
      const asked = new Set(acts.filter(({ change }) => change === null).map(({ channel }) => channel));
      assert.equal(service.made.size, asked.size);
    }),
    { numRuns: 30 },
  );
});
