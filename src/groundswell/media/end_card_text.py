"""What a clip's end card says."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import MediaError
from .times import SECOND_US

CARD_US = 2 * SECOND_US
MOST_LINK = 200


@dataclass(frozen=True)
class EndCard:
    """``link`` is what the code holds; ``title`` and ``service`` stand above and below it. Raises ``bad_option``."""

    link: str
    title: str
    service: str

    def __post_init__(self) -> None:
        if not self.link or len(self.link) > MOST_LINK:
            raise MediaError("bad_option", f"The link of an end card has 1 to {MOST_LINK} characters.")
