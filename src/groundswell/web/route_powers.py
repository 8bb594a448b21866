"""Which power each route asks for, read from the routes themselves: for the reference page and the tests' matrix."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute

from groundswell.platform.openapi_security import power_of

Address = tuple[str, str]


def every_route(router: Any) -> Iterator[APIRoute]:
    """Every route of an application's router, however its routers are nested."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from every_route(route.original_router)


def powers_of(router: Any) -> dict[str, list[Address]]:
    """By power, the (method, path) of the routes that ask for it."""
    found: dict[str, list[Address]] = {}
    for route in every_route(router):
        if (power := power_of(route)) is not None:
            found.setdefault(power, []).extend((method, route.path) for method in sorted(route.methods or ()))
    return {power: sorted(set(addresses)) for power, addresses in sorted(found.items())}
