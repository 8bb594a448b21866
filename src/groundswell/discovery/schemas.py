"""What crosses HTTP about discovery. Every number says what it counts."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from groundswell.platform.pages import Page

from .heat import Trend

COUNTS = {
    "heat": "Clips and shares (4 each), plays (2) and clicks (1) by people of the scene's moments, once per visitor, "
    "moment, kind and UTC day, each halved every 24 hours.",
    "moments": "Moments of the scene that are up now, unlisted ones included.",
    "sharers": "People who have ever sent one of them; a visitor without an account counts once for each share.",
    "clicks": "Visits by people in the last 60 days, one per visitor, moment and UTC day; the maker's own left out.",
    "plays": "Plays by people in the last 60 days, one per visitor, moment and UTC day; the maker's own left out.",
}


class SceneTitle(BaseModel):
    id: UUID
    slug: str
    name: str


class BestMoment(BaseModel):
    """The hottest public moment of a scene: what is shown for it. ``by`` is null when its maker is not to be named."""

    id: UUID
    code: str
    url: str
    caption: str
    start_us: int
    end_us: int
    spoiler: bool
    by: str | None


class SceneOut(BaseModel):
    """A scene: what the crowd keeps clipping."""

    id: UUID
    title: SceneTitle
    start_us: int
    end_us: int
    best: BestMoment
    moments: int
    sharers: int
    clicks: int
    plays: int
    quote: str | None
    heat: float
    trend: Trend


class Discover(Page[SceneOut]):
    """Scenes, the hottest first, as of ``as_of``."""

    counts: dict[str, str]
    as_of: datetime | None


class Heatmap(BaseModel):
    """``bins``: the heat of each stretch of ``bin_us``, from 0 to 1, the hottest."""

    title: str
    duration_us: int
    bin_us: int
    bins: list[float]
    moments: int
    counts: str
    as_of: datetime
