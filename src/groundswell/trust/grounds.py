"""Why something is restricted: each reason code with its words, what it rests on, and what the DSA's database calls it.
Pure.

Categories, grounds and sources are those of the European Commission's DSA Transparency Database, in the form that is in
force since 1 July 2025 (https://transparency.dsa.ec.europa.eu/page/api-documentation).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

Lane = Literal["severe", "law", "held", "community"]

LANES: Final[tuple[Lane, ...]] = ("severe", "law", "held", "community")
"""Soonest first."""


@dataclass(frozen=True)
class Ground:
    """What a reason code stands for.

    Args:
        words: as people read it.
        category: of the DSA's database, without its prefix.
        law: what is against the law; without, it is against the terms of use.
        severe: child abuse or terror: looked at before all else, by those alone who have the power for it.
        keep: how long what was taken down is preserved.
        copyright: counts on the ladder of repeat infringers, and may be answered with a counter-notice.
    """

    words: str
    category: str
    law: str | None = None
    severe: bool = False
    keep: timedelta | None = None
    copyright: bool = False


GROUNDS: Final[dict[str, Ground]] = {
    "rights": Ground(
        "Infringes somebody's rights", "INTELLECTUAL_PROPERTY_INFRINGEMENTS", "Copyright and related rights",
        copyright=True,
    ),
    "nudity": Ground("Nudity or sex", "OTHER_VIOLATION_TC"),
    "violence": Ground("Violence", "VIOLENCE"),
    "hate": Ground("Hate", "ILLEGAL_OR_HARMFUL_SPEECH"),
    "harassment": Ground("Harassment or insult", "CYBER_VIOLENCE"),
    "privacy": Ground("Somebody's privacy", "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS"),
    "spoiler": Ground("Spoiler without a warning", "OTHER_VIOLATION_TC"),
    "spam": Ground("Spam or misleading", "SCAMS_AND_FRAUD"),
    "child_abuse": Ground(
        "Sexual abuse of a child", "PROTECTION_OF_MINORS",
        "Directive 2011/93/EU; 18 USC 2252A; preserved under 18 USC 2258A(h)",
        severe=True, keep=timedelta(days=365),
    ),
    "terror": Ground(
        "Terrorist content", "RISK_FOR_PUBLIC_SECURITY", "Regulation (EU) 2021/784; preserved under its Article 6",
        severe=True, keep=timedelta(days=183),
    ),
    "repeat_infringer": Ground(
        "Infringes rights over and over", "INTELLECTUAL_PROPERTY_INFRINGEMENTS", "17 USC 512(i); DSA Art. 23",
    ),
    "licence_ended": Ground("The licence has ended", "OTHER_VIOLATION_TC"),
    "other": Ground("Something else", "OTHER_VIOLATION_TC"),
}  # fmt: skip
"""Every reason that people report, and that staff give. Rules of the fraud desk are ``fraud``."""

FRAUD: Final = Ground("What it brought was not earned", "SCAMS_AND_FRAUD")

SEVERE: Final = frozenset(code for code, ground in GROUNDS.items() if ground.severe)
COPYRIGHT: Final = frozenset(code for code, ground in GROUNDS.items() if ground.copyright)
REASONS: Final = {code: ground.words for code, ground in GROUNDS.items()}


def ground_of(code: str) -> Ground:
    """The ground of a reason code; rules of the fraud desk, and what is not listed, rest on the terms of use."""
    return GROUNDS.get(code, FRAUD)


def lane_of(code: str, *, notice: bool = False, held: bool = False) -> Lane:
    """How soon a report is looked at."""
    if code in SEVERE:
        return "severe"
    return "law" if notice else "held" if held else "community"
