"""Whether the address to listen on is free; asked before anything slow is done."""

import errno
import socket

import httpx

from groundswell.platform.cannot_start import CannotStart
from groundswell.platform.settings import Settings


class CannotListen(CannotStart):
    """The address cannot be listened on."""

    code = "address_unusable"


class PortTaken(CannotListen):
    """Another program listens there."""

    code = "port_taken"


class AlreadyServed(CannotListen):
    """Groundswell itself answers there."""

    code = "already_served"


def address_of(settings: Settings) -> str:
    """Where a browser on this machine finds what listens as the settings say."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not bound
    host = everywhere.get(settings.host, f"[{settings.host}]" if ":" in settings.host else settings.host)
    return f"http://{host}:{settings.port}"


def ensure_free(settings: Settings) -> None:
    """Return when the server could listen now.

    Raises:
        CannotListen: it could not.
    """
    family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise _why(settings, error) from None


def _why(settings: Settings, error: OSError) -> CannotListen:
    if error.errno != errno.EADDRINUSE:
        return CannotListen(f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}.")
    other = f"--port {settings.port + 1} (with make: PORT={settings.port + 1})"
    if _is_ours(settings):
        where = address_of(settings)
        return AlreadyServed(f"Groundswell is running already, at {where}. To start another beside it: {other}.")
    return PortTaken(f"Port {settings.port} is taken by another program. Name another: {other}.")


def _is_ours(settings: Settings) -> bool:
    try:
        answer = httpx.get(f"{address_of(settings)}/healthz", timeout=2)
        return set(answer.json()) == {"status", "version"}
    except (httpx.HTTPError, ValueError, TypeError):
        return False
