"""Whatever answers GET answers HEAD, with the same head and no content."""

import re

import pytest

from groundswell.web.route_powers import every_route
from tests.support import App

PARAMETER = re.compile(r"\{[^}]+\}")
TOLD = ("content-type", "cache-control", "allow", "www-authenticate")


def paths(app: App) -> list[str]:
    """Each path that answers GET, with something in its place that is nobody's."""
    found = {
        PARAMETER.sub("00000000-0000-7000-8000-000000000000", route.path)
        for route in every_route(app.asgi.router)
        if "GET" in (getattr(route, "methods", None) or ())
    }
    return sorted(found)


@pytest.mark.slow
async def test_every_get_is_answered_by_its_head(shared_app: App) -> None:
    asked = paths(shared_app)
    assert len(asked) > 150
    for path in asked:
        whole = await shared_app.http.get(path)
        head = await shared_app.http.head(path)
        assert (path, head.status_code) == (path, whole.status_code)
        assert not head.content
        assert (path, *map(head.headers.get, TOLD)) == (path, *map(whole.headers.get, TOLD))


async def test_what_no_get_answers_is_refused_as_ever(shared_app: App) -> None:
    refused = await shared_app.http.head("/v1/events")
    assert refused.status_code == 405
    assert not refused.content


@pytest.mark.parametrize("path", ["/v1/notifications/stream"])
async def test_what_is_sent_without_end_ends_with_its_head(shared_app: App, path: str) -> None:
    head = await shared_app.http.head(path, headers=shared_app.signed_in("noor"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
