// What is said before a span is sent that the server would refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Title } from "../src/title.ts";
import { hindrance } from "../src/hindrance.ts";
import { speaker } from "../src/messages.ts";
import { newlyClipped, type Limits, type Span } from "../src/selection.ts";

const S = 1_000_000;
const say = speaker("en");
const film = { sharing: true, sharingWords: null } as Title;
const limits: Limits = {
  duration: 120 * S,
  frame: 40_000,
  min: 5 * S,
  max: 30 * S,
  blocked: [],
  remaining: null,
  clipped: [],
};
const span = (start: number, end: number): Span => ({ start: start * S, end: end * S });

test("nothing hinders a span within its limits, to the last frame of them", () => {
  assert.equal(hindrance(film, span(10, 15), limits, say), "");
  assert.equal(hindrance(film, span(10, 40), limits, say), "");
});

test("too short and too long are said with the length that is allowed", () => {
  assert.match(hindrance(film, span(10, 14.99), limits, say), /at least 5 seconds/);
  assert.match(hindrance(film, span(10, 40.01), limits, say), /at most 30 seconds/);
});

test("a title that is not shared says so in its owner's words, whatever the span", () => {
  const words = "Not before Friday.";
  assert.equal(hindrance({ ...film, sharing: false, sharingWords: words }, span(10, 15), limits, say), words);
  assert.equal(hindrance({ ...film, sharing: false }, span(0, 1), limits, say), say("sharing_off"));
});

test("a part that is kept back hinders when touched, not when it only borders", () => {
  const kept = { ...limits, blocked: [{ ...span(20, 30), reason: "The last scene." }, span(50, 51)] };
  assert.match(hindrance(film, span(15, 20.001), kept, say), /The last scene/);
  assert.match(hindrance(film, span(45, 55), kept, say), /the owner keeps it back/);
  assert.equal(hindrance(film, span(15, 20), kept, say), "");
  assert.equal(hindrance(film, span(30, 35), kept, say), "");
});

test("what is left is spent by what is new alone", () => {
  const left = { ...limits, remaining: 3 * S, clipped: [span(10, 20)] };
  assert.equal(hindrance(film, span(10, 20), left, say), "");
  assert.equal(hindrance(film, span(10, 23), left, say), "");
  assert.match(hindrance(film, span(10, 24), left, say), /Only 3 more seconds/);
  assert.equal(hindrance(film, span(30, 40), { ...left, remaining: S - 1 }, say), say("used_up_all"));
});

test("what is new of a span is what counting its every piece gives", () => {
  const piece = fc
    .tuple(fc.nat(40), fc.integer({ min: 1, max: 20 }))
    .map(([at, long]) => ({ start: at, end: at + long }));
  fc.assert(
    fc.property(piece, fc.array(piece, { maxLength: 6 }), (wanted, clipped) => {
      let fresh = 0;
      for (let at = wanted.start; at < wanted.end; at++)
        if (!clipped.some((known) => known.start <= at && at < known.end)) fresh++;
      assert.equal(newlyClipped(wanted, { ...limits, clipped }), fresh);
    }),
  );
});
