"""Fan, creator, partner: the rules, which everybody can read, and which level somebody has by them. Pure."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["fan", "creator", "partner"]

CREATOR_CHANNELS = 1
PARTNER_CHANNELS = 1
PARTNER_SUBSCRIPTIONS = 10
DAYS = 90

RULES = {
    "fan": "Whoever has a profile.",
    "creator": f"Has accepted the terms as they are now, and has {CREATOR_CHANNELS} verified channel.",
    "partner": f"A creator who brought {PARTNER_SUBSCRIPTIONS} credited subscriptions in the last {DAYS} days.",
}


@dataclass(frozen=True)
class CreatorStanding:
    """What the rules look at: verified channels, and first subscriptions credited in ``DAYS``, in millionths."""

    terms_accepted: bool
    channels: int
    subscriptions_millionths: int


def level_of(standing: CreatorStanding) -> Level:
    """The level that the rules give."""
    if not standing.terms_accepted or standing.channels < CREATOR_CHANNELS:
        return "fan"
    brought = standing.subscriptions_millionths >= PARTNER_SUBSCRIPTIONS * 1_000_000
    return "partner" if brought and standing.channels >= PARTNER_CHANNELS else "creator"


def to_do(standing: CreatorStanding) -> list[str]:
    """What is missing for the next level, for people."""
    level = level_of(standing)
    if level == "fan":
        return [
            *(["Accept the terms as they are now."] if not standing.terms_accepted else []),
            *(["Verify a channel."] if standing.channels < CREATOR_CHANNELS else []),
        ]
    left = PARTNER_SUBSCRIPTIONS * 1_000_000 - standing.subscriptions_millionths
    return [f"{left / 1_000_000:.1f} more credited subscriptions in {DAYS} days."] if level == "creator" else []
