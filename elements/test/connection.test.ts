import assert from "node:assert/strict";
import { test } from "node:test";
import { slowConnection } from "../src/player/connection.ts";
import { NEW, step, type Choice } from "../src/player/state.ts";

const WIDE: Choice = { kind: "mp4", url: "/m/a/wide.mp4", from: 0, framed: false };
const LIGHT: Choice = { kind: "mp4", url: "/m/a/light.mp4", from: 0, framed: false };

test("a connection is slow when all that tells of it came slowly, or when data are saved", () => {
  const fetched = (transferSize: number, ms: number) => ({ transferSize, responseStart: 100, responseEnd: 100 + ms });
  assert.equal(slowConnection(false, [fetched(60_000, 300), fetched(20_000, 90)]), true);
  assert.equal(slowConnection(false, [fetched(60_000, 300), fetched(40_000, 20)]), false, "one came quickly");
  assert.equal(slowConnection(false, [fetched(2_000, 900), fetched(0, 900)]), false, "too little to tell");
  assert.equal(slowConnection(false, []), false);
  assert.equal(slowConnection(true, []), true);
});

test("what waits for the connection gives way at once to what is lighter, and goes on where it was", () => {
  const [playing] = step({ ...NEW, wish: true, phase: "shown", playing: WIDE }, { is: "slow", choice: LIGHT, at: 4 });
  assert.deepEqual([playing.playing, playing.phase, playing.at, playing.wish], [LIGHT, "loading", 4, true]);
  const again = { ...playing, phase: "shown" } as const;
  assert.deepEqual(step(again, { is: "slow", choice: LIGHT, at: 5 }), [again, []], "it is as light as can be");
  const resting = { ...NEW, phase: "resting" } as const;
  assert.deepEqual(step(resting, { is: "slow", choice: LIGHT, at: 0 }), [resting, []]);
});
