// Every language says everything, with the same facts in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addMessages,
  directionOf,
  english,
  languages,
  loadMessages,
  speaker,
  type MessageKey,
} from "../src/messages.ts";

const named = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

test("every language that is shipped has every message, each with the values of the English one", async () => {
  for (const language of languages.filter((each) => each !== "en")) {
    const { default: messages } = await import(`../src/languages/${language}.ts`);
    assert.deepEqual(Object.keys(messages).sort(), Object.keys(english).sort(), language);
    for (const [key, text] of Object.entries<string>(messages)) {
      assert.deepEqual(named(text), named(english[key as MessageKey]), `${language}: ${key}`);
      assert.ok(text.trim(), `${language}: ${key} is empty`);
    }
  }
});

test("a shipped language is loaded once, for all its regions", async () => {
  assert.equal(speaker("es-MX")("close"), "Close");
  assert.equal(await loadMessages("es-MX"), true);
  assert.equal(await loadMessages("es"), false);
  assert.notEqual(speaker("es-MX")("close"), "Close");
  assert.equal(await loadMessages("tlh"), false);
});

test("what a page added itself is not written over by what is shipped", async () => {
  addMessages("ja", { close: "さらば" });
  assert.equal(await loadMessages("ja-JP"), false);
  assert.equal(speaker("ja-JP")("close"), "さらば");
});

test("a region's own words go before its language's, and English stands in for what is missing", () => {
  addMessages("FR", { close: "Fermer", save: "Enregistrer" });
  addMessages("fr-CA", { save: "Sauvegarder" });
  const say = speaker("fr-ca");
  assert.deepEqual([say("save"), say("close"), say("cancel")], ["Sauvegarder", "Fermer", "Cancel"]);
});

test("values stand where they belong, as they are; what is not given is left to be seen", () => {
  const say = speaker("en");
  assert.equal(say("length_rule", { min: 0, max: "{min}" }), "A clip of this title can be 0 to {min} seconds long.");
  assert.equal(say("too_long"), "Too long: at most {max} seconds.");
});

test("scripts that run from the right are known by their language", () => {
  assert.deepEqual(["ar", "he-IL", "fa-AF", "en", "ja"].map(directionOf), ["rtl", "rtl", "rtl", "ltr", "ltr"]);
});
