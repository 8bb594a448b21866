// What a page's server gets when it imports the feed, or people around a moment: see server.ts.
import { ServerElement } from "./server-element.ts";

export class Feed extends ServerElement {}
export class CommentList extends ServerElement {}
export class FollowButton extends ServerElement {}
export class Notifications extends ServerElement {}
export class ReactionBar extends ServerElement {}
