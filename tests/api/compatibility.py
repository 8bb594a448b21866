"""What of an HTTP API's description breaks clients of an older one (OpenAPI 3.1). Pure.

A client of the older one sends what that allowed, and reads what that promised. So a request may ask for nothing more
and take nothing less; an answer may promise nothing less. Something new in an answer, a further value of an enumeration
in one, another operation, breaks nobody who reads as the document says.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")
BODY = "application/json"


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What breaks clients of ``old``, each in words that name the operation and the place."""
    return sorted(set(_Comparison(old, new).found()))


class _Comparison:
    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old, self.new = old, new

    def found(self) -> Iterator[str]:
        for path, methods in self.old["paths"].items():
            for method in METHODS:
                if method not in methods:
                    continue
                where, there = f"{method.upper()} {path}", self.new["paths"].get(path, {}).get(method)
                if there is None:
                    yield f"{where}: is gone"
                    continue
                yield from self._parameters(where, methods[method], there)
                yield from self._request(where, methods[method], there)
                yield from self._answers(where, methods[method], there)

    def _parameters(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in old.get("parameters", ())}
        after = {(each["in"], each["name"]): each for each in new.get("parameters", ())}
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{where}: needs the parameter {key[1]}"
        for key in before.keys() - after.keys():
            yield f"{where}: has no parameter {key[1]} any more"
        for key in before.keys() & after.keys():
            yield from self._taken(f"{where} {key[1]}", before[key].get("schema", {}), after[key].get("schema", {}))

    def _request(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = (each.get("requestBody", {}).get("content", {}).get(BODY) for each in (old, new))
        if after is not None and before is None and new["requestBody"].get("required"):
            yield f"{where}: needs a body"
        if before is not None and after is not None:
            yield from self._taken(f"{where} body", before.get("schema", {}), after.get("schema", {}))

    def _answers(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        for status, answer in old.get("responses", {}).items():
            if not status.startswith("2"):
                continue
            there = new.get("responses", {}).get(status)
            if there is None:
                yield f"{where}: does not answer {status} any more"
                continue
            for kind, content in answer.get("content", {}).items():
                if kind not in there.get("content", {}):
                    yield f"{where} {status}: is no {kind} any more"
                else:
                    schemas = (content.get("schema", {}), there["content"][kind].get("schema", {}))
                    yield from self._promised(f"{where} {status}", *schemas)

    def _taken(self, where: str, old: Schema, new: Schema, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """What of what ``old`` took ``new`` does not."""
        old, new, seen, again = self._resolved(old, new, seen)
        if again:
            return
        if gone := _kinds(old) - _kinds(new) - {"integer" if "number" in _kinds(new) else ""}:
            yield f"{where}: does not take {', '.join(sorted(gone))} any more"
        if "enum" in new and set(map(str, old.get("enum", ["anything"]))) - set(map(str, new["enum"])):
            yield f"{where}: takes fewer values"
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{where}.{name}: is needed now"
        for name, schema in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                yield from self._taken(f"{where}.{name}", schema, new["properties"][name], seen)
            elif new.get("additionalProperties") is False:
                yield f"{where}.{name}: is refused now"
        if "items" in old and "items" in new:
            yield from self._taken(f"{where}[]", old["items"], new["items"], seen)

    def _promised(self, where: str, old: Schema, new: Schema, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """What of what ``old`` promised ``new`` does not."""
        old, new, seen, again = self._resolved(old, new, seen)
        if again:
            return
        if other := _kinds(new) - _kinds(old) - {"integer" if "number" in _kinds(old) else ""}:
            yield f"{where}: may be {', '.join(sorted(other))} now"
        for name in set(old.get("required", ())) - set(new.get("required", ())):
            yield f"{where}.{name}: may be left out now"
        for name, schema in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                yield from self._promised(f"{where}.{name}", schema, new["properties"][name], seen)
            else:
                yield f"{where}.{name}: is gone"
        if "items" in old and "items" in new:
            yield from self._promised(f"{where}[]", old["items"], new["items"], seen)

    def _resolved(self, old: Schema, new: Schema, seen: frozenset[str]) -> tuple[Schema, Schema, frozenset[str], bool]:
        named = old.get("$ref")
        again = named is not None and named in seen
        return _of(self.old, old), _of(self.new, new), seen | {named} if named else seen, again


def _of(document: dict[str, Any], schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    parts = [_of(document, part) for part in schema.get("allOf", ())]
    for part in schema.get("anyOf", schema.get("oneOf", ())):  # null beside one other: read as that, or null
        if (found := _of(document, part)).get("type") != "null":
            parts.append(found)
    kinds = _kinds(schema, document)
    for part in parts[:1]:
        schema = {**part, **{key: value for key, value in schema.items() if key not in {"anyOf", "oneOf", "allOf"}}}
    return {**schema, "type": sorted(kinds)} if kinds else schema


def _kinds(schema: Schema, document: dict[str, Any] | None = None) -> set[str]:
    """The JSON types that a schema allows; none: any."""
    said = schema.get("type", [])
    kinds = {said} if isinstance(said, str) else set(said)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        kinds |= _kinds(part if document is None else _of(document, part), document)
    return kinds
