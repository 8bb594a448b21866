import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchedSlowly, slowConnection } from "../src/player/connection.ts";
import { NEW, step, type Choice } from "../src/player/state.ts";

const WIDE: Choice = { kind: "mp4", url: "/m/a/wide.mp4", from: 0, framed: false };
const LIGHT: Choice = { kind: "mp4", url: "/m/a/light.mp4", from: 0, framed: false };

test("a connection is slow that the browser calls so, and none of which it says nothing", () => {
  for (const slow of [{ saveData: true, downlink: 10 }, { downlink: 1.6 }, { downlink: 0.4 }])
    assert.equal(slowConnection(slow), true);
  for (const fine of [undefined, {}, { saveData: false, downlink: 10 }]) assert.equal(slowConnection(fine), false);
});

test("a connection is slow when all that tells of it came slowly", () => {
  const fetched = (transferSize: number, ms: number) => ({ transferSize, responseStart: 100, responseEnd: 100 + ms });
  assert.equal(fetchedSlowly([fetched(60_000, 300), fetched(40_000, 900)]), true);
  assert.equal(fetchedSlowly([fetched(60_000, 300), fetched(40_000, 20)]), false, "one came quickly");
  assert.equal(fetchedSlowly([fetched(2_000, 900), fetched(0, 900)]), false, "too little to tell");
  assert.equal(fetchedSlowly([]), false);
});

test("what waits for the connection gives way at once to what is lighter, and goes on where it was", () => {
  const [playing] = step({ ...NEW, wish: true, phase: "shown", playing: WIDE }, { is: "slow", choice: LIGHT, at: 4 });
  assert.deepEqual([playing.playing, playing.phase, playing.at, playing.wish], [LIGHT, "loading", 4, true]);
  const again = { ...playing, phase: "shown" } as const;
  assert.deepEqual(step(again, { is: "slow", choice: LIGHT, at: 5 }), [again, []], "it is as light as can be");
  const resting = { ...NEW, phase: "resting" } as const;
  assert.deepEqual(step(resting, { is: "slow", choice: LIGHT, at: 0 }), [resting, []]);
});
