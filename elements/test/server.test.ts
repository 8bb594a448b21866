// A page's server can import the package: it has the names that a browser has, and asks for nothing that browsers have.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

test("what a server imports has every name that a browser's module has", async () => {
  assert.ok(!("HTMLElement" in globalThis));
  const there = Object.keys(await import("../src/server.ts"));
  const values = [...read("../src/index.ts").matchAll(/^export \{ (.*?) \}/gm)].flatMap((found) =>
    found[1]!.split(", "),
  );
  const names = values.filter((name) => !name.startsWith("type "));
  assert.deepEqual(there.toSorted(), names.toSorted());
});

test("the package tells servers and browsers apart", () => {
  const { exports } = JSON.parse(read("../package.json")) as { exports: { ".": Record<string, string> } };
  assert.deepEqual(Object.keys(exports["."]), ["types", "node", "default"]);
});

test("every element has its class and its events by name", () => {
  const index = read("../src/index.ts");
  for (const tag of ["gs-clip-button", "gs-moment", "gs-share-sheet", "gs-trimmer"])
    assert.ok(index.includes(`"${tag}"`));
});
