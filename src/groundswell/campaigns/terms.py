"""What a campaign pays for: its terms, and what each comes to. Pure; integers only, rounded down once, at the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TermKind = Literal["post", "sign_up", "subscription", "revenue", "plays"]

PPM = 1_000_000
MONTH_DAYS = 31
"""A month of ``months`` is so many days: never shorter than the calendar's."""

COUNTS: dict[TermKind, str] = {
    "post": "Once, when a creator's first post is accepted.",
    "sign_up": "By the part of each sign-up that the campaign's own rule credits to a creator.",
    "subscription": "By the part of each first paid subscription that is credited to a creator, less what is refunded.",
    "revenue": "By the part of what each brings that is credited to a creator, less refunds.",
    "plays": "Of accepted posts' moments, counted by ourselves: people, five seconds or more, one a visitor, moment "
    "and UTC day, the creator's own left out.",
}
"""What each kind of term counts, in words for whoever is paid by it."""


@dataclass(frozen=True)
class CampaignTerm:
    """One thing that is paid for.

    Args:
        amount_minor: for one (for ``plays``: for a thousand) in minor units; 0 for ``revenue``.
        share_ppm: of revenue, in millionths; 0 for the others.
        months: for how long after the first payment renewals count; 0 for all but ``revenue``.
    """

    kind: TermKind
    amount_minor: int = 0
    share_ppm: int = 0
    months: int = 0


@dataclass(frozen=True)
class Sale:
    """What a creator is credited with of one conversion.

    Args:
        weight_ppm: their part of it, in millionths.
        paid_minor, refunded_minor: what it brought, and what of that was given back.
        converted: that is in the campaign's currency; revenue in others is not known, and pays nothing.
    """

    kind: str
    weight_ppm: int
    paid_minor: int
    refunded_minor: int
    converted: bool = True

    @property
    def standing_minor(self) -> int:
        return max(self.paid_minor - self.refunded_minor, 0)


def read(terms: list[Mapping[str, Any]]) -> list[CampaignTerm]:
    """Terms as a brief keeps them."""
    return [CampaignTerm(**term) for term in terms]


def for_sale(term: CampaignTerm, sale: Sale) -> int:
    """What ``term`` pays for a conversion, in minor units."""
    if term.kind == "sign_up" and sale.kind == "sign_up":
        return term.amount_minor * sale.weight_ppm // PPM
    if term.kind == "subscription" and sale.kind == "subscription" and sale.paid_minor:
        return term.amount_minor * sale.weight_ppm * sale.standing_minor // (PPM * sale.paid_minor)
    if term.kind == "revenue" and sale.kind in {"subscription", "renewal"} and sale.converted:
        return sale.standing_minor * sale.weight_ppm * term.share_ppm // (PPM * PPM)
    return 0


def for_plays(term: CampaignTerm, plays: int) -> int:
    """What ``term`` pays for all plays so far, in minor units."""
    return term.amount_minor * plays // 1000


def change(wanted: int, wanted_before: int, paid_before: int, room: int) -> int:
    """What is to be paid (or, negative, taken back) now that a source is worth ``wanted``.

    What once found no room is not paid later, when there is room again; what is worth less is taken back only as far as
    it had been paid.

    Args:
        wanted_before, paid_before: what the source was worth when it was last looked at, and what has been paid for it.
        room: what budget and caps leave, 0 or more.
    """
    if wanted >= wanted_before:
        return min(wanted - wanted_before, max(room, 0))
    return min(wanted, paid_before) - paid_before
