"""Who may do what: the one table that routes, the reference page and the tests' matrix are made from.

A route names a power; staff have it by a role, services by a key's scope. ``admin`` has every power that staff have.
Nobody has a power because they have another.
"""

from typing import NamedTuple


class Power(NamedTuple):
    """Something that may be done: by which staff roles, by which scopes of service keys, and what it is.

    ``bulk``: with it the service reports what happens to it, as often as it happens; keys are held to no pace.
    """

    roles: frozenset[str]
    scopes: frozenset[str]
    what: str
    bulk: bool = False


def _power(what: str, *roles: str, scopes: tuple[str, ...] = (), bulk: bool = False) -> Power:
    return Power(frozenset(roles), frozenset(scopes), what, bulk)


POWERS: dict[str, Power] = {
    "rights.manage": _power("Read, write and try out rights rules.", "rights"),
    "decisions.make": _power("Restrict titles, moments, links and viewers, and lift restrictions.", "trust", "rights"),
    "reports.handle": _power("Read viewers' reports and answer them; look at what was reported.", "trust"),
    "severe.handle": _power("See and decide what is severe (child abuse, terror), and what is preserved of it."),
    "cases.handle": _power("Look at cases of fraud, decide them, hold money, ban.", "trust", "finance"),
    "insights.read": _power("Read reports, campaigns' and experiments' results.", "marketer", scopes=("reports:read",)),
    "insights.view": _power("Look at the loop's pages in the console.", "marketer", "finance"),
    "names.read": _power(
        "See by name who clipped, shared and converted; whoever may not sees a lasting pseudonym.",
        "marketer",
        "trust",
        scopes=("reports:read",),
    ),
    "traffic.view": _power("Look at what traffic is counted, and what is not.", "marketer", "finance", "trust"),
    "campaigns.manage": _power("Make campaigns and end them.", "marketer"),
    "creators.manage": _power("Publish the terms that creators accept; decide who becomes one.", "marketer"),
    "experiments.manage": _power("Begin experiments and stop them.", "marketer"),
    "previews.run": _power("Try how links are previewed.", "marketer", "rights", "trust"),
    "console.use": _power(
        "Choose the time zone in which the console is shown to oneself.", "marketer", "rights", "trust", "finance"
    ),
    "money.manage": _power("Fund and run pools, read the ledger, pay statements out.", "finance"),
    "trending.manage": _power(
        "Look at what is catching on and at its forecast; release, hold and feature scenes; set alerts.",
        "marketer",
        "trust",
    ),
    "audit.read": _power("Read, verify and export the audit log."),
    "staff.manage": _power("Look at who works here, and end what goes on for them: sessions, mails, roles until then."),
    "jobs.manage": _power("Look at background jobs that failed, and queue them once more."),
    "events.report": _power("Report events at any instant, and log exposures.", scopes=("events:write",), bulk=True),
    "conversions.report": _power("Report sign-ups, payments and refunds.", scopes=("conversions:write",), bulk=True),
    "catalog.manage": _power("Write, read and withdraw titles of the catalogue.", scopes=("catalog",), bulk=True),
    "posts.note": _power("Say which posts on Bluesky show which moments.", scopes=("posts:write",)),
    "progress.report": _power("Report how far viewers have got.", scopes=("progress:write",), bulk=True),
    "reminders.read": _power("Read who waits for what.", scopes=("reminders:read",)),
    "viewers.hand_over": _power("Hand viewers over to our pages.", scopes=("viewers:hand-over",), bulk=True),
    "keys.manage": _power("Make and revoke service keys and webhooks; see how your service and this one are joined."),
    "webhooks.manage": _power("Make webhooks, and see what they were told.", scopes=("webhooks",)),
    "verdicts.give": _power("Give verdicts of moderation tools outside.", scopes=("moderation",)),
    "viewers.erase": _power("Erase a viewer.", scopes=("viewers:erase",), bulk=True),
}


def roles_words(power: Power) -> str:
    """Which roles have a power, for people."""
    return " or ".join(sorted(power.roles)) or "admin"
