// Everything the components say. A language is a dictionary with English's keys; missing keys fall back to English.

export const english = {
  clip: "Clip",
  clip_hint: "Clip the last 15 seconds",
  trim_heading: "Clip a moment",
  close: "Close",
  cancel: "Cancel",
  save: "Save moment",
  saving: "Saving…",
  start: "Start",
  end: "End",
  start_of_clip: "Start of the clip",
  end_of_clip: "End of the clip",
  whole_clip: "Move the whole clip",
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
  making_link: "Making your link…",
  link: "Link",
  copy: "Copy link",
  copied: "Copied",
  copied_manual: "Press Ctrl+C or ⌘C to copy",
  channels: "Share to",
  more: "More…",
  qr: "QR code",
  qr_alt: "QR code of the link",
  embed: "Embed",
  embed_label: "Paste this into a web page",
  copy_embed: "Copy code",
  save_video: "Save video",
  save_for: "Save video for {channel}",
  private_note: "Saved. Only you can see it, so there is no link to share.",
  preparing: "Preparing the video…",
  preparing_percent: "Preparing the video: {percent} %",
  video_failed: "The video could not be made.",
  tap_again: "Your link is ready: tap again",
  opened: "Opened {channel}",
  link_ready: "Link for {channel} ready",
  paste_in: "Link copied. Paste it in {channel}.",
  sound_on: "Tap for sound",
  show_anyway: "{place} — show anyway",
  spoiler_words: "This moment gives something away.",
  clip_playing: "Preparing this clip…",
  clip_unavailable: "This clip cannot be played now.",
};

export type MessageKey = keyof typeof english;
export type Messages = Partial<Record<MessageKey, string>>;
export type Say = (key: MessageKey, values?: Record<string, string | number>) => string;

const dictionaries = new Map<string, Messages>([["en", english]]);

/** Add or replace a language (BCP 47). */
export function addMessages(language: string, messages: Messages): void {
  dictionaries.set(language.toLowerCase(), messages);
}

/** How to say things in `language`: its dictionary, then its base language's, then English. */
export function speaker(language: string): Say {
  const exact = language.toLowerCase();
  const chain = [exact, exact.split("-")[0] ?? "en", "en"].map((tag) => dictionaries.get(tag));
  return (key, values = {}) => {
    const found = chain.find((messages) => messages?.[key] !== undefined);
    const text = found?.[key] ?? english[key];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}
