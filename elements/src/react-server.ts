// The components for React on a page's server: their tags and attributes are written as they are.
import * as wrap from "./react-wrappers.ts";
import { ServerElement } from "./server-element.ts";

const there = ServerElement as unknown as new () => never;

export const ClipButton = wrap.clipButton(there);
export const MomentPlayer = wrap.momentPlayer(there);
export const ShareSheet = wrap.shareSheet(there);
export const Trimmer = wrap.trimmer(there);
export const Feed = wrap.feed(there);
export const CommentList = wrap.commentList(there);
export const FollowButton = wrap.followButton(there);
export const Notifications = wrap.notifications(there);
export const ReactionBar = wrap.reactionBar(there);
