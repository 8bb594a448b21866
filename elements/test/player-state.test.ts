// No order of errors, pauses, waits and retries leaves a clip paused that the viewer wanted to play.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  BREATH_MS,
  HOPEFUL_TRIES,
  NEW,
  step,
  type Choice,
  type Effect,
  type PlayerEvent,
} from "../src/player/state.ts";

const HLS: Choice = { kind: "hls", url: "/m/a/clip.m3u8", from: 2, framed: true };
const FILE: Choice = { kind: "mp4", url: "/m/a/vertical.mp4", from: 0, framed: false };
const LIGHT: Choice = { kind: "mp4", url: "/m/a/light.mp4", from: 0, framed: true };
const CHOICES = { both: [HLS, FILE], stream: [HLS], file: [FILE], none: [] } as const;

/** A media element and a network that obey the machine and go wrong as they are told. */
class World {
  state = NEW;
  now = 0;
  /** What the viewer last asked for. */
  wants = false;
  paused = true;
  source: "none" | "loading" | "works" | "broken" = "none";
  asked = false;
  alarm = false;
  lastSaid = "";

  send(event: PlayerEvent): void {
    const [state, effects] = step(this.state, event);
    this.state = state;
    effects.forEach((effect) => this.obey(effect));
  }

  private obey(effect: Effect): void {
    if (effect.do === "ask") this.asked = true;
    else if (effect.do === "wake") this.alarm = true;
    else if (effect.do === "attach") [this.source, this.paused] = ["loading", true];
    else if (effect.do === "say") this.lastSaid = effect.what;
    else if (effect.do === "pause") this.paused = true;
    else if (effect.do === "play" && this.source !== "broken" && this.source !== "none") this.paused = false;
  }

  begin(play: boolean): void {
    this.wants = play;
    this.send({ is: "begin", play });
  }

  /** The viewer's hand on the player. */
  press(play: boolean): void {
    this.now += BREATH_MS + 1;
    this.wants = play;
    if (play) {
      if (this.source !== "broken" && this.source !== "none") this.paused = false;
      this.send({ is: "play" });
    } else {
      this.paused = true;
      this.send({ is: "pause", now: this.now, hand: true, sound: this.source === "works" });
    }
  }

  /** The element pauses by itself, and then maybe says that it has failed. */
  stumble(sound: boolean, fails: boolean): void {
    if (this.source === "none") return;
    const works = this.source === "works";
    this.paused = true;
    if (fails && !sound) this.source = "broken";
    this.send({ is: "pause", now: this.now, hand: false, sound: sound && works });
    if (!fails) return this.settle(sound && works);
    this.source = "broken";
    this.send({ is: "failure", now: this.now + 20, at: 3 });
  }

  /** A pause that nothing explains is a headset's or the system's: the viewer's, by other means. */
  private settle(byOtherMeans: boolean): void {
    this.now += BREATH_MS + 1;
    if (byOtherMeans && this.state.phase === "shown") this.wants = false;
  }

  fail(): void {
    if (this.source === "none") return;
    this.source = "broken";
    this.now += BREATH_MS + 1;
    this.send({ is: "failure", now: this.now, at: 1 });
  }

  answer(kind: keyof typeof CHOICES): void {
    if (!this.asked) return;
    this.asked = false;
    this.send({ is: "answer", choices: CHOICES[kind] });
  }

  lose(): void {
    if (!this.asked) return;
    this.asked = false;
    this.send({ is: "failure", now: this.now, at: 0 });
  }

  show(): void {
    if (this.source !== "loading") return;
    this.source = "works";
    this.send({ is: "shown" });
  }

  wake(): void {
    if (!this.alarm) return;
    this.alarm = false;
    this.send({ is: "wake" });
  }

  end(loops: boolean): void {
    if (this.source !== "works" || this.paused) return;
    if (!loops) this.wants = false;
    this.send({ is: "end", loops });
  }

  /** From here on everything goes well. */
  recover(): void {
    for (let round = 0; round < 10; round++) {
      this.wake();
      this.answer("both");
      this.show();
    }
  }
}

type Act = (world: World) => void;
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.boolean().map(
    (play): Act =>
      (world) =>
        world.press(play),
  ),
  fc.tuple(fc.boolean(), fc.boolean()).map(
    ([sound, fails]): Act =>
      (world) =>
        world.stumble(sound, fails),
  ),
  fc.constantFrom<(keyof typeof CHOICES)[]>("both", "stream", "file", "none").map(
    (kind): Act =>
      (world) =>
        world.answer(kind),
  ),
  fc.constant<Act>((world) => world.lose()),
  fc.constant<Act>((world) => world.fail()),
  fc.constant<Act>((world) => world.show()),
  fc.constant<Act>((world) => world.wake()),
  fc.constant<Act>((world) => world.send({ is: "news", choice: FILE, untouched: false, at: 4 })),
  fc.constant<Act>((world) => world.send({ is: "slow", choice: LIGHT, at: 3 })),
  fc.constant<Act>((world) => world.send({ is: "seek", at: 2 })),
  fc.boolean().map(
    (loops): Act =>
      (world) =>
        world.end(loops),
  ),
);

test("whatever happens, in the end it plays if the viewer wants it to, and stands still if not", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(acts, { maxLength: 60 }), (play, script) => {
      const world = new World();
      world.begin(play);
      script.forEach((act) => act(world));
      world.recover();
      assert.equal(world.state.phase, "shown");
      assert.equal(world.source, "works");
      assert.equal(!world.paused, world.wants);
      assert.equal(world.state.wish, world.wants);
      assert.notEqual(world.lastSaid, "waiting");
    }),
    { numRuns: 3000 },
  );
});

test("at every moment something is under way: an answer, a source, or an alarm", () => {
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 60 }), (script) => {
      const world = new World();
      world.begin(true);
      for (const act of script) {
        act(world);
        const { phase } = world.state;
        if (phase === "asking") assert.ok(world.asked);
        else if (phase === "resting") assert.ok(world.alarm);
        else
          assert.ok(
            phase === "loading" ? world.source === "loading" : world.source === "works",
            `${phase} ${world.source}`,
          );
      }
    }),
    { numRuns: 3000 },
  );
});

test("a link with a shape plays the stream in its frame until its file is there", () => {
  const world = new World();
  world.begin(true);
  world.answer("stream");
  world.show();
  assert.deepEqual([world.state.playing, world.paused], [HLS, false]);
  world.send({ is: "news", choice: FILE, untouched: false, at: 4 });
  world.show();
  assert.deepEqual([world.state.playing, world.state.better, world.paused], [FILE, null, false]);
});

test("a file that is there while the stream is still loading takes its place where that would have begun", () => {
  const world = new World();
  world.begin(true);
  world.answer("stream");
  world.show();
  world.fail();
  world.wake();
  world.answer("stream");
  world.send({ is: "news", choice: FILE, untouched: false, at: 9 });
  assert.deepEqual([world.state.playing, world.state.better, world.state.at], [FILE, null, 1]);
  world.show();
  assert.deepEqual([world.state.playing, world.paused], [FILE, false]);
});

test("what fails is tried the other way first, where it was, and after many tries more slowly", () => {
  const world = new World();
  world.begin(true);
  world.answer("both");
  world.show();
  world.fail();
  world.wake();
  world.answer("both");
  assert.deepEqual([world.state.playing, world.state.at], [FILE, 1]);
  for (let tries = 0; tries <= HOPEFUL_TRIES; tries++) {
    world.fail();
    world.wake();
    world.answer("both");
  }
  assert.equal(world.state.phase, "loading");
  world.fail();
  assert.equal(world.lastSaid, "doubtful");
});

test("a refusal stands until the viewer asks again", () => {
  const world = new World();
  world.begin(true);
  world.send({ is: "refusal" });
  assert.deepEqual([world.state.phase, world.lastSaid], ["refused", "refused"]);
  world.press(true);
  assert.equal(world.state.phase, "asking");
});
