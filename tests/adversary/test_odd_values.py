"""What addresses, queries and forms hold breaks no route: each is asked with what was seen to, three of it in turn."""

from typing import Any
from urllib.parse import quote

import pytest
from fastapi.dependencies.models import Dependant

from groundswell.web.route_powers import every_route
from tests.support import App

ODD = (
    "\0",
    "9" * 40,
    "-1",
    "é\u202e\U0001f3ac" * 40,
    "2026-02-30",
    "AAAAAAAAAAAAAAAAAAAAAA",
    "'\"><script>alert(1)</script>",
    "%ff",
    "nan",
)
ENDLESS = ("/stream", "/progress")


def names_of(dependant: Dependant, kind: str) -> set[str]:
    """What a route takes in its query (``query_params``) or body, by name."""
    found = {str(each.alias) for each in getattr(dependant, kind)}
    return found.union(*(names_of(each, kind) for each in dependant.dependencies))


def routes(app: App) -> list[tuple[Any, str]]:
    return [
        (route, method)
        for route in every_route(app.asgi.router)
        for method in sorted(route.methods or ())
        if method != "HEAD" and not route.path.endswith(ENDLESS) and hasattr(route, "dependant")
    ]


@pytest.mark.slow
async def test_no_value_breaks_any_route(app: App) -> None:
    who = [app.signed_in("root", "admin"), {}]
    for number, (route, method) in enumerate(routes(app)):
        query, form = (names_of(route.dependant, kind) for kind in ("query_params", "body_params"))
        for turn, value in enumerate(ODD[number % 3 :: 3]):
            path = route.path.format(**dict.fromkeys(route.param_convertors, quote(value, safe="")))
            wanted: dict[str, Any] = {"params": dict.fromkeys(query, value), "headers": who[(turn + number) % 2]}
            if form and not route.path.startswith("/v1/"):
                wanted["data"] = dict.fromkeys(form, value)
            elif method in ("POST", "PUT", "PATCH"):
                wanted["json"] = dict.fromkeys({*form, "text", "name", "cursor"}, value)
            answer = await app.http.request(method, path, **wanted)
            assert answer.status_code < 500, (method, path, value, answer.text[:300])
            if "html" in answer.headers.get("content-type", ""):
                assert "<script>alert(1)" not in answer.text, (method, path, value)


@pytest.mark.slow
async def test_no_value_of_a_query_breaks_a_page_alone(app: App) -> None:
    """Beside others that are refused first, a value may never be read."""
    root = app.signed_in("root", "admin")
    asked = (
        (route.path, name)
        for route, method in routes(app)
        if method == "GET" and "{" not in route.path
        for name in sorted(names_of(route.dependant, "query_params"))
    )
    for number, (path, name) in enumerate(asked):
        value = ODD[number % len(ODD)]
        answer = await app.http.get(path, params={name: value}, headers=root)
        assert answer.status_code < 500, (path, name, value, answer.text[:300])
        if "html" in answer.headers.get("content-type", ""):
            assert "<script>alert(1)" not in answer.text, (path, name)
