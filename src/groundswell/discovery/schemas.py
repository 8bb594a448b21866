"""What crosses HTTP about discovery. Every number says what it counts."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from groundswell.platform.pages import Page

from .rises import Trend

COUNTS = {
    "heat": "Votes an hour now: clips and shares (4 each), plays (2) and clicks (1) by people, once a person, scene, "
    "kind and UTC day; estimated from what the last half hour, 6 hours and 3 days brought. The vote of a new account, "
    "or of a visitor without one, counts a twentieth.",
    "times_usual": "The votes an hour now over those of the last days; null while the scene is younger than a day.",
    "moments": "Public moments of the scene that are up now.",
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
    """A scene: what the crowd keeps clipping. ``spoils``: it would give away what whoever asks has not seen; what is
    said in it, and its caption, are left out then."""

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
    times_usual: float | None
    spoils: bool = False


class Discover(Page[SceneOut]):
    """Scenes, those first for which votes come fastest, as of ``as_of``. ``featured``: what the service itself puts
    above them, in no order of votes; on the first page of a list that is not narrowed."""

    featured: list[SceneOut] = Field([])
    counts: dict[str, str]
    as_of: datetime | None


class Heatmap(BaseModel):
    """``bins``: the heat of each stretch of ``bin_us``, from 0 to 1, the hottest; none (``shown`` is false) while fewer
    people voted than the service asks for."""

    title: str
    duration_us: int
    bin_us: int
    bins: list[float]
    shown: bool
    moments: int
    counts: str
    as_of: datetime
