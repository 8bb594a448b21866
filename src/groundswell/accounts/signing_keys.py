"""The keys with which others sign tokens (JWKS, RFC 7517): which of them may have signed a token, and how long we
believe what was published.

The algorithm is chosen by us, not by the token: signatures of the families RS, PS, ES and Ed alone, each by a key of
its own kind and curve, of the algorithm that the key names where it names one. A symmetric key, ``none``, or a public
key used as a secret (RFC 8725 §2.1) match nothing.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK

log = structlog.get_logger(__name__)

CURVES = {
    "RS256": None, "RS384": None, "RS512": None, "PS256": None, "PS384": None, "PS512": None,
    "ES256": ("P-256",), "ES384": ("P-384",), "ES512": ("P-521",), "EdDSA": ("Ed25519", "Ed448"),
}  # fmt: skip
"""The algorithms that we take, each with the curves of its keys (RFC 7518 §3.1, RFC 8037 §3.1)."""

KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
RSA_BITS_MIN = 2048
KEYS_KEPT_S = 60.0
"""How long published keys are believed: one that is taken back signs nobody in a minute later."""
ASKED_AGAIN_S = 1.0
"""How soon they are asked for again when a token names a key that is not among them."""
TIMEOUT_S = 5
JWKS_BYTES_MAX = 1024 * 1024


class KeysUnreachable(Exception):
    """The published keys cannot be fetched, or are no key set."""


class KeySource(Protocol):
    """Where signing keys come from."""

    def keys_for(self, token: str) -> Sequence[PyJWK]:
        """The keys that may have signed ``token``; none when there is none.

        Raises:
            KeysUnreachable: nobody can tell at the moment.
            jwt.InvalidTokenError: it is no token.
        """


def candidates(keys: Iterable[dict[str, Any]], header: dict[str, Any]) -> list[PyJWK]:
    """Those of ``keys`` (JWKs) that a token with ``header`` may be signed with: by its ``kid`` where it has one, else
    all of its algorithm's kind. Pure."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in CURVES:
        return []
    fitting = [key for key in keys if _fits(key, algorithm) and (kid is None or key.get("kid") == kid)]
    return [key for key in (_read(each, algorithm) for each in fitting) if key is not None]


def _fits(key: Any, algorithm: str) -> bool:
    if not isinstance(key, dict) or "d" in key:  # a private key that is published signs nobody in
        return False
    curves = CURVES[algorithm]
    return (
        key.get("kty") == KINDS[algorithm[:2]]
        and (curves is None or key.get("crv") in curves)
        and key.get("alg", algorithm) in (algorithm, key.get("crv"))
        and key.get("use", "sig") == "sig"
        and "verify" in (key.get("key_ops") or ["verify"])
    )


def _read(key: dict[str, Any], algorithm: str) -> PyJWK | None:
    try:
        read = PyJWK(key, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    weak = isinstance(read.key, RSAPublicKey) and read.key.key_size < RSA_BITS_MIN
    return None if weak else read


class PublishedKeys:
    """Keys that are published at an address, believed for ``KEYS_KEPT_S``; asked for again at once when a token names
    one that is not among them, once a second at most. May be used by several threads.

    Args:
        fetch: gets the key set. Raises ``KeysUnreachable``.
        clock: seconds, of whatever beginning.
    """

    def __init__(self, fetch: Callable[[], dict[str, Any]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._keys: list[dict[str, Any]] = []
        self._fetched_at = float("-inf")

    def keys_for(self, token: str) -> Sequence[PyJWK]:
        """As ``KeySource`` says."""
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in CURVES:
            return []
        found = candidates(self._published(KEYS_KEPT_S), header)
        return found or candidates(self._published(ASKED_AGAIN_S), header)

    def _published(self, at_most_s: float) -> list[dict[str, Any]]:
        """The key set as of at most so many seconds ago."""
        with self._lock:
            if self._clock() - self._fetched_at >= at_most_s:
                self._keys = _keys_in(self._fetch())
                self._fetched_at = self._clock()
            return self._keys


def _keys_in(document: Any) -> list[dict[str, Any]]:
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise KeysUnreachable("what is published is no key set")
    return keys


def fetch_json(address: str) -> dict[str, Any]:
    """The JSON object at ``address``.

    Raises:
        KeysUnreachable: there is none.
    """
    try:
        answer = httpx.get(address, timeout=TIMEOUT_S, headers={"Accept": "application/json"}).raise_for_status()
        if len(answer.content) > JWKS_BYTES_MAX:
            raise ValueError("it is too large")
        document = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        log.warning("keys_unreachable", address=address, error=str(error))
        raise KeysUnreachable(f"{address}: {error}") from None
    if not isinstance(document, dict):
        raise KeysUnreachable(f"{address} holds no JSON object")
    return document


def configuration_address(issuer: str) -> str:
    """Where an issuer describes itself (OpenID Connect Discovery 1.0 §4)."""
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def fetch_discovered(issuer: str) -> dict[str, Any]:
    """The key set of an issuer that says itself where it is.

    Raises:
        KeysUnreachable: it does not, or is not who it should be.
    """
    described = fetch_json(configuration_address(issuer))
    if described.get("issuer") != issuer or not isinstance(described.get("jwks_uri"), str):
        raise KeysUnreachable(f"{configuration_address(issuer)} describes another issuer, or names no jwks_uri")
    return fetch_json(described["jwks_uri"])
