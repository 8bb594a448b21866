// People around a moment, beside the components of index.ts: what they felt at which second, what they
// say, and following them.
export { CommentList } from "./components/comments.ts";
export { FollowButton } from "./components/follow-button.ts";
export { ReactionBar } from "./components/reactions.ts";
