// Media time is a whole number of microseconds, as everywhere in the service.
import type { Say } from "./messages.ts";

export const SECOND = 1_000_000;

/** `72_500_000` → `01:12.500`; minutes run past 59, as the fields that take the text again do. */
export function formatTime(us: number): string {
  const ms = Math.round(us / 1000);
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor(ms / 1000) % 60;
  return `${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(ms % 1000, 3)}`;
}

/** `72_500_000` → `1:12`, for places where a glance is enough. */
export function shortTime(us: number): string {
  const seconds = Math.floor(us / SECOND);
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60, 2)}`;
}

/** Microseconds from `SS`, `SS.mmm`, `MM:SS.mmm` or `H:MM:SS.mmm`; null for anything else. */
export function parseTime(text: string): number | null {
  const match = /^(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,6}))?$/.exec(text.trim());
  if (!match) return null;
  const [, hours, minutes, seconds, fraction] = match;
  if (minutes !== undefined && Number(seconds) > 59) return null;
  if (hours !== undefined && Number(minutes) > 59) return null;
  const whole = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  return whole * SECOND + Number((fraction ?? "").padEnd(6, "0"));
}

/** A time as it is spoken: "1 minute 12.5 seconds". */
export function spokenTime(us: number, say: Say): string {
  const tenths = Math.round(us / 100_000);
  const minutes = Math.floor(tenths / 600);
  const seconds = (tenths % 600) / 10;
  const parts: string[] = [];
  if (minutes > 0) parts.push(say(minutes === 1 ? "minute" : "minutes", { count: minutes }));
  if (seconds > 0 || minutes === 0) parts.push(say(seconds === 1 ? "second" : "seconds", { count: seconds }));
  return parts.join(" ");
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
