"""The form of a rights rule: its fields as people write them, and back. Pure apart from the row it shows.

A field that a request does not carry at all is left as it stands; one that is carried empty says nothing.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData, QueryParams

from groundswell.catalog.tables import RightsRule
from groundswell.platform.clock import US_PER_SECOND
from groundswell.web.console.forms import (
    Unreadable,
    parse_clock,
    parse_days,
    parse_instant,
    parse_percent,
    parse_seconds,
    parse_words,
    shown_clock,
)

SWITCHES = {
    "sharing": "Sharing",
    "public_playback": "Plays without an account",
    "download": "May be saved as a file",
    "kids": "Children’s profiles may clip",
    "ad_tier": "On the plan with advertising",
    "live": "Live events may be shared",
    "captions": "Only with subtitles",
}
LENGTHS = {"min_clip": "Shortest clip", "max_clip": "Longest clip"}
TOTALS = {"viewer_total": "One viewer, all their clips", "title_total": "All viewers together"}
RATINGS = {"ratings_off": "Ratings that may not be shared", "kids_ratings": "Ratings children’s profiles may see"}
INSTANTS = {"opens_at": "Opens", "closes_at": "Licence ends"}
SPEAKS = {"speaks_from": "Rule speaks from", "speaks_until": "until"}

FIELDS = {"switches": SWITCHES, "lengths": LENGTHS, "totals": TOTALS, "ratings": RATINGS, "instants": INSTANTS}
SPARE_ROWS = 2

Form = dict[str, Any]


Filled = FormData | QueryParams
"""A form as it came, in a body or in an address."""


def shown_rule(rule: RightsRule | None) -> Form:
    """The form's fields for a rule; empty where it says nothing."""

    def of(name: str) -> Any:
        return None if rule is None else getattr(rule, name)

    form: Form = {name: _switch(of(name)) for name in SWITCHES}
    form |= {name: _seconds(of(f"{name}_us")) for name in LENGTHS}
    for name in TOTALS:
        us, percent = of(f"{name}_us"), of(f"{name}_percent")
        form[name] = _seconds(us) if us is not None else "" if percent is None else str(percent)
        form[f"{name}_unit"] = "seconds" if us is not None else "percent"
    form |= {name: ", ".join(of(name) or ()) for name in RATINGS}
    form |= {name: _instant(of(name)) for name in (*INSTANTS, *SPEAKS)}
    form |= {name: "" if of(name) is None else str(of(name)) for name in ("ending_percent", "ending_days")}
    form["targets_mode"] = "" if of("targets") is None else "only"
    form["targets"] = list(of("targets") or ())
    form["blocked_mode"] = "none" if of("blocked_ranges") == [] else ""
    form["blocked"] = [_row(each) for each in of("blocked_ranges") or ()]
    return form | {"territory": of("territory") or "", "note": of("note") or ""}


def _switch(value: bool | None) -> str:
    return "" if value is None else "on" if value else "off"


def _seconds(us: int | None) -> str:
    return "" if us is None else f"{us / US_PER_SECOND:g}"


def _instant(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def _row(range_: Mapping[str, Any]) -> dict[str, str]:
    return {
        "start": shown_clock(range_["start_us"]),
        "end": shown_clock(range_["end_us"]),
        "reason": str(range_["reason"]),
    }


def with_spare_rows(form: Form) -> Form:
    """``form`` with empty rows for blocked ranges at its end."""
    return form | {"blocked": [*form["blocked"], *[{"start": "", "end": "", "reason": ""}] * SPARE_ROWS]}


def refilled(form: Filled, shown: Form) -> Form:
    """``shown`` with what was typed over it, to be corrected."""
    typed: Form = {name: str(form.get(name)) for name in shown if name in form and name not in {"targets", "blocked"}}
    if "targets_mode" in form:
        typed["targets"] = [str(each) for each in form.getlist("targets")]
    if "blocked_start" in form:
        typed["blocked"] = [row for row in _rows(form) if any(row.values())]
    return shown | typed


def read_place(form: Filled) -> tuple[dict[str, Any], dict[str, str]]:
    """The territory and window for which the rule is to speak; and by field what cannot be understood."""
    read: dict[str, Any] = {"territory": str(form.get("territory") or "").strip().upper() or None}
    errors: dict[str, str] = {}
    if read["territory"] is not None and not (len(read["territory"]) == 2 and read["territory"].isalpha()):
        errors["territory"] = "Write a country’s two letters, such as DE, or leave it empty."
    for name in SPEAKS:
        _take(read, errors, name, name, form, parse_instant)
    return read, errors


def read_rule(form: Filled) -> tuple[dict[str, Any], dict[str, str]]:
    """What a filled-in form says, as fields of ``RightsTerms``; and by field what cannot be understood."""
    read: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in SWITCHES:
        if name in form:
            read[name] = {"on": True, "off": False}.get(str(form.get(name)))
    plain: list[tuple[str, str, Callable[[str], Any]]] = [(f"{name}_us", name, parse_seconds) for name in LENGTHS]
    plain += [(name, name, parse_words) for name in RATINGS]
    plain += [(name, name, parse_instant) for name in INSTANTS]
    plain += [("ending_percent", "ending_percent", parse_percent), ("ending_days", "ending_days", parse_days)]
    plain += [("note", "note", str.strip)]
    for field, name, parse in plain:
        if name in form:
            _take(read, errors, field, name, form, parse)
    for name in TOTALS:
        if name in form:
            in_seconds = form.get(f"{name}_unit") == "seconds"
            read |= {f"{name}_us": None, f"{name}_percent": None}
            field, parse = (f"{name}_us", parse_seconds) if in_seconds else (f"{name}_percent", parse_percent)
            _take(read, errors, field, name, form, parse)
    if "targets_mode" in form:
        chosen = [str(each) for each in form.getlist("targets")]
        read["targets"] = chosen if form.get("targets_mode") == "only" else None
    if "blocked_start" in form:
        _take_ranges(read, errors, form)
    return read, errors


def _take(
    read: dict[str, Any], errors: dict[str, str], field: str, name: str, form: Filled, parse: Callable[[str], Any]
) -> None:
    try:
        read[field] = parse(str(form.get(name) or ""))
    except Unreadable as unreadable:
        errors[name] = str(unreadable)


def _rows(form: Filled) -> list[dict[str, str]]:
    columns = [[str(each).strip() for each in form.getlist(f"blocked_{name}")] for name in ("start", "end", "reason")]
    return [dict(zip(("start", "end", "reason"), row, strict=True)) for row in zip(*columns, strict=False)]


def _take_ranges(read: dict[str, Any], errors: dict[str, str], form: Filled) -> None:
    ranges = []
    for number, row in enumerate((row for row in _rows(form) if any(row.values())), 1):
        try:
            start, end = parse_clock(row["start"]), parse_clock(row["end"])
        except Unreadable as unreadable:
            errors["blocked"] = f"Row {number}: {unreadable}"
            return
        if start >= end:
            errors["blocked"] = f"Row {number}: the end must come after the start."
            return
        if not row["reason"]:
            errors["blocked"] = f"Row {number}: say why; viewers read it."
            return
        ranges.append({"start_us": start, "end_us": end, "reason": row["reason"]})
    read["blocked_ranges"] = ranges or ([] if form.get("blocked_mode") == "none" else None)
