"""What a service says of a title: a catalogue entry, as it crosses HTTP, stands in a file or comes from a feed."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    UrlConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from groundswell.platform.address_template import TemplateRefused, checked
from groundswell.platform.addresses import web_address
from groundswell.platform.clock import Instant

from .schemas import Rating, Territory
from .slugs import TextRefused, checked_slug

Fact = Literal["rating", "released_on", "live"]
"""What rules ask of a title. One that nobody gave is None, and a rule that asks for it refuses."""
FACTS: tuple[Fact, ...] = get_args(Fact)

FORMAT = 1
"""Of what is hashed: a version that reads entries otherwise counts further, and everything is written again once."""


def _storable(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in text):
        raise PydanticCustomError("text_refused", "It has control characters, or halves of letters.")
    return text


def _slug(slug: str) -> str:
    try:
        return checked_slug(slug)
    except TextRefused as refused:
        raise PydanticCustomError("slug_refused", "{why}", {"why": refused.detail}) from None


def _address(address: str) -> str:
    try:
        return web_address(address)
    except ValueError:
        raise PydanticCustomError("source_refused", "It is no absolute web address without a user name.") from None


def _template(template: str) -> str:
    try:
        return checked(template, {"seconds"})
    except TemplateRefused as refused:
        raise PydanticCustomError("watch_template_refused", "{why}", {"why": str(refused)}) from None


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_storable)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(_storable)]
Language = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"), Field(description="BCP 47.")
]
Languages = Annotated[list[Language], Field(max_length=200)]
ExternalId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~@+=-]{0,199}$"),
    Field(description="The service's own id of the title: letters, digits and `._:~@+=-`, at most 200."),
]
Url = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"], max_length=2000)]
Address = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_address),
    Field(description="An absolute `https://` address; `http://` within networks of your own."),
]
Template = Annotated[
    str, AfterValidator(_template), Field(description="An `https://` address with `{seconds}` and `{external_id}`.")
]
Number = Annotated[int, Field(ge=0, le=10_000)]


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LicenceIn(Said):
    """Where and when the title may be shared. Outside of all of its licences it may not be."""

    territories: Annotated[list[Territory], Field(min_length=1, max_length=300)] | None = Field(
        None,
        description="Null: everywhere. A title licensed for some is refused where it is not known which it is.",
    )
    opens_at: Instant | None = None
    closes_at: Instant | None = None

    @model_validator(mode="after")
    def in_order(self) -> "LicenceIn":
        if self.opens_at is not None and self.closes_at is not None and self.opens_at >= self.closes_at:
            raise ValueError("opens_at must come before closes_at")
        return self


class WatchIn(Said):
    """Templates of the service's own addresses, by device; what is left out goes by `web`, then by the settings."""

    web: Template | None = None
    ios: Template | None = None
    android: Template | None = None
    tv: Template | None = None


class SourceIn(Said):
    """Where media of the title are: an HLS or DASH ladder, or an MP4 whose server answers byte ranges."""

    url: Address
    form: Literal["hls", "dash", "mp4"] | None = Field(None, description="Null: told by what is there.")


class ArtworkIn(Said):
    """Pictures, at the service's own addresses."""

    poster: Url | None = None
    backdrop: Url | None = None


class TitleEntry(Said):
    """What a service says of a title. It is replaced as a whole: what is left out is unknown from then on, and a rule
    that needs it refuses."""

    name: Name
    names: Annotated[dict[Language, Name], Field(max_length=200)] = Field({}, description="By language.")
    synopsis: Text = ""
    synopses: Annotated[dict[Language, Text], Field(max_length=200)] = Field({}, description="By language.")
    slug: Annotated[str, AfterValidator(_slug)] | None = Field(None, description="Our address; made from the name.")
    series: Name | None = Field(None, description="The series' name, for an episode.")
    season: Number | None = None
    episode: Number | None = None
    rating: Rating | None = Field(None, description="Null: nobody says, and what some ratings bar is refused.")
    kids: bool | None = Field(None, description="Whether it is made for children.")
    released_on: date | None = Field(None, description="Null: nobody says, and its ending stays held back.")
    live: bool | None = Field(None, description="Whether it is, or was, a live event.")
    genres: Annotated[list[Name], Field(max_length=50)] = []
    languages: Languages = Field([], description="In which it was made.")
    audio_languages: Languages = []
    subtitle_languages: Languages = []
    licences: Annotated[list[LicenceIn], Field(max_length=500)] | None = Field(
        None, description="Null: the rights rules alone say where and when. Empty: nowhere."
    )
    sources: Annotated[list[SourceIn], Field(max_length=20)] = Field(
        [], description="The first that can be cut from is used. Empty: what was imported by the command stays."
    )
    artwork: ArtworkIn = ArtworkIn()
    watch: WatchIn = WatchIn()
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None

    @model_validator(mode="after")
    def whole_place(self) -> "TitleEntry":
        if len({part is None for part in (self.series, self.season, self.episode)}) > 1:
            raise ValueError("an episode needs a series, a season and a number; a film has none of them")
        return self

    def columns(self) -> dict[str, Any]:
        """What of it stands in the title's own row, where rules and addresses read it."""
        licences = None if self.licences is None else [each.model_dump(mode="json") for each in self.licences]
        same = {name: getattr(self, name) for name in ("name", "synopsis", "rating", "released_on", "live", "accent")}
        watch = self.watch.model_dump(exclude_none=True)
        return {**same, "licences": licences, "watch": watch or None, "season": self.season, "episode": self.episode}


def hash_of(said: Mapping[str, Any]) -> bytes:
    """SHA-256 of an entry as it was said: the same members in another order are the same."""
    canonical = json.dumps(said, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"%d:" % FORMAT + canonical.encode()).digest()
