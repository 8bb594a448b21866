// What a clip's span is inside what plays, and what other players tell of their subtitles.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fromHls } from "../src/adapters/hls.ts";
import { fromShaka } from "../src/adapters/shaka.ts";
import { fromVideoJs } from "../src/adapters/video-js.ts";
import { outside, within } from "../src/player/span.ts";
import { parseStoryboard, tileAt } from "../src/storyboard.ts";

const seconds = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true });
const span = fc.record({ from: seconds(0, 20), length: seconds(0.2, 60) });

test("a clip's own time runs from nothing to its length, as far as the element's time is in it", () => {
  fc.assert(
    fc.property(span, seconds(0, 100), (clip, at) => {
      const own = within(clip, at);
      assert.ok(own >= 0 && own <= clip.length);
      if (at > clip.from && at < clip.from + clip.length) assert.ok(Math.abs(own - (at - clip.from)) < 1e-9);
    }),
  );
});

test("before a clip, in it and after it follow each other, with no way back", () => {
  const order = ["before", null, "after"];
  fc.assert(
    fc.property(span, seconds(0, 100), seconds(0, 100), (clip, one, other) => {
      const [early, late] = [Math.min(one, other), Math.max(one, other)];
      assert.ok(order.indexOf(outside(clip, early)) <= order.indexOf(outside(clip, late)));
    }),
  );
  const clip = { from: 2, length: 6 };
  assert.deepEqual(
    [1.9, 1.96, 2, 7.9, 8, 9].map((at) => outside(clip, at)),
    ["before", null, null, null, "after", "after"],
  );
});

test("hls.js says which subtitles are on, and that none are", () => {
  const tracks = { media: null, subtitleTracks: [{ lang: "en" }, { lang: "de" }, {}] };
  assert.equal(fromHls({ ...tracks, subtitleTrack: 1 }).captions(), "de");
  assert.equal(fromHls({ ...tracks, subtitleTrack: -1 }).captions(), null);
  assert.equal(fromHls({ ...tracks, subtitleTrack: 1, subtitleDisplay: false }).captions(), null);
  assert.equal(fromHls({ ...tracks, subtitleTrack: 2 }).captions(), null);
});

test("hls.js without a track of its own leaves it to the element", () => {
  const shown = { mode: "showing", kind: "subtitles", language: "ja" };
  const hidden = { mode: "hidden", kind: "subtitles", language: "en" };
  const told = { mode: "showing", kind: "metadata", language: "xx" };
  const media = { textTracks: [told, hidden, shown] } as unknown as HTMLMediaElement;
  assert.equal(fromHls({ media, subtitleTracks: [], subtitleTrack: -1 }).captions(), "ja");
});

test("Shaka's two ways of saying that subtitles are hidden", () => {
  const tracks = [
    { active: false, language: "en" },
    { active: true, language: "es" },
  ];
  const player = { getMediaElement: () => null, getTextTracks: () => tracks };
  assert.equal(fromShaka(player).captions(), "es");
  assert.equal(fromShaka({ ...player, isTextTrackVisible: () => true }).captions(), "es");
  assert.equal(fromShaka({ ...player, isTextTrackVisible: () => false }).captions(), null);
  assert.equal(fromShaka({ ...player, getTextTracks: () => [] }).captions(), null);
});

test("Video.js shows subtitles, not its metadata", () => {
  const track = (kind: string, mode: string, language: string) => ({ kind, mode, language });
  const player = (...tracks: ReturnType<typeof track>[]) => fromVideoJs({ el: () => null, textTracks: () => tracks });
  assert.equal(player(track("metadata", "showing", "xx"), track("captions", "showing", "fr")).captions(), "fr");
  assert.equal(player(track("captions", "disabled", "fr")).captions(), null);
  assert.equal(player(track("captions", "showing", "")).captions(), null);
});

test("a storyboard is read back as it was written, and every instant has a tile", () => {
  const tile = fc.tuple(fc.integer({ min: 1, max: 9_999 }), fc.nat(5000), fc.nat(5000));
  fc.assert(
    fc.property(fc.array(tile, { minLength: 1, maxLength: 30 }), fc.constantFrom("\n", "\r\n"), (tiles, line) => {
      let at = 0;
      const written = tiles.map(([long, x, y]) => {
        const start = at;
        at += long * 1000;
        return { start, end: at, x, y, width: 160, height: 90 };
      });
      const time = (us: number) => {
        const ms = us / 1000;
        const parts = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map((n) =>
          String(Math.floor(n)).padStart(2, "0"),
        );
        return `${parts.join(":")}.${String(ms % 1000).padStart(3, "0")}`;
      };
      const cues = written.map(
        ({ start, end, x, y }) => `${time(start)} --> ${time(end)}${line}sprite.jpg#xywh=${x},${y},160,90${line}`,
      );
      const read = parseStoryboard(["WEBVTT", "", ...cues].join(line));
      assert.deepEqual(read, written);
      for (const each of written) assert.deepEqual(tileAt(read, each.start), each);
      assert.deepEqual(tileAt(read, at + 1), written.at(-1));
    }),
  );
  assert.deepEqual(parseStoryboard("WEBVTT\n\nnothing here"), []);
  assert.equal(tileAt([], 0), undefined);
});
