"""Addresses of the streaming service with places to fill in, such as ``https://play.example/{external_id}?t={seconds}``."""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

PLACEHOLDERS = frozenset({"external_id", "slug", "seconds", "referrer"})
REFERRER = "{referrer}"
"""What stands for an install referrer until a visit fills it in."""
_TO_COME = quote(REFERRER, safe="")
LONGEST = 1000
AT_HOME = frozenset({"localhost", "127.0.0.1", "::1"})

UNSAFE = frozenset(' "<>\\^`|')
_PLACE = re.compile(r"\{([^{}]*)\}")


class TemplateRefused(ValueError):
    """Why a template cannot be used, for a person."""


def checked(template: str, needs: Iterable[str]) -> str:
    """``template`` itself.

    Args:
        needs: placeholders that it must have.

    Raises:
        TemplateRefused: it is no absolute ``https`` address (``http`` on this machine's own), has a user name, a
            fragment, a character that addresses have not, a placeholder that is unknown or in its host, or lacks one.
    """
    if (
        len(template) > LONGEST
        or not template.isascii()
        or not template.isprintable()
        or set(template) & set(' "<>\\^`|')
    ):
        raise TemplateRefused(f"An address is at most {LONGEST} ASCII characters without spaces or quotes.")
    _check_address(template)
    places = _PLACE.findall(template)
    if unknown := set(places) - PLACEHOLDERS:
        raise TemplateRefused(f"There is no placeholder {{{min(unknown)}}}; there are {_named(PLACEHOLDERS)}.")
    if set(_PLACE.sub("", template)) & set("{}"):
        raise TemplateRefused("A placeholder is written {external_id}, with one brace on each side.")
    if missing := set(needs) - set(places):
        raise TemplateRefused(f"It lacks the placeholder {_named(missing)}.")
    return template


def _check_address(template: str) -> None:
    try:
        parts = urlsplit(template)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise TemplateRefused("This is no address.") from None
    if not (parts.scheme == "https" or (parts.scheme == "http" and host in AT_HOME)) or not host:
        raise TemplateRefused("It must be an absolute https:// address.")
    if "{" in parts.netloc or "@" in parts.netloc:
        raise TemplateRefused("Its host must be written out, without placeholders or a user name.")
    if parts.fragment or template.endswith("#"):
        raise TemplateRefused("What follows # does not reach a server; leave it out.")


def _named(places: Iterable[str]) -> str:
    return ", ".join(f"{{{place}}}" for place in sorted(places))


def filled(template: str, **values: str | int) -> str:
    """``template`` with ``values`` in place of its placeholders, escaped."""
    return _PLACE.sub(lambda place: quote(str(values[place.group(1)]), safe=""), template)


def with_referrer(address: str, said: str = "") -> str:
    """``address`` with what an app store is to hand to the app that is installed from it (a query string), where its
    template has a place for that."""
    return address.replace(_TO_COME, quote(said, safe="")) if _TO_COME in address else address


def with_parameter(address: str, name: str, value: str) -> str:
    """``address`` with one more query parameter; ``value`` needs no escaping."""
    return f"{address}{'&' if '?' in address else '?'}{name}={value}"
