"""The HTTP API beside the one that was released last: what breaks its clients fails (docs/reference/api-policy.md)."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from groundswell.platform.settings import Settings
from groundswell.web.app import create_app

from .compatibility import breaks

RELEASED = Path(__file__).parent / "released"
ACCEPTED = RELEASED / "accepted.txt"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(jwks_url="http://localhost/keys")).openapi()


@pytest.mark.slow
def test_clients_of_the_last_release_go_on(document: dict[str, Any]) -> None:
    """Before 1.0 a break may be accepted: by a line of ``accepted.txt``, which a release empties, and in the notes."""
    released = json.loads((RELEASED / "openapi.json").read_text())
    found = set(breaks(released, document))
    accepted = {line for line in ACCEPTED.read_text().splitlines() if line and not line.startswith("#")}
    assert found - accepted == set(), "clients of the last release would break; see docs/reference/api-policy.md"
    assert accepted - found == set(), "accepted, and breaks nothing"


@pytest.mark.slow
def test_the_document_is_one(document: dict[str, Any]) -> None:
    """Valid OpenAPI 3.1; and what Redocly's recommended rules ask for that a validator does not."""
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []  # type: ignore[arg-type]
    operations = [(path, each) for path, methods in document["paths"].items() for each in methods.values()]
    ids = [operation["operationId"] for _, operation in operations]
    assert len(ids) == len(set(ids))
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["servers"]
    for path, operation in operations:
        assert operation["summary"], path
        assert operation["tags"], path
        assert "security" in operation, path
        assert "4XX" in operation["responses"], path
    codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["x-extensible-enum"]
    assert {"not_found", "webhook_unknown"} <= set(codes)


BREAKING = {
    "GET /v1/me: is gone": lambda paths, schemas: paths.pop("/v1/me"),
    "GET /v1/me 200.roles: is gone": lambda paths, schemas: schemas["Me"]["properties"].pop("roles"),
    "GET /v1/me 200.name: may be left out now": lambda paths, schemas: schemas["Me"]["required"].remove("name"),
    "GET /v1/me 200.kids: may be string now": lambda paths, schemas: schemas["Me"]["properties"]["kids"].update(
        type="string"
    ),
    "POST /v1/webhooks body.kinds: is needed now": lambda paths, schemas: schemas["NewWebhook"]["required"].append(
        "kinds"
    ),
    "POST /v1/webhooks body.kinds: is refused now": lambda paths, schemas: schemas["NewWebhook"]["properties"].pop(
        "kinds"
    ),
    "GET /v1/webhooks/{webhook}/deliveries: needs the parameter since": lambda paths, schemas: paths[
        "/v1/webhooks/{webhook}/deliveries"
    ]["get"]["parameters"].append({"in": "query", "name": "since", "required": True, "schema": {}}),
}


@pytest.mark.parametrize("said", BREAKING)
def test_what_breaks_is_found_and_what_is_new_is_not(document: dict[str, Any], said: str) -> None:
    changed = deepcopy(document)
    BREAKING[said](changed["paths"], changed["components"]["schemas"])
    assert said in breaks(document, changed)
    grown = deepcopy(document)
    grown["paths"]["/v1/new"] = grown["paths"]["/v1/me"]
    grown["components"]["schemas"]["Me"]["properties"]["more"] = {"type": "string"}
    grown["components"]["schemas"]["NewWebhook"]["properties"]["more"] = {"type": "string"}
    assert breaks(document, grown) == []
