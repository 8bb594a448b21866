import assert from "node:assert/strict";
import { test } from "node:test";
import {
  around,
  blockedIn,
  initialSpan,
  openingSpan,
  movedTo,
  newlyClipped,
  snapPoints,
  snapped,
  withEnd,
  withStart,
} from "../src/selection.ts";
import type { Limits } from "../src/selection.ts";
import { parseStoryboard, tileAt } from "../src/storyboard.ts";

const S = 1_000_000;
const limits: Limits = {
  duration: 120 * S,
  frame: S / 25,
  min: 5 * S,
  max: 60 * S,
  blocked: [],
  remaining: null,
  clipped: [],
};

test("the last fifteen seconds are chosen at first, also near the beginning", () => {
  assert.deepEqual(initialSpan(80 * S, limits), { start: 65 * S, end: 80 * S });
  assert.deepEqual(initialSpan(4 * S, limits), { start: 0, end: 15 * S });
  assert.deepEqual(initialSpan(500 * S, limits), { start: 105 * S, end: 120 * S });
});

test("whatever is asked for, the span stays one that may be clipped", () => {
  let span = initialSpan(60 * S, limits);
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let step = 0; step < 5000; step++) {
    const wish = [NaN, Infinity, -S, 500 * S, random() * 130 * S][Math.floor(random() * 5)] ?? 0;
    const move = [withStart, withEnd, movedTo][step % 3] ?? withStart;
    span = move(span, wish, limits);
    assert.ok(span.start >= 0 && span.end <= limits.duration);
    const length = span.end - span.start;
    assert.ok(length >= limits.min && length <= limits.max, `${length}`);
  }
});

test("a line that is tapped becomes a clip, long enough and no longer than allowed", () => {
  assert.deepEqual(around({ start: 10 * S, end: 12 * S }, limits), { start: 10 * S, end: 15 * S });
  assert.deepEqual(around({ start: 118 * S, end: 120 * S }, limits), { start: 115 * S, end: 120 * S });
  assert.equal(around({ start: 0, end: 100 * S }, limits).end, 60 * S);
});

test("a span that touches what is kept back is found", () => {
  const bounded = { ...limits, blocked: [{ start: 100 * S, end: 120 * S, reason: "credits" }] };
  assert.equal(blockedIn({ start: 90 * S, end: 101 * S }, bounded)?.reason, "credits");
  assert.equal(blockedIn({ start: 85 * S, end: 100 * S }, bounded), undefined);
});

test("what was clipped before counts nothing again", () => {
  const clipped = [
    { start: 30 * S, end: 40 * S },
    { start: 10 * S, end: 20 * S },
    { start: 15 * S, end: 25 * S },
  ];
  assert.equal(newlyClipped({ start: 5 * S, end: 35 * S }, { ...limits, clipped }), 10 * S);
  assert.equal(newlyClipped({ start: 12 * S, end: 24 * S }, { ...limits, clipped }), 0);
  assert.equal(newlyClipped({ start: 50 * S, end: 60 * S }, { ...limits, clipped }), 10 * S);
});

test("an edge snaps to the nearest cut or sentence within reach, and to nothing beyond", () => {
  const lines = [
    { start: 1 * S, end: 3 * S, text: "We were never" },
    { start: 3 * S, end: 5 * S, text: "going to make it.”" },
  ];
  const points = snapPoints(
    [
      { start: 0, end: 4 * S },
      { start: 4 * S, end: 9 * S },
    ],
    lines,
  );
  assert.deepEqual(points, [0, 1 * S, 3 * S, 4 * S, 5 * S]);
  assert.equal(snapped(4.9 * S, points, 0.25 * S), 5 * S);
  assert.equal(snapped(4.5 * S, points, 0.25 * S), 4.5 * S);
});

test("a storyboard's tiles are found by time", () => {
  const vtt =
    "WEBVTT\r\n\r\n00:00.000 --> 00:02.000\r\na.jpg#xywh=0,0,160,90\r\n\r\n00:02.000 --> 01:00:04.500\r\na.jpg#xywh=160,90,160,90\r\n";
  const tiles = parseStoryboard(vtt);
  assert.equal(tiles.length, 2);
  assert.deepEqual([tiles[1]?.x, tiles[1]?.y, tiles[1]?.end], [160, 90, 3604.5 * S]);
  assert.equal(tileAt(tiles, 3 * S), tiles[1]);
});

test("the span that is chosen at first never opens with the end of a shot", () => {
  const cuts = [0, 20 * S, 40 * S, 65_400_000, 90 * S];
  const points = [...cuts, 24_800_000, 79_700_000];
  // A cut half a second into the last fifteen seconds: the clip begins there instead.
  assert.deepEqual(openingSpan(80 * S, limits, points, cuts), { start: 65_400_000, end: 79_720_000 });
  assert.deepEqual(openingSpan(40.2 * S, limits, points, cuts), { start: 24_800_000, end: 40 * S });
  let seed = 3;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let step = 0; step < 2000; step++) {
    const shots = Array.from({ length: 12 }, () => Math.floor(random() * 3000) * limits.frame).sort((a, b) => a - b);
    const { start, end } = openingSpan(random() * 120 * S, limits, shots, shots);
    assert.ok(end - start >= limits.min && end - start <= limits.max && start >= 0 && end <= limits.duration);
    assert.ok(!shots.some((cut) => cut > start && cut <= start + 0.2 * S) || end - start <= limits.min, `${start}`);
  }
});
