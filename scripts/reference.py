"""Writes the reference pages that are made from the code: settings and reason codes. `--check` only compares."""

import sys
from pathlib import Path

from groundswell.platform.settings import Settings
from groundswell.web.reasons import reason_codes

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def settings_page() -> str:
    """Every setting: variable, default, meaning."""
    rows = [
        f"| `GROUNDSWELL_{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Read from the environment once, at start. Every one has a default that works on one machine.",
            "",
            "| variable | default | meaning |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _default(value: object) -> str:
    return "unset" if value is None else f"`{value}`"


def reason_codes_page() -> str:
    """Every reason code with which something can be refused."""
    return "\n".join(
        [
            "# Reason codes",
            "",
            "Every refusal is an RFC 9457 problem document; programs read `code`, people read `detail`. A running",
            "service has this page at `/docs/reason-codes`, where the `type` of each refusal leads.",
            "",
            "| code | HTTP status | meaning |",
            "| --- | --- | --- |",
            *(
                f'| <a id="{code}"></a>`{code}` | {status} | {words} |'
                for code, (status, words) in reason_codes().items()
            ),
            "",
        ]
    )


PAGES = {"settings.md": settings_page, "reason-codes.md": reason_codes_page}


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date (exit 1)."""
    stale = []
    for name, make in PAGES.items():
        path, text = REFERENCE / name, make()
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make reference`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
