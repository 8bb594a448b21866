// The components for React, and the manifest of what there is: both have every element of the package.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createElement, type ComponentType } from "react";
import { renderToString } from "react-dom/server";

const TAGS: Record<string, string> = {
  ClipButton: "gs-clip-button",
  CommentList: "gs-comments",
  Feed: "gs-feed",
  FollowButton: "gs-follow-button",
  MomentPlayer: "gs-moment",
  Notifications: "gs-notifications",
  ReactionBar: "gs-reactions",
  ShareSheet: "gs-share-sheet",
  Trimmer: "gs-trimmer",
};
const elements = new URL("..", import.meta.url);

interface Declaration {
  name: string;
  tagName?: string;
  attributes?: { name: string }[];
  events?: { name: string; type: { text: string } }[];
  members?: { name: string; privacy?: string }[];
}

test("a page's server renders each of them as its tag", async () => {
  assert.ok(!("HTMLElement" in globalThis));
  const there = (await import("../src/react-server.ts")) as unknown as Record<
    string,
    ComponentType<{ className?: string }>
  >;
  assert.deepEqual(Object.keys(there).toSorted(), Object.keys(TAGS));
  for (const [name, tag] of Object.entries(TAGS)) {
    const text = renderToString(createElement(there[name]!, { className: "wide" }));
    assert.equal(text, `<${tag} class="wide"></${tag}>`);
  }
});

test("a browser's modules have the same names, a server's of the feed and people too", async () => {
  const read = (name: string) => readFileSync(new URL(`src/${name}.ts`, elements), "utf8");
  const names = [...(read("react") + read("react-people")).matchAll(/^export const (\w+)/gm)].map((found) => found[1]);
  assert.deepEqual(names.toSorted(), Object.keys(TAGS));
  const people = [...(read("feed") + read("people")).matchAll(/^export \{ (\w+) \}/gm)].map((found) => found[1]);
  assert.deepEqual(Object.keys(await import("../src/server-people.ts")).toSorted(), people.toSorted());
});

test("the manifest has every element, with its attributes and events, and nothing private", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "manifest-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const cem = new URL("../node_modules/.bin/cem", elements).pathname;
  const options = [
    "analyze",
    "--quiet",
    "--config",
    "custom-elements-manifest.config.mjs",
    "--outdir",
    relative(fileURLToPath(elements), folder),
  ];
  execFileSync(cem, options, { cwd: elements });
  const manifest = JSON.parse(readFileSync(join(folder, "custom-elements.json"), "utf8")) as {
    modules: { declarations: Declaration[] }[];
  };
  const found = manifest.modules.flatMap((module) => module.declarations).filter((each) => each.tagName);
  assert.deepEqual(Object.fromEntries(found.map((each) => [each.name, each.tagName]).toSorted()), TAGS);
  const button = found.find((each) => each.name === "ClipButton")!;
  assert.ok(button.attributes!.some((each) => each.name === "title-slug"));
  assert.ok(button.members!.some((each) => each.name === "token"));
  assert.ok(!button.members!.some((each) => each.name === "busy" || each.privacy));
  assert.ok(button.events!.some((each) => each.name === "gs-clip-start" && /GroundswellEvents/.test(each.type.text)));
  for (const each of found) for (const event of each.events ?? []) assert.match(event.name, /^gs-/);
});
