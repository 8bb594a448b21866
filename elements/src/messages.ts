// Everything the components say. A language is a dictionary with English's keys; missing keys fall back to English.
// English is here; the others are loaded when a page is in their language, so that nobody loads what they cannot read.

export const english = {
  feed: "For you",
  feed_hot: "Many are clipping this now",
  feed_near: "People who like what you like clip this",
  feed_watching: "From {title}, which you are watching",
  feed_fresh: "New: few have seen it yet",
  feed_continue: "Continue watching",
  feed_not_this: "Not this",
  feed_not_this_done: "You will not see that again.",
  feed_less: "Less of {title}",
  feed_less_done: "Less of {title} from now on.",
  feed_next: "Next scene",
  feed_previous: "Scene before",
  feed_end: "You have seen it all",
  feed_end_hint: "New scenes come as people clip them.",
  clip: "Clip",
  clip_hint: "Clip the last 15 seconds",
  trim_heading: "Clip a moment",
  retrim_heading: "Trim again",
  close: "Close",
  cancel: "Cancel",
  save: "Save moment",
  save_changes: "Save changes",
  saving: "Saving…",
  start: "Start",
  end: "End",
  start_of_clip: "Start of the clip",
  end_of_clip: "End of the clip",
  earlier: "Show earlier",
  later: "Show later",
  set_start: "Set start here",
  set_end: "Set end here",
  frame_back: "{which}: one frame earlier",
  frame_on: "{which}: one frame later",
  second_back: "{which}: one second earlier",
  second_on: "{which}: one second later",
  play_preview: "Play preview",
  pause_preview: "Pause preview",
  snap: "Snap to cuts and sentences",
  undo: "Undo",
  transcript: "What is said",
  transcript_hint: "Tap a line to clip it.",
  no_transcript: "This title has no subtitles.",
  suggested: "Suggested",
  suggestion: "Suggested moment at {time}, {length}",
  caption: "Your words",
  caption_hint: "Say why this is worth seeing (optional).",
  caption_left: "{count} characters left",
  spoiler: "This is a spoiler",
  credit: "Show my name",
  visibility: "Who can see it",
  unlisted: "Whoever has the link",
  public: "Everyone, in Discover too",
  private: "Only me",
  minute: "{count} minute",
  minutes: "{count} minutes",
  second: "{count} second",
  seconds: "{count} seconds",
  length: "{length} long",
  length_rule: "A clip of this title can be {min} to {max} seconds long.",
  too_short: "Too short: at least {min} seconds.",
  too_long: "Too long: at most {max} seconds.",
  blocked: "This part cannot be clipped: {reason}",
  blocked_span: "From {start} to {end} cannot be clipped: {reason}",
  blocked_unnamed: "the owner keeps it back.",
  sharing_off: "The owner does not allow clips of this title.",
  remaining: "{seconds} seconds of this title can still be clipped.",
  used_up_all: "You have clipped as much of this title as its owner allows.",
  used_up: "Only {seconds} more seconds of this title can be clipped by you.",
  time_invalid: "Type a time like 01:12.500.",
  loading: "Getting the title ready…",
  failed: "That did not work. Check your connection and try again.",
  retry: "Try again",
  share_heading: "Share this moment",
  saved_heading: "Saved. Now share it",
  link: "Link",
  copy: "Copy link",
  copied: "Copied",
  copied_manual: "Press Ctrl+C or ⌘C to copy",
  channels: "Share to",
  email: "Email",
  sms: "Message",
  more: "More…",
  qr: "QR code",
  qr_alt: "QR code of the link",
  qr_hint: "Point a phone’s camera at it to see the clip there.",
  embed: "Embed",
  embed_label: "Paste this into a web page",
  copy_embed: "Copy code",
  options: "Options",
  shape: "Shape",
  captions_on: "Subtitles on",
  ends: "Link expires",
  never: "Never",
  one_day: "In a day",
  seven_days: "In 7 days",
  thirty_days: "In 30 days",
  options_saved: "The link is changed.",
  save_video: "Save video",
  save_for: "Save video for {channel}",
  private_note: "Saved. Only you can see it, so there is no link to share.",
  preparing: "Preparing the video…",
  preparing_percent: "Preparing the video: {percent} %",
  video_failed: "The video could not be made.",
  opened: "Opened {channel}",
  paste_in: "Link copied. Paste it in {channel}.",
  sound_on: "Tap for sound",
  show_anyway: "{place} — show anyway",
  spoiler_words: "This moment gives something away.",
  replay: "Watch again",
  clip_off: "Not for clipping",
  draft_kept: "Your draft is kept: press Clip to go on with it.",
  draft_back: "Your draft is back.",
  draft_drop: "Start over",
  more_options: "More options",
  crop_hint: "Drag the frame to choose what is shown.",
  crop_shot: "Shot {number} of {count}",
  crop_move: "Frame of shot {number}",
  crop_auto: "Choose for me",
  clip_playing: "Preparing this clip…",
  clip_unavailable: "This clip cannot be played now.",
  react: "React at this second",
  react_love: "Love it",
  react_laugh: "Funny",
  react_wow: "Wow",
  react_cry: "Moving",
  react_fire: "Thrilling",
  react_star: "Brilliant",
  reacted_at: "{what} at {time}",
  reaction_gone: "Taken back.",
  reaction_count: "{what}: {count}",
  follow: "Follow",
  following: "Following",
  follow_requested: "Requested",
  follow_name: "Follow {name}",
  unfollow_name: "Stop following {name}",
  person_more: "More about {name}",
  comments: "Comments",
  comment_write: "Say something about this second…",
  comment_answer: "Your answer…",
  comment_send: "Post",
  comment_save: "Save comment",
  comment_spoiler: "Gives something away",
  comment_sign_in: "Sign in to comment",
  comment_written: "Posted.",
  comment_held: "Posted. Others see it when somebody has looked at it.",
  comment_waits: "Waits until somebody has looked at it.",
  comment_veiled: "A comment about what you have not seen yet",
  comment_collapsed: "A comment that was folded away",
  comment_collapse: "Fold away",
  comment_unfold: "Unfold for all",
  comment_show: "Show it",
  comment_gone: "A comment that was deleted",
  comment_maker: "Made this clip",
  comment_pinned: "Pinned",
  comment_edited: "edited",
  comment_at: "Show {time}",
  comment_reply: "Answer",
  comment_edit: "Edit",
  comment_delete: "Delete",
  comment_pin: "Pin",
  comment_unpin: "Unpin",
  comment_release: "Let through",
  comment_report: "Report",
  comment_report_send: "Send report",
  comment_reported: "Thank you. Somebody will look at it.",
  comments_more: "Show more comments",
  answers_more: "Show more answers ({count})",
  reason_spam: "Spam",
  reason_harassment: "Harassment",
  reason_hate: "Hate",
  reason_spoiler: "It spoils something",
  reason_nudity: "Nudity",
  reason_violence: "Violence",
  reason_privacy: "It shows somebody’s private life",
  reason_other: "Something else",
  mute: "Mute {name}",
  unmute: "Show {name} again",
  block: "Block {name}",
  blocked_now: "Blocked. You no longer see each other.",
  muted_now: "Muted. Lists no longer show what they make.",
  notifications: "Notifications",
  notifications_unread: "Notifications, {count} unread",
  notifications_read: "Mark all as read",
  notifications_none: "Nothing yet",
  notifications_all: "Open your inbox",
  notifications_veiled: "What was said comes later than you are.",
};

export type MessageKey = keyof typeof english;
export type Messages = Partial<Record<MessageKey, string>>;
export type Say = (key: MessageKey, values?: Record<string, string | number>) => string;

const dictionaries = new Map<string, Messages>([["en", english]]);
const shipped: Record<string, () => Promise<{ default: Messages }>> = {
  ar: () => import("./languages/ar.ts"),
  de: () => import("./languages/de.ts"),
  es: () => import("./languages/es.ts"),
  ja: () => import("./languages/ja.ts"),
};
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv"]);

/** The languages that come with the components; a page may add others with `addMessages`. */
export const languages: readonly string[] = ["en", ...Object.keys(shipped)];

/** Add or replace a language (BCP 47). What is left out falls back to English. */
export function addMessages(language: string, messages: Messages): void {
  dictionaries.set(language.toLowerCase(), messages);
}

/** Have the dictionary of `language` there, if one is shipped; true when something was loaded. */
export async function loadMessages(language: string): Promise<boolean> {
  const base = baseOf(language);
  const load = shipped[base];
  if (dictionaries.has(base) || !load) return false;
  const { default: messages } = await load();
  if (!dictionaries.has(base)) dictionaries.set(base, messages);
  return true;
}

export function directionOf(language: string): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(baseOf(language)) ? "rtl" : "ltr";
}

/** How to say things in `language`: its dictionary, then its base language's, then English. */
export function speaker(language: string): Say {
  const exact = language.toLowerCase();
  const chain = [exact, baseOf(exact), "en"].map((tag) => dictionaries.get(tag));
  return (key, values = {}) => {
    const found = chain.find((messages) => messages?.[key] !== undefined);
    const text = found?.[key] ?? english[key];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}

function baseOf(language: string): string {
  return language.toLowerCase().split("-")[0] ?? "en";
}
