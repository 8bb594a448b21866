"""Whether a browser sent a request from one of our own pages. Cookies come unasked, so what changes something by cookie
must: ``SameSite=Lax`` keeps them back from other sites' forms, and this refuses what comes all the same."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from groundswell.platform.problems import Problem

OWN = frozenset({"same-origin", "none"})
"""What ``Sec-Fetch-Site`` says of our own pages, and of what a person typed (Fetch Metadata)."""


class CrossSite(Problem):
    status, code, title = 403, "cross_site", "This request came from another site."


def is_cross_site(headers: Headers) -> bool:
    """Whether another site sent the request, or may have: ``Sec-Fetch-Site`` or ``Origin`` says so, or it has a cookie
    and neither. Every browser sends one of them with what changes something; a program that says neither has no
    cookie. What cannot be read is another site's."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site.strip().lower() not in OWN:
        return True
    if origin is None:
        return site is None and "cookie" in headers
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


def refuse_cross_site(headers: Headers) -> None:
    """Return when one of our own pages, or a program, sent the request.

    Raises:
        CrossSite: another site did.
    """
    if is_cross_site(headers):
        raise CrossSite()
