"""The rights simulator: would this clip be allowed, there, then, for them? And every rule that has a say in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from groundswell.catalog.directory import clippable_choices
from groundswell.catalog.titles import find_title, ready_source
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import CHANNELS, SENT_TO
from groundswell.trust.clip_checks import simulate
from groundswell.trust.policy import Purpose
from groundswell.trust.rulebook import facts_of
from groundswell.trust.rules import Terms, TitleFacts
from groundswell.trust.simulation import Explanation
from groundswell.trust.wording import length, moment_of
from groundswell.web.console.filters import reads
from groundswell.web.console.forms import Unreadable, parse_clock, parse_instant, parse_seconds
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .rules import WORDS, Rights

router = APIRouter(prefix="/console/rights/simulator", route_class=ConsoleRoute)

PURPOSES: dict[str, str] = {
    "clip": "Clipped by a viewer",
    "share": "Shared",
    "play": "Played",
    "download": "Saved as a file",
}
assert set(PURPOSES) == set(get_args(Purpose))
WHO = {"member": "A signed-in viewer", "visitor": "A visitor without an account", "kids": "A child’s profile"}
CHECKS = {
    "within_title": "Lies within the title",
    "kids": "Children’s profiles may clip and share",
    "sharing": "Sharing is on",
    "opened": "The embargo is over",
    "not_closed": "The licence has not ended",
    "licensed": "Its licences cover the place and time",
    "rated": "The rating may be shared",
    "live": "Live events may be shared",
    "fit_for_kids": "The rating suits children’s profiles",
    "plan": "Part of the plan with advertising",
    "captioned": "Subtitles go with it",
    "long_enough": "Long enough",
    "short_enough": "Short enough",
    "not_blocked": "Touches no blocked range",
    "ending_free": "Keeps clear of a held-back ending",
    "viewer_within_total": "Within what one viewer may clip",
    "title_within_total": "Within what all viewers may have out",
    "playable": "Plays for whoever asks",
    "downloadable": "May be saved as a file",
    "target_allowed": "The channel is allowed",
}
"""Each check of policy, as a sentence that is true when it passes."""

DEFAULTS = {"start": "0:30", "end": "0:50", "purpose": "clip", "who": "member", "captions": "on", "clipped": ""}
FIELDS = ("title", "start", "end", "purpose", "territory", "at", "who", "plan", "target", "captions", "clipped")


@dataclass(frozen=True)
class SimulatedRequest:
    """The form: as typed, as understood, and what could not be."""

    typed: dict[str, str]
    read: dict[str, Any]
    errors: dict[str, str]

    def with_(self, **changes: str) -> str:
        """The address of the same question with something changed."""
        return "/console/rights/simulator?" + urlencode({k: v for k, v in (self.typed | changes).items() if v})


@router.get("")
@reads(*FIELDS)
async def simulator(request: Request, session: DbSession, caller: Rights) -> Response:
    """Ask; with a title in the address, the answer too."""
    asked, problem, found, title = _read(dict(request.query_params)), None, None, None
    if asked.typed["title"] and not asked.errors:
        try:
            title = await find_title(session, asked.typed["title"])
            found = await simulate(session, title, **asked.read)
        except Problem as refused:
            problem = refused
    context: dict[str, Any] = {"asked": asked, "problem": problem, "found": found, "title": title, "facts": None}
    if found is not None and title is not None:
        source = await ready_source(session, title)
        context["facts"] = facts_of(title, source)
    return page(
        request,
        "console/rights/simulator.html",
        status=422 if asked.errors or problem else 200,
        caller=caller,
        titles=await clippable_choices(session),
        channels=SENT_TO.values(),
        purposes=PURPOSES,
        who=WHO,
        checks=CHECKS,
        holds=holds,
        tomorrow=_field(utc_now() + timedelta(days=1)),
        **(WORDS | context),
    )


def _field(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def _read(query: dict[str, str]) -> SimulatedRequest:
    typed = {name: query.get(name, DEFAULTS.get(name, "")).strip() for name in FIELDS}
    read: dict[str, Any] = {"captions": typed["captions"] != "off", "target": typed["target"] or None}
    read |= {"kids": typed["who"] == "kids", "member": typed["who"] != "visitor", "ad_tier": typed["plan"] == "ads"}
    errors: dict[str, str] = {}
    parsers = {
        "start_us": ("start", parse_clock),
        "end_us": ("end", parse_clock),
        "at": ("at", parse_instant),
        "clipped_us": ("clipped", parse_seconds),
    }
    for field, (name, parse) in parsers.items():
        try:
            read[field] = parse(typed[name])
        except Unreadable as unreadable:
            errors[name] = str(unreadable)
    read["at"] = read.get("at") or utc_now()
    read["clipped_us"] = read.get("clipped_us") or 0
    read["territory"] = typed["territory"].upper() or None
    if read["territory"] and not (len(read["territory"]) == 2 and read["territory"].isascii()):
        errors["territory"] = "Write a country’s two letters, such as DE, or leave it empty."
    read["purpose"] = typed["purpose"] if typed["purpose"] in PURPOSES else "clip"
    return SimulatedRequest(typed, read, errors)


def holds(check: str, found: Explanation, facts: TitleFacts) -> str:
    """What the terms say of the thing a check looks at, in words."""
    terms = found.terms
    says = {
        "sharing": _yes(terms.sharing),
        "kids": _yes(terms.kids),
        "opened": moment_of(terms.opens_at) if terms.opens_at else "no embargo",
        "not_closed": f"ends {moment_of(terms.closes_at)}" if terms.closes_at else "no end",
        "licensed": "no licence given: the rules decide" if facts.licences is None else f"{len(facts.licences)} given",
        "rated": "not " + ", ".join(sorted(terms.ratings_off)) if terms.ratings_off else "all ratings",
        "live": _yes(terms.live),
        "fit_for_kids": "any" if terms.kids_ratings is None else ", ".join(sorted(terms.kids_ratings)) or "none",
        "plan": _yes(terms.ad_tier),
        "captioned": "required" if terms.captions else "not required",
        "long_enough": f"at least {length(terms.min_clip_us)}",
        "short_enough": f"at most {length(terms.max_clip_us)}",
        "not_blocked": f"{len(terms.blocked_ranges)} blocked" if terms.blocked_ranges else "nothing blocked",
        "ending_free": f"last {terms.ending_percent} % for {terms.ending_days} days",
        "viewer_within_total": length(terms.viewer_total.of(facts.duration_us)),
        "title_within_total": length(terms.title_total.of(facts.duration_us)),
        "playable": "for everybody" if terms.public_playback else "members only",
        "downloadable": _yes(terms.download),
        "target_allowed": _targets(terms),
        "within_title": f"{length(facts.duration_us)} long",
    }
    return says[check]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _targets(terms: Terms) -> str:
    if terms.targets is None:
        return "all"
    return ", ".join(CHANNELS[each].label if each in CHANNELS else each for each in sorted(terms.targets)) or "none"
