// The feed and people around a moment, for React.
import { Feed as FeedElement } from "./feed.ts";
import * as people from "./people.ts";
import * as wrap from "./react-wrappers.ts";

export const Feed = wrap.feed(FeedElement);
export const CommentList = wrap.commentList(people.CommentList);
export const FollowButton = wrap.followButton(people.FollowButton);
export const Notifications = wrap.notifications(people.Notifications);
export const ReactionBar = wrap.reactionBar(people.ReactionBar);
