import assert from "node:assert/strict";
import { test } from "node:test";
import { addMessages, speaker } from "../src/messages.ts";
import { formatTime, parseTime, shortTime, spokenTime } from "../src/times.ts";

test("a time typed in any of the usual ways is understood", () => {
  assert.equal(parseTime("01:12.500"), 72_500_000);
  assert.equal(parseTime("1:12,5"), 72_500_000);
  assert.equal(parseTime("72.5"), 72_500_000);
  assert.equal(parseTime("1:02:03.004"), 3_723_004_000);
  assert.equal(parseTime(" 90 "), 90_000_000);
});

test("what is no time is refused, not guessed at", () => {
  for (const text of ["", "1:2:3:4", "NaN", "Infinity", "-1", "1:75", "1:60:00", "::", "1e3", "12.3.4", "٣"]) {
    assert.equal(parseTime(text), null, text);
  }
});

test("what a field shows, it takes again", () => {
  for (const us of [0, 1_000, 59_999_000, 60_000_000, 3_600_000_000, 5_999_999_000]) {
    assert.equal(parseTime(formatTime(us)), us);
  }
  assert.equal(shortTime(72_900_000), "1:12");
});

test("times are spoken in words, in the reader's language where there is one", () => {
  const say = speaker("en");
  assert.equal(spokenTime(72_500_000, say), "1 minute 12.5 seconds");
  assert.equal(spokenTime(0, say), "0 seconds");
  assert.equal(spokenTime(120_000_000, say), "2 minutes");
  addMessages("de", { minutes: "{count} Minuten" });
  assert.equal(spokenTime(120_000_000, speaker("de-AT")), "2 Minuten");
  assert.equal(speaker("de-AT")("close"), "Close");
});
