"""Bounds before work: nobody makes the service read, keep or unpack much by sending it."""

from collections.abc import AsyncIterator

import pytest

from groundswell.platform.body_bounds import MIB, BodyBounds, body_at_most
from groundswell.web.route_powers import every_route
from tests.support import App

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


class Endless:
    """A body without end, which counts how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.taken < 100 * MIB:
            self.taken += 65536
            yield b" " * 65536


async def test_no_address_takes_a_large_body_from_anybody(app: App) -> None:
    """Without a token, and said to be JSON, a form, files or nothing: it is refused before anybody is asked for."""
    bounds = app.services.get(BodyBounds)
    asked = 0
    for route in every_route(app.asgi.router):
        for method in sorted((route.methods or set()) & CHANGING):
            asked += 1
            path = route.path.replace("{", "").replace("}", "")
            body = Endless()
            headers = {"Content-Length": str(bounds.of(path) + 1), "Content-Type": KINDS[asked % len(KINDS)]}
            answer = await app.http.request(method, path, headers=headers, content=body)
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large"), (method, path)
            assert body.taken <= 65536, "the client's own first piece"
    assert asked > 40


KINDS = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/moments", "application/json"),
        ("/v1/conversions/stripe", "application/json"),
        ("/v1/events", "application/json"),
        ("/moments/selected", "application/x-www-form-urlencoded"),
        ("/moments/selected", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_of_unsaid_length_is_read_no_further_than_its_bound(app: App, path: str, kind: str) -> None:
    app.runtime.settings.__dict__["stripe_webhook_secret"] = None
    body = Endless()
    answer = await app.http.post(
        path, content=body, headers={"Content-Type": kind, **app.signed_in(), "Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code in {413, 404, 403, 401, 503, 400, 303}, answer.text
    assert body.taken <= app.services.get(BodyBounds).of(path) + 2 * 65536


async def test_a_body_of_unsaid_length_that_is_too_long_is_said_to_be(app: App) -> None:
    answer = await app.http.post("/v1/moments", content=Endless(), headers=app.signed_in())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "GZIP"])
async def test_nothing_is_unpacked(shared_app: App, encoding: str) -> None:
    answer = await shared_app.http.post("/v1/moments", content=b"\x1f\x8b", headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "encoding_unsupported")


async def test_a_body_within_its_bound_arrives(app: App) -> None:
    padded = b" " * 900_000 + b'{"title": "none", "start_us": 0, "end_us": 5000000}'
    headers = {**app.signed_in(), "Content-Type": "application/json", "Content-Encoding": "identity"}
    answer = await app.http.post("/v1/moments", content=padded, headers=headers)
    assert answer.status_code == 404


def test_a_route_may_have_a_bound_of_its_own(app: App) -> None:
    bounds = app.services.get(BodyBounds)
    assert bounds.of("/v1/events") == 4 * MIB
    assert bounds.of("/v1/events/") == bounds.of("/v1/moments") == bounds.of("/nowhere") == MIB


def test_a_bound_is_noted_on_the_endpoint() -> None:
    @body_at_most(5)
    def endpoint() -> None: ...

    assert endpoint.body_max == 5  # type: ignore[attr-defined]
