"""``make release VERSION=0.2.0``: version, notes, frozen migrations, builds, checks, commit, tag. Pushes nothing."""

import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from groundswell.platform import migrations

ROOT = Path(__file__).parents[1]
VERSION = ROOT / "src" / "groundswell" / "__init__.py"
ELEMENTS = ROOT / "elements" / "package.json"
CHANGES = ROOT / "CHANGELOG.md"
RELEASED = ROOT / "tests" / "platform" / "released"
API = ROOT / "tests" / "api" / "released"
UNRELEASED = "## Unreleased\n"


def main(version: str) -> int:
    """Make the release of ``version``; returns the exit code."""
    if refusal := why_not(version):
        print(refusal)
        return 2
    write_version(version)
    write_notes(version)
    freeze_migrations()
    freeze_api()
    for command in (
        ["npm", "run", "--silent", "build"],
        ["uv", "build", "--quiet", "--wheel", "--out-dir", "dist"],
        ["make", "check"],
        ["make", "sbom"],
        ["make", "clients"],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "--message", f"Release {version}"],
        ["git", "tag", "--annotate", f"v{version}", "--message", f"Groundswell {version}"],
    ):
        subprocess.run(command, cwd=ROOT, check=True)
    print(f"tagged v{version}; when `make test` is green: git push --follow-tags")
    return 0


def why_not(version: str) -> str | None:
    """Why there can be no such release now."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return "which version? make release VERSION=0.2.0"
    if output("git", "status", "--porcelain"):
        return "commit or put away what has changed first"
    if output("git", "tag", "--list", f"v{version}"):
        return f"v{version} is there already"
    if not notes().strip():
        return "CHANGELOG.md says nothing under Unreleased"
    return None


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def notes() -> str:
    """What stands under Unreleased."""
    return CHANGES.read_text().split(UNRELEASED, 1)[1].split("\n## ", 1)[0]


def write_version(version: str) -> None:
    """Write it where it is kept, and where npm wants it."""
    VERSION.write_text(re.sub(r'(?<=__version__ = ")[^"]+', version, VERSION.read_text()))
    package = json.loads(ELEMENTS.read_text())
    ELEMENTS.write_text(json.dumps(package | {"version": version}, indent=2, ensure_ascii=False) + "\n")


def write_notes(version: str) -> None:
    """Give what stands under Unreleased its version and day."""
    heading = f"{UNRELEASED}\n## {version} ({datetime.now(UTC):%Y-%m-%d})\n"
    CHANGES.write_text(CHANGES.read_text().replace(UNRELEASED, heading, 1))


def hashes(files: list[Path]) -> dict[str, str]:
    """The SHA-256 of each file, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def freeze_migrations() -> None:
    """Keep the hash of every revision, and what fills every table of the newest."""
    versions = Path(migrations.__file__).parent / "versions"
    frozen = {revision: hashes(sorted(versions.glob(f"{revision}_*.*"))) for revision in migrations.revisions()}
    (RELEASED / "frozen.json").write_text(json.dumps(frozen, indent=2) + "\n")
    if not (RELEASED / f"{migrations.newest_revision()}.sql").exists():
        subprocess.run([sys.executable, "-m", "tests.platform.released.filling"], cwd=ROOT, check=True)


def freeze_api() -> None:
    """Keep the HTTP API's document, beside which later versions are held; what was accepted is past."""
    from groundswell.platform.settings import Settings
    from groundswell.web.app import create_app

    document = create_app(Settings(jwks_url="http://localhost/keys")).openapi()
    (API / "openapi.json").write_text(json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n")
    accepted = API / "accepted.txt"
    accepted.write_text("".join(line + "\n" for line in accepted.read_text().splitlines() if line.startswith("#")))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [""]))
