// People around a moment, beside the components of index.ts: what they felt at which second, what they
// say, following them, and what one is told of.
export { CommentList } from "./components/comments.ts";
export { FollowButton } from "./components/follow-button.ts";
export { Notifications } from "./components/notifications.ts";
export { ReactionBar } from "./components/reactions.ts";
