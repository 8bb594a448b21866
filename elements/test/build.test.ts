import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("the lock file names no registry", () => {
  const lock = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
  assert.ok(!lock.includes('"resolved"'), "package-lock.json must carry no download addresses");
});
