// People around a moment, beside the components of index.ts: what they felt at which second, and following them.
export { FollowButton } from "./components/follow-button.ts";
export { ReactionBar } from "./components/reactions.ts";
