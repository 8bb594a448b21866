// What a viewer was about to clip, kept until it is saved or dropped: it survives Esc, Back and a reload.
import type { Span } from "./selection.ts";
import type { Words } from "./words.ts";

export interface Draft {
  readonly span: Span;
  readonly words: Words;
}

/** Where drafts are kept; a page in a strict frame may have no storage. */
function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

const key = (title: string): string => `gs-draft:${title}`;

export function keepDraft(title: string, draft: Draft): void {
  try {
    storage()?.setItem(key(title), JSON.stringify(draft));
  } catch {
    // full, or forbidden: then it is not kept
  }
}

export function draftOf(title: string): Draft | null {
  try {
    return JSON.parse(storage()?.getItem(key(title)) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

export function dropDraft(title: string): void {
  storage()?.removeItem(key(title));
}
