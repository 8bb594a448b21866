"""The period that a page's numbers cover: whole days of a time zone, chosen in the address. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from groundswell.platform.clock import day_begin, day_end, parse_day

LONGEST_DAYS = 400


@dataclass(frozen=True)
class Period:
    """Days ``first`` to ``last``, both included, of ``zone``. ``name`` is the preset it came from, or ``custom``."""

    name: str
    label: str
    first: date
    last: date
    zone: str = "UTC"

    @property
    def begin(self) -> datetime:
        """The first instant."""
        return day_begin(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return day_end(self.last, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days before it."""
        length = timedelta(days=self.days)
        return Period("custom", "Custom", self.first - length, self.last - length, self.zone)

    @property
    def query(self) -> dict[str, str]:
        """The parameters of an address that choose this period."""
        if self.name != "custom":
            return {"period": self.name}
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    def address(self, path: str, **more: str | None) -> str:
        """``path`` for this period; parameters that are None or empty are left out."""
        return f"{path}?{urlencode(self.query | {name: value for name, value in more.items() if value})}"


def presets(today: date, zone: str = "UTC") -> list[Period]:
    """The periods offered by name, as of ``today``, a day of ``zone``."""
    first_of_month = today.replace(day=1)
    end_of_last = first_of_month - timedelta(days=1)
    return [
        Period("7d", "7 days", today - timedelta(days=6), today, zone),
        Period("28d", "28 days", today - timedelta(days=27), today, zone),
        Period("90d", "90 days", today - timedelta(days=89), today, zone),
        Period("month", "This month", first_of_month, today, zone),
        Period("last-month", "Last month", end_of_last.replace(day=1), end_of_last, zone),
    ]


class PeriodUnreadable(ValueError):
    """The address names no period; the words say why."""


def read_period(today: date, name: str | None, first: str | None, last: str | None, zone: str = "UTC") -> Period:
    """The period that an address asks for, the usual one when it asks for none.

    Raises:
        PeriodUnreadable: it asks for one that there is not.
    """
    if name and name not in {period.name for period in presets(today)}:
        raise PeriodUnreadable(f"period is one of {', '.join(period.name for period in presets(today))}.")
    if bool(first) != bool(last):
        raise PeriodUnreadable("A period of days has both: from and to.")
    for given in filter(None, (first, last)):
        if parse_day(given) is None:
            raise PeriodUnreadable(f"{given[:40]} is not a day of the years 2000 to 2200, written YYYY-MM-DD.")
    return chosen_period(today, name, first, last, zone=zone)


def chosen_period(
    today: date, name: str | None, first: str | None, last: str | None, default: str = "28d", zone: str = "UTC"
) -> Period:
    """The period that an address asks for; what cannot be read falls back to ``default``.

    Days given (``first``, ``last``: ISO dates) come before a name, and are a preset when they are just its days; the
    wrong way round they are swapped, and a period longer than ``LONGEST_DAYS`` begins later.
    """
    offered = {period.name: period for period in presets(today, zone)}
    days = sorted(day for day in (parse_day(first), parse_day(last)) if day is not None)
    if len(days) == 2:
        begin = max(days[0], days[1] - timedelta(days=LONGEST_DAYS - 1))
        same = [period for period in offered.values() if (period.first, period.last) == (begin, days[1])]
        return same[0] if same else Period("custom", "Custom", begin, days[1], zone)
    return offered.get(name or default, offered[default])
