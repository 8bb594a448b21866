"""The numbers that a page shows, taken from what its template is given: each under the path that leads to it.

Nothing is listed by hand: whatever number a page is given is found here, so that one without a second computation is
missing there, and the comparison fails.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from numbers import Real
from typing import Any
from uuid import UUID

import httpx
import pytest
from jinja2 import Template
from pydantic import BaseModel
from sqlalchemy import Row, inspect
from sqlalchemy.orm import DeclarativeBase

from groundswell.web import templating
from groundswell.web.console.evidence.cascade_layout import Drawing
from groundswell.web.period import Period

Path = tuple[str, ...]
Figures = dict[Path, Any]

NO_FINDINGS = (Drawing, Period)
"""Where things stand in a picture, and what was asked for."""

ASKED = frozenset(
    {"form", "asked", "plan", "view", "chosen", "caller", "presets", "budget", "inputs", "suggested", "imported"}
)
"""What was asked for, with all that is in it."""

SET = frozenset(
    {
        "model_version", "window_days", "attribution_window_days", "days", "number", "control_ppm", "window", "most",
        "minimum_effect", "hold_days", "tax_ppm", "budget_minor", "start_us", "end_us", "xid", "control", "floor_minor",
        "person_cap",
        "minimum_minor", "exponent", "direction", "generation", "day", "comments_open", "outward_feeds",
    }
)  # fmt: skip
"""Numbers that were set, or name something: no findings."""

IDENTITY: tuple[tuple[str, ...], ...] = (
    ("conversion_id", "touch_id", "model"),
    ("root_id",),
    ("item_id",),
    ("account_id",),
    ("id",),
    ("verdict", "reason", "rule"),
    ("kind", "currency"),
    ("moment_id", "period"),
    ("figure",),
    ("dimension",),
    ("step",),
    ("days",),
    ("key",),
    ("currency",),
    ("kind",),
)
"""By which of its fields one of many is found again: the first of these that it has."""

SCALARS = (str, bytes, date, datetime, UUID, int, Enum)


@dataclass(frozen=True)
class Between:
    """A number that is drawn by chance, and so known between bounds only."""

    low: float
    high: float


def figures(value: Any, path: Path = ()) -> Figures:
    """Every number in ``value``, by its path. What is not there (None) is none; a count that is not there is 0."""
    return {where: found for where, found in _walk(value, path) if not (found == 0 and "counts" in where)}


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Real | Decimal | Between):
        if path[-1] not in SET:
            yield path, value
    elif isinstance(value, NO_FINDINGS) or value is None or isinstance(value, SCALARS) or callable(value):
        return
    else:
        for name, each in _parts(value):
            if name not in ASKED:
                yield from _walk(each, (*path, name))


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), each) for name, each in value.items())
    elif isinstance(value, DeclarativeBase):
        loaded = set(inspect(value).dict)
        names = {attribute.key for attribute in inspect(type(value)).column_attrs}
        columns = ((name, getattr(value, name)) for name in sorted(names & loaded))
        yield from ((name, each) for name, each in columns if not isinstance(each, bool))  # what somebody chose
    elif isinstance(value, BaseModel):
        yield from ((name, getattr(value, name)) for name in type(value).model_fields)
    elif is_dataclass(value):
        yield from ((each.name, getattr(value, each.name)) for each in fields(value))
    elif isinstance(value, Sequence | Row | set | frozenset):
        yield from ((name_of(each, n), _rest(each)) for n, each in enumerate(value))


def name_of(value: Any, n: int) -> str:
    """Under which name one of many is found again."""
    if isinstance(value, tuple | Row):
        first = value[0]
        return str(first) if isinstance(first, SCALARS) else name_of(first, n)
    names = next((names for names in IDENTITY if all(_holds(value, name) for name in names)), ())
    return " ".join(str(getattr(value, name)) for name in names) or str(n)


def _holds(value: Any, name: str) -> bool:
    return hasattr(value, name) and not isinstance(getattr(type(value), name, None), property)


def _rest(value: Any) -> Any:
    """Of a pair of a name and something, that."""
    if isinstance(value, tuple | Row) and len(value) == 2:
        return value[1]
    return value


class Pages:
    """Reads pages of the console, and keeps what their templates were given."""

    def __init__(self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.http = http
        self.given: dict[str, Any] = {}
        real = templating.environment.get_template
        pages = self

        class Watched:
            """A template; what it is given is kept."""

            def __init__(self, template: Template) -> None:
                self.template = template

            def render(self, context: dict[str, Any]) -> str:
                pages.given = context
                return self.template.render(context)

        def get_template(name: str, parent: str | None = None, globals: Any = None) -> Any:
            template = real(name, parent, globals)
            return Watched(template) if parent is None else template

        monkeypatch.setattr(templating.environment, "get_template", get_template)

    async def read(self, address: str, headers: dict[str, str]) -> Figures:
        answer = await self.http.get(address, headers=headers)
        assert answer.status_code == 200, (address, answer.text[:500])
        return figures(self.given)


def compare(found: Figures, expected: Figures) -> list[str]:
    """What differs, in words; nothing when all numbers agree."""
    wrong = []
    for where in sorted(found.keys() | expected.keys()):
        one, other = found.get(where, "not shown"), expected.get(where, "not recomputed")
        if not _same(one, other):
            wrong.append(f"{' / '.join(where)}: shown {one}, recomputed {other}")
    return wrong


def _same(one: Any, other: Any) -> bool:
    if isinstance(other, Between):
        return not isinstance(one, str) and other.low <= one <= other.high
    if isinstance(one, str) or isinstance(other, str):
        return False
    return bool(abs(float(one) - float(other)) <= 1e-9 * max(1.0, abs(float(other))))
