"""What a report is about: a period, and the one title, channel, moment … that it is narrowed to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from groundswell.attribution.models import MODELS
from groundswell.platform.clock import day_begin, day_end
from groundswell.platform.problems import Problem

from .dimensions import dimension_of

DAYS_MAX = 800
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)


class PeriodInvalid(Problem):
    status, code, title = 422, "period_invalid", f"A period begins before it ends and has at most {DAYS_MAX} days."


class ModelUnknown(Problem):
    status, code, title = 422, "model_unknown", "There is no such credit model."


@dataclass(frozen=True)
class Slice:
    """What a report is about: whole days of a time zone, both included; one title or channel, or all.

    ``others`` narrows it further: pairs of a dimension (see ``dimensions``) and the key that rows must have in it.
    """

    first: date
    last: date
    title_id: UUID | None = None
    channel: str | None = None
    others: tuple[tuple[str, str], ...] = field(default=())
    zone: str = "UTC"

    def check(self) -> None:
        """Raises ``PeriodInvalid``, ``DimensionUnknown``."""
        in_reach = EARLIEST <= self.first <= self.last <= LATEST
        if not in_reach or (self.last - self.first).days >= DAYS_MAX:
            raise PeriodInvalid(f"From {self.first} to {self.last} is not a period that can be reported.")
        for dimension, _ in self.others:
            dimension_of(dimension)

    @property
    def where(self) -> Mapping[str, str]:
        """Dimension → the key that rows must have in it."""
        plain = {"title": str(self.title_id) if self.title_id else None, "channel": self.channel}
        return {name: key for name, key in plain.items() if key is not None} | dict(self.others)

    @property
    def begin(self) -> datetime:
        return day_begin(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return day_end(self.last, self.zone)


def check_model(model: str) -> None:
    """Raises ``ModelUnknown``."""
    if model not in MODELS:
        raise ModelUnknown(f"There is no model {model}; there are {', '.join(MODELS)}.")
