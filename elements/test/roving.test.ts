import assert from "node:assert/strict";
import { test } from "node:test";
import { moved } from "../src/roving.ts";

test("the arrow keys go from one to the next and stop at the ends", () => {
  assert.equal(moved("ArrowDown", 0, 3), 1);
  assert.equal(moved("ArrowDown", 2, 3), 2);
  assert.equal(moved("ArrowUp", 0, 3), 0);
  assert.equal(moved("End", 0, 79), 78);
  assert.equal(moved("Home", 40, 79), 0);
  assert.equal(moved("Tab", 1, 3), null);
});

test("in right-to-left text Left is forward", () => {
  assert.equal(moved("ArrowLeft", 0, 3, true), 1);
  assert.equal(moved("ArrowRight", 1, 3, true), 0);
  assert.equal(moved("ArrowRight", 1, 3), 2);
});
