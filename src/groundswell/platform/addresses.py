"""Web addresses: what is one, what its origin is (RFC 6454), and to which of them a browser may be sent."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_PLAIN = re.compile(r"[\x21-\x7e]+")
_PORTS = {"http": 80, "https": 443}
BLOCK_BITS = {4: 24, 6: 48}
"""By IP version: how long the prefix is of what counts as one network."""

BLOCKS_MAX = 65_536
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def web_address(address: str) -> str:
    """``address`` when it is an absolute ``http`` or ``https`` address with a host.

    Raises:
        ValueError: it is none.
    """
    origin_of(address)
    return address


def web_template(template: str) -> str:
    """``template`` when it is such an address once ``{return}`` in it is filled in.

    Raises:
        ValueError: it is none, or has no ``{return}``.
    """
    if "{return}" not in template:
        raise ValueError("has no {return}, where the address to return to goes")
    web_address(template.replace("{return}", "x"))
    return template


def network(named: str) -> str:
    """``named`` when it is a network, as ``10.1.0.0/16`` or ``::1/128``.

    Raises:
        ValueError: it is none.
    """
    ipaddress.ip_network(named)
    return named


def shared_network(named: str) -> str:
    """``named`` when it is a network of at most ``BLOCKS_MAX`` blocks (``BLOCK_BITS``): one that can be gone through.

    Raises:
        ValueError: it is none, or too broad.
    """
    found = ipaddress.ip_network(named)
    if 2 ** max(0, BLOCK_BITS[found.version] - found.prefixlen) > BLOCKS_MAX:
        raise ValueError("must be no broader than /8 (IPv6: /32)")
    return named


def origin_of(address: str) -> str:
    """Scheme, host and port of an absolute web address, in lower case, without a port that goes without saying.

    Raises:
        ValueError: it is none, names a user or an empty port, or holds what browsers and programs read differently.
    """
    if not _PLAIN.fullmatch(address) or "\\" in address:
        raise ValueError("must be an absolute address such as https://moments.example.com")
    parts = urlsplit(address)
    scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    odd = parts.username is not None or parts.password is not None or parts.netloc.endswith(":")
    if scheme not in _PORTS or not host or odd:
        raise ValueError("must be an absolute address such as https://moments.example.com")
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}" + ("" if port in (None, _PORTS[scheme]) else f":{port}")


def is_path(target: str) -> bool:
    """Whether ``target`` is a path of this site, whatever a browser makes of it."""
    return re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", target) is not None


def may_lead_to(target: str, origins: Iterable[str]) -> bool:
    """Whether ``target`` is an absolute address at one of ``origins``."""
    try:
        return origin_of(target) in set(origins)
    except ValueError:
        return False


def is_private(address: str) -> bool:
    """Whether nobody between can read what is sent to ``address``: by ``https``, or within this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
