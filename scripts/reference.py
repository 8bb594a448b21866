"""Writes what the docs say that is made from the code. `--check` only compares."""

import re
import sys
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path

from groundswell.accounts.powers import POWERS
from groundswell.platform.settings import Settings
from groundswell.platform.signals import subscribers
from groundswell.web.app import create_app
from groundswell.web.features import declared_signals, discovered, products
from groundswell.web.reason_codes import reason_codes
from groundswell.web.route_powers import powers_of
from groundswell.web.row_bounds import row_bounds

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE, HOUSE = DOCS / "reference", DOCS / "explanation" / "house.md"
TABLE = re.compile(r"(?<=<!-- features -->\n).*?(?=<!-- /features -->)", re.S)


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


def signals_page() -> str:
    """Every signal: what happened, what it carries, who hears it.

    Raises:
        ValueError: one says nothing about itself.
    """
    parts = [
        "# Signals",
        "",
        "What one feature tells the features above it. A signal is sent inside the transaction that made it so, and",
        "every subscriber runs in that transaction: if one fails, nothing has happened. To hear one, put",
        "`@signals.on(Restricted)` over an `async def (session, signal)` in a feature's `jobs.py` or `api.py`",
        "(`platform/signals.py`); work for later is a job, deferred there in the same transaction.",
        "",
    ]
    for signal in declared_signals():
        parts += _signal(signal)
    return "\n".join(parts)


def _signal(signal: type) -> list[str]:
    words = cleandoc(signal.__dict__.get("__doc__") or "")
    if not words or words.startswith(f"{signal.__name__}("):  # what ``dataclass`` writes when nobody did
        raise ValueError(f"{signal.__module__}.{signal.__name__} has no docstring")
    fields = ", ".join(f"`{name}`" for name in signal.__annotations__)
    heard = ", ".join(f"`{function.__module__.removeprefix('groundswell.')}`" for function in subscribers(signal))
    feature = signal.__module__.split(".")[1]
    return [
        f"## {signal.__name__}",
        "",
        words,
        "",
        f"From `{feature}`. Carries {fields}. Heard by {heard or 'nobody yet'}.",
        "",
    ]


def features_table() -> str:
    """Every folder, lowest first, with what stands there."""
    rows = [
        ("platform", "settings, database, jobs, object storage, HTTP conventions, telemetry, clock, ids", ""),
        ("media", "the clip engine: files in, files out; knows neither database nor HTTP", "clip"),
        *((name, feature.about, feature.step) for name, feature in products().items()),
        ("web", "pages, and the application that puts the features together", "every screen"),
        *((name, feature.about, feature.step) for name, feature in discovered().items() if not feature.product),
    ]
    lines = [f"| `{name}/` | {about} | {step} |".replace("|  |", "| |") for name, about, step in rows]
    return "\n".join(["", "| folder | what stands there | step of the loop |", "| --- | --- | --- |", *lines, "", ""])


def house_page() -> str:
    """The house's page, with its table of features as they are."""
    return TABLE.sub(lambda found: features_table(), HOUSE.read_text())


def powers_page() -> str:
    """Who may do what, and by which routes."""
    routes = powers_of(create_app(Settings(jwks_url="http://localhost/keys")).router)
    rows = []
    for name, power in POWERS.items():
        staffs = power.roles or not power.scopes
        roles = ", ".join(f"`{role}`" for role in sorted({*power.roles, "admin"})) if staffs else ""
        scopes = ", ".join(f"`{scope}`" for scope in sorted(power.scopes))
        rows.append(f"| `{name}` | {power.what} | {roles or '–'} | {scopes or '–'} |")
    by_route = [f"| `{method} {path}` | `{name}` |" for name, addresses in routes.items() for method, path in addresses]
    return "\n".join(
        [
            "# Who may do what",
            "",
            "Staff have a power by a role in their token, services by a scope of their key. `admin` has all that staff",
            "have. Nobody has a power because they have another. What is done with one is in the audit log.",
            "",
            "| power | what it is | roles | scopes |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "## By route",
            "",
            "Every other route is for viewers or visitors.",
            "",
            "| route | power |",
            "| --- | --- |",
            *by_route,
            "",
        ]
    )


def bounds_page() -> str:
    """What bounds the rows that one person or key can make, by route."""
    bounds = row_bounds(create_app(Settings(jwks_url="http://localhost/keys")).router)
    rows = [
        f"| `{bound.method} {bound.path}` | {'yes' if bound.paced else 'no'} | {bound.words or '–'} |"
        for bound in bounds
    ]
    return "\n".join(
        [
            "# What one person can make",
            "",
            "Whoever changes something is held to a pace, whatever it is: `GROUNDSWELL_CHANGES_PER_MINUTE` and",
            "`GROUNDSWELL_CHANGES_PER_DAY` for a viewer, over all their sessions; ten times as much for staff and for",
            "keys that manage something, five times as much for the visitors of one address. Beyond it: 429",
            "`rate_limited`, with Retry-After. What a service reports by its keys is held to none. What keeps rows few",
            "beside the pace, or in its place, is said here; many kinds have a number of their own, which their reason",
            "code says (`…_full`, `too_many_…`).",
            "",
            "| route | held to the pace | beside it |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


PAGES: dict[Path, Callable[[], str]] = {
    REFERENCE / "settings.md": settings_page,
    REFERENCE / "reason-codes.md": reason_codes_page,
    REFERENCE / "signals.md": signals_page,
    REFERENCE / "powers.md": powers_page,
    REFERENCE / "bounds.md": bounds_page,
    HOUSE: house_page,
}


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date (exit 1)."""
    stale = []
    for path, make in PAGES.items():
        text = make()
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make reference`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
