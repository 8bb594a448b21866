// Why a span cannot be clipped, in words, before anybody tries. The server decides; this spares a round trip.
import type { Title } from "./title.ts";
import type { Say } from "./messages.ts";
import { blockedIn, newlyClipped, type Limits, type Span } from "./selection.ts";
import { SECOND } from "./times.ts";

/** Moving the edges to frames may lengthen a clip by this much; the server allows for it. */
const ROUNDING = 50_000;

/** Empty when nothing hinders. */
export function hindrance(film: Title, span: Span, limits: Limits, say: Say): string {
  const { min, max, remaining } = limits;
  const length = span.end - span.start;
  const blocked = blockedIn(span, limits);
  if (!film.sharing) return film.sharingWords || say("sharing_off");
  if (blocked) return say("blocked", { reason: blocked.reason || say("blocked_unnamed") });
  if (length < min) return say("too_short", { min: min / SECOND });
  if (length > max) return say("too_long", { max: max / SECOND });
  if (remaining === null || newlyClipped(span, limits) <= remaining + ROUNDING) return "";
  return remaining < SECOND ? say("used_up_all") : say("used_up", { seconds: Math.floor(remaining / SECOND) });
}
