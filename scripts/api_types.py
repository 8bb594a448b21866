"""Writes the types of the HTTP API that the web components use: ``elements/src/api-types.ts``. `--check` only compares.

They are made by openapi-typescript from the application's own OpenAPI document, cut down to the paths that the sources
in ``elements/src`` name. The file is committed, so that the components are built without Python.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from groundswell.platform.settings import Settings
from groundswell.web.app import create_app

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "elements" / "src"
TYPES = SOURCES / "api-types.ts"
HEAD = "// Written by scripts/api_types.py (`make reference`) from the application's OpenAPI document.\n"
NAMED = re.compile(r'"(/v1/[^"?]*)"')
REFERENCE = re.compile(r'"\$ref": "#/components/schemas/(\w+)"')
# A field of a request with a default may be left out; of an answer, it is there or not with any server.
OPTIONS = ("--immutable", "--alphabetize", "--default-non-nullable=false")


def named_paths() -> set[str]:
    """The paths of the API that the components name."""
    sources = (path for path in SOURCES.rglob("*.ts") if path != TYPES)
    return {path for source in sources for path in NAMED.findall(source.read_text())}


def cut_down(document: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    """``document`` with these paths alone, and the schemas that they need.

    Raises:
        KeyError: there is no such path.
    """
    kept = {path: document["paths"][path] for path in sorted(paths)}
    schemas = document["components"]["schemas"]
    needed = sorted(set(_reached(kept, schemas)))
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": kept,
        "components": {"schemas": {name: schemas[name] for name in needed}},
    }


def _reached(part: Any, schemas: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names of the schemas to which ``part`` refers, also by way of others."""
    for name in set(REFERENCE.findall(json.dumps(part))) - seen:
        yield name
        yield from _reached(schemas[name], schemas, seen | {name})


def without_examples(part: Any) -> Any:
    """``part`` of a document without its examples, which are for people: types do not come of them."""
    if isinstance(part, dict):
        return {
            name: without_examples(each)
            for name, each in part.items()
            if not (name == "example" and "schema" in part) and not (name == "examples" and "properties" in part)
        }
    return [without_examples(each) for each in part] if isinstance(part, list) else part


def api_types() -> str:
    """The types, as TypeScript."""
    document = without_examples(create_app(Settings(jwks_url="http://localhost/keys")).openapi())
    command = [str(Path(sys.executable).with_name("npm")), "exec", "--offline", "--", "openapi-typescript", *OPTIONS]
    asked = json.dumps(cut_down(document, named_paths()))
    made = subprocess.run(command, cwd=ROOT, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    return HEAD + made.stdout


def main() -> int:
    """Write the file, or with ``--check`` say that it is out of date (exit 1)."""
    text = api_types()
    if "--check" not in sys.argv:
        TYPES.write_text(text)
    elif not TYPES.exists() or TYPES.read_text() != text:
        print(f"out of date: {TYPES.relative_to(ROOT)}; run `make reference`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
