"""The API's description can be read where there is no internet."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from groundswell.web.openapi import WrittenOnce
from groundswell.web.openapi_examples import example_of
from tests.support import App


@pytest.mark.slow
async def test_a_stream_of_events_is_described_as_one(app: App) -> None:
    document = app.asgi.openapi()
    told = document["paths"]["/v1/moments/{moment}/progress"]["get"]["responses"]["200"]["content"]
    assert list(told) == ["text/event-stream"]
    data = told["text/event-stream"]["schema"]["properties"]["data"]
    assert data["contentSchema"] == {"$ref": "#/components/schemas/RenderProgress"}


@pytest.mark.slow
async def test_the_page_of_the_api_asks_nobody_else_for_anything(app: App) -> None:
    page = await app.http.get("/v1/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text) + re.findall(r"url: '([^']+)'", page.text)
    assert "/v1/openapi.json" in addresses
    assert len(addresses) >= 4
    for address in addresses:
        assert address.startswith("/"), address
        assert (await app.http.get(address)).status_code == 200, address


@pytest.mark.slow
async def test_every_body_has_an_example_that_it_would_take(app: App) -> None:
    document = app.asgi.openapi()
    bodies = [
        (f"{method} {path}", body)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for place in (operation.get("requestBody", {}), *operation["responses"].values())
        if (body := place.get("content", {}).get("application/json")) is not None
    ]
    assert len(bodies) > 150
    for name, body in bodies:
        schema = body["schema"] | {"components": document["components"]}
        wrong = [error.message for error in Draft202012Validator(schema).iter_errors(body["example"])]
        assert not wrong, (name, wrong)
    problem = document["components"]["schemas"]["Problem"]
    Draft202012Validator(problem).validate(problem["examples"][0])


SCHEMAS = st.recursive(
    st.one_of(
        st.just({"type": "boolean"}),
        st.builds(lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
                  st.integers(-9, 9), st.integers(0, 9)),
        st.builds(lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
                  st.integers(0, 9), st.integers(0, 9)),
        st.sampled_from([{"type": "string", "format": "uuid"}, {"enum": ["a", 1]}, {"const": None}]),
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda fields: {"type": "object", "properties": fields, "required": list(fields)},
                  st.dictionaries(st.sampled_from(["name", "code", "minor"]), inner)),
        st.builds(lambda choice: {"anyOf": [{"type": "null"}, choice]}, inner),
    ),
    max_leaves=8,
)  # fmt: skip


@given(SCHEMAS)
def test_an_example_is_one_of_its_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator(schema).validate(example_of(schema, {}))


@pytest.mark.slow
async def test_the_document_is_written_once_and_sent_to_whoever_has_another(shared_app: App) -> None:
    written = WrittenOnce(shared_app.asgi)
    assert (await written.document())[0] is (await written.document())[0]
    first = await shared_app.http.get("/v1/openapi.json")
    known = {"If-None-Match": first.headers["etag"]}
    again = await shared_app.http.get("/v1/openapi.json", headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (
        await shared_app.http.get("/v1/openapi.json", headers={"If-None-Match": '"another"'})
    ).json() == first.json()
