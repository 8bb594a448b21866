"""What the API's description says of a route by itself: its key, and who may ask.

A dependency says whom it lets in by its attributes: ``security`` (as in OpenAPI) and ``needs`` (a sentence).
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

C = TypeVar("C", bound=Callable[..., Any])

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Of your own choosing, kept for a day: repeated with it, the request is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def lets_in(dependency: C, security: list[dict[str, list[str]]], needs: str = "") -> C:
    """Note on ``dependency`` whom it lets in."""
    dependency.security, dependency.needs = security, needs  # type: ignore[attr-defined]
    return dependency


def describe(route: APIRoute) -> None:
    """Complete what ``route`` says of itself in the API's description."""
    extra = dict(route.openapi_extra or {})
    if "POST" in (route.methods or ()):
        extra["parameters"] = [*extra.get("parameters", []), IDEMPOTENCY_KEY]
    strictest = max(_asked(route.dependant), key=_strictness, default=None)
    if strictest is not None and _strictness(strictest):
        extra["security"] = strictest.security
        route.description = f"{route.description}\n\n{strictest.needs}".strip()
    route.openapi_extra = extra


def power_of(route: APIRoute) -> str | None:
    """The power that ``route`` asks for (``accounts.powers``); None where being signed in, or nothing, is enough."""
    return next((power for call in _asked(route.dependant) if (power := getattr(call, "power", None))), None)


def _strictness(dependency: Any) -> int:
    """A role or scope over being signed in over perhaps being signed in over anybody."""
    security = getattr(dependency, "security", None)
    if security is None:
        return 0
    return 1 if {} in security else 3 if dependency.needs else 2


def _asked(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _asked(inner)
