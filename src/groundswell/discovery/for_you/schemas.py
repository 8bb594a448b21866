"""What crosses HTTP about For you."""

from typing import Literal

from pydantic import BaseModel

from groundswell.discovery.schemas import SceneOut
from groundswell.platform.pages import Page

from .slate import Reason


class FeedItem(BaseModel):
    """A scene in For you. ``id`` names this showing of it for a day, for what came of it; ``reason`` is why it is here:
    many clip it now (``hot``), people who clip what one clips do (``near``), one is in the middle of its title
    (``watching``), or few have seen it yet (``fresh``). ``place`` is where an episode stands; ``continue_url`` leads on
    to the title."""

    id: str
    reason: Reason
    scene: SceneOut
    place: str | None
    continue_url: str


class ForYou(Page[FeedItem]):
    """A page of For you. An empty page: all that there is has been shown."""


class ItemOutcome(BaseModel):
    """What came of an item: it came on screen, was watched, led on to the title, or is not wanted: it alone, or
    its title. The last is obeyed from the next page on."""

    what: Literal["shown", "watched", "continued", "not_this", "less_of_title"]
