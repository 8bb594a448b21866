import assert from "node:assert/strict";
import { test } from "node:test";
import { focusIn, moved } from "../src/framing.ts";

const S = 1_000_000;
const shots = [
  { start: 10 * S, end: 14 * S },
  { start: 14 * S, end: 20 * S },
  { start: 20 * S, end: 25 * S },
];
/** As chosen by itself: the last shot is shown whole, and the second is told a frame later than the title has it. */
const planned = [
  { start_us: 10 * S, focus: 0.2 },
  { start_us: 14 * S + 40_000, focus: 0.9 },
  { start_us: 20 * S, focus: null },
];

test("a shot's frame is where it was chosen for that shot, by itself too", () => {
  assert.deepEqual(
    shots.map((shot) => focusIn(planned, shot)),
    [0.2, 0.9, null],
  );
  assert.equal(focusIn(null, { start: 0, end: 1 }), undefined);
});

test("moving one shot's frame leaves what the others show by themselves", () => {
  const [first] = shots;
  assert.ok(first);
  assert.deepEqual(
    moved(planned, shots, first, 0.5).map(({ focus }) => focus),
    [0.5, 0.9, null],
  );
  assert.deepEqual(
    moved(null, shots, first, 0).map(({ focus }) => focus),
    [0, 0.5, 0.5],
  );
});
