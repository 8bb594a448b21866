"""An example of every JSON body that the API takes or answers, made from its schema. Pure.

What a field is called decides what stands there where the schema says no more than a type: an example is to look like
what comes, and a test holds each to its schema.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

DEEPEST = 7
"""Schemas that hold themselves end here."""

FORMATS: dict[str, Any] = {
    "date": "2026-12-24",
    "date-time": "2026-12-24T20:15:00Z",
    "email": "noor@play.example",
    "uri": "https://play.example/title/film-0042",
    "uuid": "019b0b5e-0000-7000-8000-000000000001",
}
NAMED: dict[str, Any] = {
    "amount_minor": 1299,
    "at_us": 615_000_000,
    "caption": "Then who lit the lamp?",
    "channel": "whatsapp",
    "code": "7Kd2mPq9Xa",
    "currency": "EUR",
    "detail": "One viewer may clip 2:00 of this title in all.",
    "duration_us": 5_376_000_000,
    "end_us": 633_500_000,
    "external_id": "film-0042",
    "handle": "noor",
    "height": 1080,
    "kind": "moment",
    "language": "en",
    "minor": 1299,
    "model": "last",
    "name": "Noor",
    "next": "WzE3NjY2MDczMDBd",
    "period": "2026-11",
    "series": "Night Ferry",
    "slug": "the-fog",
    "start_us": 615_000_000,
    "status": 403,
    "synopsis": "A keeper, a storm, and a light that nobody lit.",
    "territory": "DE",
    "text": "Then who lit the lamp?",
    "title": "the-fog",
    "type": "about:blank",
    "url": "https://moments.example/s/7Kd2mPq9Xa",
    "viewer": "viewer-311",
    "weight_ppm": 1_000_000,
    "width": 1920,
    "zone": "Europe/Berlin",
}
ENDINGS = {
    "_url": "https://moments.example/s/7Kd2mPq9Xa",
    "code": "range_blocked",
    "label": "Night Ferry, season 1, episode 2",
    "words": "Part of this scene cannot be shared.",
}
"""By how a field's name ends."""
TEXTS = ("film-0042", "en", "DE", "EUR", "2026-11", "noor", "12", "#1d4ed8", "2026-12-24", "whsec_C2FVsBQIhrscChlQ")
"""What is tried where a schema has a pattern, or bounds that no name fits."""


def with_examples(document: dict[str, Any]) -> None:
    """Add an example to every JSON body of ``document`` that has none."""
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for body in _bodies(operation):
                if "schema" in body and not body.keys() & {"example", "examples"}:
                    body["example"] = example_of(body["schema"], schemas)


def _bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Request and answers; a refusal has its example in its schema, once for all."""
    for place in (operation.get("requestBody", {}), *operation.get("responses", {}).values()):
        if body := place.get("content", {}).get("application/json"):
            yield body


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """What a value of ``schema`` may be.

    Args:
        schemas: what it refers to, by name.
        name: what the field is called.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, depth)
    for said in ("example", "const"):
        if said in schema:
            return schema[said]
    if found := schema.get("examples") or schema.get("enum"):
        return found[0]
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        given = [each for each in choices if each.get("type") != "null"]
        return example_of({**given[0], **_bounds(schema)}, schemas, name, depth) if given else None
    kind = schema.get("type", "object" if "properties" in schema else None)
    return MAKERS[kind](schema, schemas, name, depth) if kind in MAKERS else schema.get("default")


def _bounds(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key in {"default", "format"}}


def _object(schema: dict[str, Any], schemas: dict[str, Any], name: str, depth: int) -> Any:
    required = set(schema.get("required", ()))
    fields = {
        field: example_of(said, schemas, field, depth + 1)
        for field, said in schema.get("properties", {}).items()
        if depth < DEEPEST or field in required
    }
    more = schema.get("additionalProperties")
    if not fields and isinstance(more, dict) and more and depth < DEEPEST:
        key = "en" if "anguage" in str(schema.get("description")) else "a"
        if "propertyNames" in schema:
            key = example_of(schema["propertyNames"], schemas, "", depth + 1)
        return {key: example_of(more, schemas, "", depth + 1)}
    return fields


def _array(schema: dict[str, Any], schemas: dict[str, Any], name: str, depth: int) -> Any:
    if schema.get("maxItems") == 0 or (depth >= DEEPEST and not schema.get("minItems")):
        return []
    first = [example_of(each, schemas, name, depth + 1) for each in schema.get("prefixItems", ())]
    if first:
        return first
    return [example_of(schema.get("items", {}), schemas, name.removesuffix("s"), depth + 1)]


def _text(schema: dict[str, Any], schemas: dict[str, Any], name: str, depth: int) -> Any:
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    named = NAMED.get(name) or next((text for end, text in ENDINGS.items() if name.endswith(end)), None)
    tried = [*([named] if isinstance(named, str) else []), schema.get("default"), *TEXTS, "x" * 64]
    lowest, most = schema.get("minLength", 0), schema.get("maxLength", 1 << 20)
    tried += [text[:most] for text in TEXTS] + ["x" * lowest]
    return next((each for each in tried if isinstance(each, str) and _fits(each, schema)), "")


def _fits(text: str, schema: dict[str, Any]) -> bool:
    long = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 1 << 20)
    return long and re.search(schema.get("pattern", ""), text) is not None


def _number(schema: dict[str, Any], schemas: dict[str, Any], name: str, depth: int) -> Any:
    named = NAMED.get(name, schema.get("default"))
    value = named if isinstance(named, int) and not isinstance(named, bool) else 1
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if schema["type"] == "number" and least is not None and most is not None:
        return (least + most) / 2
    value = value if least is None else max(value, least + ("exclusiveMinimum" in schema))
    return value if most is None else min(value, most - ("exclusiveMaximum" in schema))


Maker = Callable[[dict[str, Any], dict[str, Any], str, int], Any]
MAKERS: dict[str, Maker] = {
    "array": _array,
    "boolean": lambda schema, *_: schema.get("default") is True,
    "integer": _number,
    "null": lambda *_: None,
    "number": _number,
    "object": _object,
    "string": _text,
}
