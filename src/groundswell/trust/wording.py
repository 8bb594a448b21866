"""What policy says to people: every reason code, and how lengths and instants read."""

from datetime import UTC, datetime

from groundswell.platform.clock import format_us

CODES = {
    "outside_title": "These times do not lie within the title.",
    "kids_profile": "Clips cannot be made from a child's profile.",
    "kids_rating": "This title's rating is not one for children's profiles.",
    "kids_rating_unknown": "Children's profiles see some ratings only, and nobody has said how this title is rated.",
    "rating_off": "Titles of this rating cannot be shared.",
    "rating_unknown": "Some ratings may not be shared, and nobody has said how this title is rated.",
    "ad_tier_off": "Clips of this title are not part of the plan with advertising.",
    "live_off": "Live events cannot be shared.",
    "live_unknown": "Live events cannot be shared, and nobody has said whether this is one.",
    "captions_required": "Clips of this title go out only with subtitles.",
    "target_off": "Clips of this title cannot be shared there.",
    "sharing_off": "This title cannot be shared.",
    "not_yet_open": "Clips of this title are not open yet.",
    "licence_ended": "The licence to share this title has ended.",
    "not_licensed": "This title may not be shared here and now, by its licence.",
    "territory_unknown": "This title may be shared in some countries only, and it is not known which one this is.",
    "clip_too_short": "The clip is shorter than this title allows.",
    "clip_too_long": "The clip is longer than this title allows.",
    "range_blocked": "Part of this scene cannot be shared.",
    "ending_held": "The ending is held back for some days after the release.",
    "release_unknown": "The ending is held back for some days after the release, and nobody has said when that is.",
    "viewer_total_reached": "You have clipped as much of this title as one person may.",
    "title_total_reached": "As much of this title has been clipped as may be shared in all.",
    "title_restricted": "This title is withheld from sharing by a decision.",
    "title_withdrawn": "The streaming service has taken this title out of its catalogue.",
    "viewer_restricted": "You may not share clips at present, by a decision.",
    "members_only": "Clips of this title play for signed-in viewers only.",
    "download_off": "Clips of this title cannot be saved.",
}
"""Every code that a refused clip, playback share or download may carry, with what it means."""


def length(us: int) -> str:
    """A length or place for people: ``5_250_000`` → ``5.2 s``, ``75_000_000`` → ``1:15``."""
    tenths = us // 100_000
    if tenths < 600:
        return f"{tenths // 10}.{tenths % 10} s" if tenths % 10 else f"{tenths // 10} s"
    return format_us(us)


def moment_of(at: datetime) -> str:
    """An instant for people, in UTC: ``24 December 2026, 20:00 UTC``; midnight is left unsaid."""
    at = at.astimezone(UTC)
    day = f"{at.day} {at:%B %Y}"
    return day if (at.hour, at.minute) == (0, 0) else f"{day}, {at:%H:%M} UTC"
