"""What bounds the rows that each changing route can make, read from the routes themselves: for the reference page and
the tests.

A route is held to everybody's pace when one of its dependencies counts who asks (``change_pace.counts``). What its
endpoint says beside that (``kept_to``), or in its place (``unpaced``), is said there.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from groundswell.accounts.powers import POWERS
from groundswell.platform.change_pace import is_paced
from groundswell.platform.openapi_security import power_of
from groundswell.platform.routing import SAFE

from .route_powers import every_route


class RowBound(NamedTuple):
    """The bound of one route: whether whoever asks is held to a pace, and what else keeps its rows few."""

    method: str
    path: str
    paced: bool
    words: str

    @property
    def is_bounded(self) -> bool:
        return self.paced or bool(self.words)


def row_bounds(router: Any) -> list[RowBound]:
    """The bound of every route that changes something."""
    return sorted(bound for route in every_route(router) for bound in _of(route))


def _of(route: APIRoute) -> Iterator[RowBound]:
    endpoint, power = route.endpoint, power_of(route)
    bulk = power is not None and POWERS[power].bulk
    paced = not bulk and is_paced(endpoint) and _counts(route.dependant)
    for method in set(route.methods or ()) - SAFE:
        yield RowBound(method, route.path, paced, getattr(endpoint, "kept_to", ""))


def _counts(dependant: Dependant) -> bool:
    return getattr(dependant.call, "counts_changes", False) or any(map(_counts, dependant.dependencies))
