// The components as React has them: properties that are not attributes, and events by their names in React.
import { createComponent, type EventName } from "@lit/react";
import * as react from "react";
import type { ClipButton } from "./components/clip-button.ts";
import type { CommentList } from "./components/comments.ts";
import type { Feed } from "./components/feed.ts";
import type { FollowButton } from "./components/follow-button.ts";
import type { MomentPlayer } from "./components/moment.ts";
import type { Notifications } from "./components/notifications.ts";
import type { ReactionBar } from "./components/reactions.ts";
import type { ShareSheet } from "./components/share-sheet.ts";
import type { Trimmer } from "./components/trimmer.ts";
import type { GroundswellEvents } from "./element.ts";

/** The class of an element: in a browser itself, on a server what stands for it. */
type ElementClass<Element> = new () => Element;

const named = <Name extends keyof GroundswellEvents>(name: Name) =>
  name as unknown as EventName<CustomEvent<GroundswellEvents[Name]>>;

const DENIED = { onClipDenied: named("gs-clip-denied") };
const SHARED = { ...DENIED, onClipShared: named("gs-clip-shared") };
const TRIMMED = {
  ...DENIED,
  onClipChange: named("gs-clip-change"),
  onClipCreated: named("gs-clip-created"),
  onClipEdited: named("gs-clip-edited"),
};
const FOLLOWED = {
  onFollowed: named("gs-followed"),
  onKeptAway: named("gs-kept-away"),
  onSignIn: named("gs-sign-in"),
};

export const clipButton = (elementClass: ElementClass<ClipButton>) =>
  createComponent({
    react,
    elementClass,
    tagName: "gs-clip-button",
    displayName: "ClipButton",
    events: { ...TRIMMED, ...SHARED, onClipStart: named("gs-clip-start") },
  });

export const momentPlayer = (elementClass: ElementClass<MomentPlayer>) =>
  createComponent({
    react,
    elementClass,
    tagName: "gs-moment",
    displayName: "MomentPlayer",
    events: { onMedia: named("gs-media") },
  });

export const shareSheet = (elementClass: ElementClass<ShareSheet>) =>
  createComponent({ react, elementClass, tagName: "gs-share-sheet", displayName: "ShareSheet", events: SHARED });

export const trimmer = (elementClass: ElementClass<Trimmer>) =>
  createComponent({ react, elementClass, tagName: "gs-trimmer", displayName: "Trimmer", events: TRIMMED });

export const feed = (elementClass: ElementClass<Feed>) =>
  createComponent({ react, elementClass, tagName: "gs-feed", displayName: "Feed", events: { ...SHARED, ...FOLLOWED } });

export const commentList = (elementClass: ElementClass<CommentList>) =>
  createComponent({ react, elementClass, tagName: "gs-comments", displayName: "CommentList", events: DENIED });

export const followButton = (elementClass: ElementClass<FollowButton>) =>
  createComponent({ react, elementClass, tagName: "gs-follow-button", displayName: "FollowButton", events: FOLLOWED });

export const notifications = (elementClass: ElementClass<Notifications>) =>
  createComponent({
    react,
    elementClass,
    tagName: "gs-notifications",
    displayName: "Notifications",
    events: { ...DENIED, onNotification: named("gs-notification"), onUnread: named("gs-unread") },
  });

export const reactionBar = (elementClass: ElementClass<ReactionBar>) =>
  createComponent({
    react,
    elementClass,
    tagName: "gs-reactions",
    displayName: "ReactionBar",
    events: { ...DENIED, onReacted: named("gs-reacted") },
  });
