// What a moment's player does next, as a pure state machine: events in, the next state and what to do about it out.
// `wish` is whether the viewer wants it to play. Only the viewer takes it back: a pause that comes from a failure, from
// a change of source or while nothing has been shown says nothing about what they want.

/** What is playing, or will be: an MP4, or HLS from `from` seconds on; `framed`: the wide picture in an upright frame. */
export interface Choice {
  readonly kind: "mp4" | "hls";
  readonly url: string;
  readonly from: number;
  readonly framed: boolean;
}

/**
 * `asking` how it can be played; `loading` a source of which nothing is shown yet; `shown`; `resting` after a failure
 * until the next try; `refused` for good, until the viewer asks again.
 */
export type Phase = "new" | "asking" | "loading" | "shown" | "resting" | "refused" | "stopped";

export interface State {
  readonly phase: Phase;
  readonly wish: boolean;
  readonly playing: Choice | null;
  /** What takes its place at the next loop or seek. */
  readonly better: Choice | null;
  /** Failures since something was last shown. */
  readonly tries: number;
  /** When (milliseconds) the element was paused without a hand on it; null when it was not. */
  readonly pausedAt: number | null;
  /** Where in the clip to go on after a failure, in seconds. */
  readonly at: number;
  /** The kind that has just failed: another is tried first. */
  readonly failed: Choice["kind"] | null;
}

export type PlayerEvent =
  | { readonly is: "begin"; readonly play: boolean }
  /** How it can be played, the best first; empty when it cannot be yet. */
  | { readonly is: "answer"; readonly choices: readonly Choice[] }
  | { readonly is: "refusal" }
  | { readonly is: "failure"; readonly now: number; readonly at: number }
  | { readonly is: "shown" }
  | { readonly is: "play" }
  /** `hand`: the viewer touched the player just before. `sound`: the element has a source that works. */
  | { readonly is: "pause"; readonly now: number; readonly hand: boolean; readonly sound: boolean }
  /** The browser does not let it start by itself. */
  | { readonly is: "blocked" }
  | { readonly is: "wake" }
  /** Something better than what plays is there; `untouched`: nothing has been shown or wished for. */
  | { readonly is: "news"; readonly choice: Choice; readonly untouched: boolean; readonly at: number }
  /** The connection is too slow for what plays: `choice` is lighter. */
  | { readonly is: "slow"; readonly choice: Choice; readonly at: number }
  | { readonly is: "end"; readonly loops: boolean }
  | { readonly is: "seek"; readonly at: number }
  | { readonly is: "stop" };

export type Says = "waiting" | "playable" | "doubtful" | "refused" | "over";

export type Effect =
  | { readonly do: "ask" }
  | { readonly do: "attach"; readonly choice: Choice; readonly at: number }
  | { readonly do: "play" | "pause" | "rewind" }
  | { readonly do: "wake"; readonly ms: number }
  | { readonly do: "say"; readonly what: Says };

/** A pause that a failure follows within so many milliseconds was the failure's. */
export const BREATH_MS = 400;
export const RETRY_MS = 2000;
/** After so many failures in a row it is said that it may not work; the tries go on, more slowly. */
export const HOPEFUL_TRIES = 15;
export const SLOW_RETRY_MS = 15_000;

export const NEW: State = {
  phase: "new",
  wish: false,
  playing: null,
  better: null,
  tries: 0,
  pausedAt: null,
  at: 0,
  failed: null,
};

type Step = readonly [State, readonly Effect[]];

/** The state after `event`, and what to do. */
export function step(state: State, event: PlayerEvent): Step {
  if (state.phase === "stopped") return [state, []];
  switch (event.is) {
    case "begin":
      return ask({ ...state, wish: event.play });
    case "answer":
      return answered(state, event.choices);
    case "refusal":
      return state.phase === "asking" ? [{ ...state, phase: "refused" }, [say("refused")]] : [state, []];
    case "failure":
      return failed(state, event.now, event.at);
    case "shown":
      return shown(state);
    case "play":
      return wished(state);
    case "pause":
      return paused(state, event);
    case "blocked":
      return [{ ...state, wish: false }, []];
    case "wake":
      return state.phase === "resting" ? ask(state) : [state, []];
    case "news":
      return heard(state, event);
    case "slow":
      return slowed(state, event.choice, event.at);
    case "end":
      return ended(state, event.loops);
    case "seek":
      return state.better && state.phase === "shown" ? attach(state, state.better, event.at) : [state, []];
    case "stop":
      return [{ ...state, phase: "stopped", wish: false }, []];
  }
}

function ask(state: State): Step {
  return [{ ...state, phase: "asking" }, [{ do: "ask" }]];
}

function answered(state: State, choices: readonly Choice[]): Step {
  if (state.phase !== "asking") return [state, []];
  const choice = choices.find(({ kind }) => kind !== state.failed) ?? choices[0];
  return choice ? attach({ ...state, failed: null }, choice, state.at) : rest(state);
}

function attach(state: State, choice: Choice, at: number): Step {
  const next: State = { ...state, phase: "loading", playing: choice, better: null, pausedAt: null, at };
  return [next, [say("waiting"), { do: "attach", choice, at }, ...playIf(next)]];
}

function shown(state: State): Step {
  if (state.phase !== "loading") return [state, []];
  const next: State = { ...state, phase: "shown", tries: 0, failed: null, at: 0 };
  return [next, [say("playable"), ...playIf(next)]];
}

function failed(state: State, now: number, at: number): Step {
  if (state.phase !== "asking" && state.phase !== "loading" && state.phase !== "shown") return [state, []];
  const itsOwn = state.pausedAt !== null && now - state.pausedAt <= BREATH_MS;
  const where = state.phase === "shown" ? at : state.at;
  const next = { ...state, wish: state.wish || itsOwn, pausedAt: null, at: where, failed: state.playing?.kind ?? null };
  return rest(next);
}

function rest(state: State): Step {
  const tries = state.tries + 1;
  const hopeful = tries <= HOPEFUL_TRIES;
  const next: State = { ...state, phase: "resting", tries, playing: null, better: null };
  return [next, [say(hopeful ? "waiting" : "doubtful"), { do: "wake", ms: hopeful ? RETRY_MS : SLOW_RETRY_MS }]];
}

/** The viewer wants it: whatever it waits for is tried at once. */
function wished(state: State): Step {
  const next: State = { ...state, wish: true, pausedAt: null };
  return state.phase === "resting" || state.phase === "refused" ? ask(next) : [next, []];
}

function paused(state: State, { now, hand, sound }: { now: number; hand: boolean; sound: boolean }): Step {
  if (hand) return [{ ...state, wish: false, pausedAt: null }, []];
  if (state.phase !== "shown") return [state, []];
  if (!sound) return [state, playIf(state)];
  return [{ ...state, wish: false, pausedAt: state.wish ? now : state.pausedAt }, []];
}

/** The wide picture in a frame gives way at once, where it is or will be; anything else at the next loop or seek. */
function heard(state: State, news: { choice: Choice; untouched: boolean; at: number }): Step {
  const { choice, untouched, at } = news;
  if (state.phase !== "shown" && state.phase !== "loading") return [state, []];
  if (same(state.playing, choice)) return [{ ...state, better: null }, []];
  if (untouched) return attach(state, choice, 0);
  const unframed = state.wish && state.playing?.framed === true && !choice.framed;
  const where = state.phase === "shown" ? at : state.at;
  return unframed ? attach(state, choice, where) : [{ ...state, better: choice }, []];
}

/** What waits for more than comes gives way at once, where it is. */
function slowed(state: State, choice: Choice, at: number): Step {
  const waits = state.phase === "shown" || state.phase === "loading";
  return waits && !same(state.playing, choice) ? attach(state, choice, at) : [state, []];
}

function ended(state: State, loops: boolean): Step {
  if (state.phase !== "shown") return [state, []];
  const goesOn = loops && state.wish;
  if (goesOn && state.better) return attach(state, state.better, 0); // else when it is played again
  if (goesOn) return [state, [{ do: "rewind" }, { do: "play" }]];
  return [{ ...state, wish: false, pausedAt: null }, [{ do: "pause" }, say("over")]];
}

function same(a: Choice | null, b: Choice): boolean {
  return a !== null && a.kind === b.kind && a.url === b.url && a.from === b.from;
}

function say(what: Says): Effect {
  return { do: "say", what };
}

function playIf({ wish }: State): readonly Effect[] {
  return wish ? [{ do: "play" }] : [];
}
