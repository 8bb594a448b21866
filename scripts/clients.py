"""Generates the clients of the HTTP API into ``dist/clients``: one for Python, one for TypeScript. ``make clients``.

They are made from the document that the application itself serves, and not committed: nobody edits them, and a copy in
the repository could only be older than what it describes. ``make release`` makes them anew, beside the wheel.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from groundswell import __version__
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
CLIENTS = DIST / "clients"
DOCUMENT = DIST / "openapi.json"
GENERATOR = "openapi-python-client==0.26.*"
INDEX = """import createClient, { type ClientOptions } from "openapi-fetch";
import type { paths } from "./api.js";

export type { components, operations, paths } from "./api.js";

/** The HTTP API of a Groundswell deployment. */
export function groundswell(options: ClientOptions) {
  return createClient<paths>(options);
}
"""


def document() -> dict[str, Any]:
    """The application's OpenAPI document."""
    return create_app(Settings(jwks_url="http://localhost/keys")).openapi()


def tool(name: str) -> str:
    """A command beside this Python."""
    return str(Path(sys.executable).with_name(name))


def python_client() -> Path:
    """The Python client: a package, ``groundswell_client``."""
    target = CLIENTS / "python"
    config = CLIENTS / "python.json"
    config.write_text(
        json.dumps({"project_name_override": "groundswell-client", "package_name_override": "groundswell_client"})
    )
    command = [tool("uv"), "tool", "run", "--quiet", "--from", GENERATOR, "openapi-python-client", "generate"]
    options = ["--path", str(DOCUMENT), "--output-path", str(target), "--config", str(config), "--overwrite"]
    subprocess.run([*command, *options], cwd=ROOT, check=True)
    config.unlink()
    return target


def typescript_client() -> Path:
    """The TypeScript client: types by openapi-typescript, calls by openapi-fetch."""
    target = CLIENTS / "typescript"
    target.mkdir(parents=True, exist_ok=True)
    command = [tool("npm"), "exec", "--offline", "--", "openapi-typescript", str(DOCUMENT), "--output"]
    subprocess.run([*command, str(target / "api.d.ts")], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (target / "index.ts").write_text(INDEX)
    package = {
        "name": "groundswell-client",
        "version": __version__,
        "license": "Apache-2.0",
        "type": "module",
        "main": "./index.ts",
        "dependencies": {"openapi-fetch": "^0.14.0"},
    }
    (target / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    return target


def main() -> int:
    """Make both anew."""
    shutil.rmtree(CLIENTS, ignore_errors=True)
    CLIENTS.mkdir(parents=True)
    DOCUMENT.write_text(json.dumps(document(), indent=1, ensure_ascii=False))
    for made in (python_client(), typescript_client()):
        print(made.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
