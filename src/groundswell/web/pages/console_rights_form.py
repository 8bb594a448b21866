"""The form of a rights rule: its fields as people write them, and back. Pure apart from the row it shows."""

from collections.abc import Callable, Mapping
from typing import Any

from groundswell.catalog.tables import RightsRule

from .console_forms import US_PER_SECOND, Unreadable, parse_percent, parse_seconds

SWITCHES = {"sharing": "Sharing", "public_playback": "Plays without an account", "download": "May be saved as a file"}
LENGTHS = {"min_clip": "Shortest clip", "max_clip": "Longest clip"}
TOTALS = {"viewer_total": "One viewer, all their clips", "title_total": "All viewers together"}

FIELDS = {"switches": SWITCHES, "lengths": LENGTHS, "totals": TOTALS}


def shown_rule(rule: RightsRule | None) -> dict[str, str]:
    """The form's fields for a rule; empty where it says nothing."""
    form = {name: _switch(getattr(rule, name, None)) for name in SWITCHES}
    form |= {name: _seconds(getattr(rule, f"{name}_us", None)) for name in LENGTHS}
    for name in TOTALS:
        us, percent = getattr(rule, f"{name}_us", None), getattr(rule, f"{name}_percent", None)
        form[name] = _seconds(us) if us is not None else "" if percent is None else str(percent)
        form[f"{name}_unit"] = "seconds" if us is not None else "percent"
    return form | {"note": getattr(rule, "note", "")}


def _switch(value: bool | None) -> str:
    return "" if value is None else "on" if value else "off"


def _seconds(us: int | None) -> str:
    return "" if us is None else f"{us / US_PER_SECOND:g}"


def read_rule(form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What a filled-in form says, as fields of ``RightsTerms``; and by field what cannot be understood."""
    read: dict[str, Any] = {"note": form.get("note", "").strip()}
    errors: dict[str, str] = {}

    def take(field: str, name: str, parse: Callable[[str], Any]) -> None:
        try:
            read[field] = parse(form.get(name, ""))
        except Unreadable as unreadable:
            errors[name] = str(unreadable)

    for name in SWITCHES:
        read[name] = {"on": True, "off": False}.get(form.get(name, ""))
    for name in LENGTHS:
        take(f"{name}_us", name, parse_seconds)
    for name in TOTALS:
        read |= {f"{name}_us": None, f"{name}_percent": None}
        if form.get(f"{name}_unit") == "seconds":
            take(f"{name}_us", name, parse_seconds)
        else:
            take(f"{name}_percent", name, parse_percent)
    return read, errors
