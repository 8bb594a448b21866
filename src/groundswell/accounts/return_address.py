"""Where people go once they are signed in or out: the page that they asked for, at an origin that the settings allow.
Anything else would make us a way for others to send people on (an open redirect)."""

from groundswell.platform.addresses import is_path, may_lead_to, origin_of
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings


class ReturnNotAllowed(Problem):
    status, code = 400, "return_not_allowed"
    title = "This sign-in would lead to an address that is not one of ours."


def return_origins(settings: Settings) -> frozenset[str]:
    """The origins to which people may return."""
    named = (settings.base_url, settings.links_home, settings.service_home, *settings.return_origins)
    return frozenset(origin_of(address) for address in named)


def absolute(settings: Settings, path: str) -> str:
    """The address of one of our own pages."""
    return settings.base_url.rstrip("/") + path


def return_address(settings: Settings, asked: str | None) -> str:
    """``asked`` as an absolute address: a path of ours, or an address at one of ``return_origins``. Nothing asked for
    is our first page for whoever is signed in.

    Raises:
        ReturnNotAllowed: it leads elsewhere, or browsers may read it so.
    """
    if not asked:
        return absolute(settings, "/who-am-i")
    if is_path(asked):
        return absolute(settings, asked)
    if may_lead_to(asked, return_origins(settings)):
        return asked
    raise ReturnNotAllowed()
