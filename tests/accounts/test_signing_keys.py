"""Which keys may have signed a token, and how long published ones are believed."""

import base64
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from groundswell.accounts.signing_keys import (
    ASKED_AGAIN_S,
    CURVES,
    KEYS_KEPT_S,
    KeysUnreachable,
    PublishedKeys,
    candidates,
)
from groundswell.accounts.tokens import decoded
from groundswell.platform.clock import utc_now

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE: dict[str, Any] = {
    **dict.fromkeys(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], RSA),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def public(key: Any, algorithm: str, **more: Any) -> dict[str, Any]:
    """The JWK of a private key's other half."""
    return get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True) | more  # type: ignore[return-value]


def signed(algorithm: str, kid: str | None = None, key: Any = None, **claims: Any) -> str:
    now = utc_now()
    said = {"aud": "groundswell", "sub": "ada", "iat": now, "exp": now + timedelta(minutes=5), **claims}
    return jwt.encode(said, key or PRIVATE[algorithm], algorithm, headers={"kid": kid} if kid else {})


class Published:
    """A key set that changes, a clock that is moved by hand, and how often it was asked for."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys, self.asked, self.now = list(keys), 0, 100.0
        self.source = PublishedKeys(self.fetch, lambda: self.now)

    def fetch(self) -> dict[str, Any]:
        self.asked += 1
        return {"keys": list(self.keys)}

    def takes(self, token: str) -> bool:
        try:
            return decoded(token, self.source, "groundswell", 10)["sub"] == "ada"
        except jwt.InvalidTokenError:
            return False


@pytest.mark.parametrize("algorithm", CURVES)
@pytest.mark.parametrize("kid", ["k1", None])
def test_every_family_is_taken_with_and_without_a_kid(algorithm: str, kid: str | None) -> None:
    others = [public(PRIVATE[each], each, kid=each) for each in ("RS256", "ES256", "ES384", "EdDSA")]
    published = Published(*others, public(PRIVATE[algorithm], algorithm, kid="k1"))
    assert published.takes(signed(algorithm, kid))
    assert not published.takes(signed(algorithm, "k2"))


def test_without_a_kid_any_key_of_the_kind_may_have_signed() -> None:
    stranger, mine = ec.generate_private_key(ec.SECP256R1()), PRIVATE["ES256"]
    published = Published(public(stranger, "ES256", kid="a"), public(mine, "ES256", kid="b"))
    assert published.takes(signed("ES256"))
    assert not published.takes(signed("ES256", key=ec.generate_private_key(ec.SECP256R1())))


def test_ed448_is_taken_too() -> None:
    key = ed448.Ed448PrivateKey.generate()
    assert Published(public(key, "EdDSA", kid="k")).takes(signed("EdDSA", "k", key))


@pytest.mark.parametrize(
    "more",
    [{"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "RS512"}, {"alg": "RSA-OAEP"}, {"kty": "oct"}, {"n": "AQAB"},
     {"d": "AQAB"}, {"n": 5}],
)  # fmt: skip
def test_a_key_for_something_else_signs_nobody_in(more: dict[str, Any]) -> None:
    assert Published(public(RSA, "RS256", kid="k")).takes(signed("RS256", "k"))
    assert not Published(public(RSA, "RS256", kid="k") | more).takes(signed("RS256", "k"))


def test_a_weak_key_signs_nobody_in() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert candidates([public(weak, "RS256", kid="k")], {"alg": "RS256", "kid": "k"}) == []


def test_a_curve_is_of_one_algorithm() -> None:
    key = public(PRIVATE["ES256"], "ES256", kid="k")
    assert candidates([key], {"alg": "ES384", "kid": "k"}) == []
    assert candidates([key], {"alg": "EdDSA", "kid": "k"}) == []


@pytest.mark.parametrize(
    "form", [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.PKCS1)]
)
def test_a_public_key_is_no_shared_secret(form: tuple[Encoding, PublicFormat]) -> None:
    """The classic confusion: HS256 with the public key, which everybody has, as its secret."""
    published = Published(public(RSA, "RS256", kid="k"), {"kty": "oct", "kid": "k", "k": "c2VjcmV0"})
    now = int(utc_now().timestamp())
    said = f'{{"aud":"groundswell","sub":"ada","iat":{now},"exp":{now + 60}}}'

    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    for algorithm in ("HS256", "HS512", "none", "NONE", "nOnE", "", "ES256K"):
        head = part(f'{{"alg":"{algorithm}","kid":"k"}}')
        for secret in (RSA.public_key().public_bytes(*form), b"secret", b""):
            import hashlib
            import hmac

            tag = hmac.new(secret, f"{head}.{part(said)}".encode(), hashlib.sha256).digest()
            assert not published.takes(f"{head}.{part(said)}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}")
        assert not published.takes(f"{head}.{part(said)}.")


def test_a_key_in_the_token_itself_is_not_looked_at() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    published = Published(public(PRIVATE["ES256"], "ES256", kid="k"))
    now = utc_now()
    claims = {"aud": "groundswell", "sub": "ada", "iat": now, "exp": now + timedelta(minutes=5)}
    heads = [{"jwk": public(stranger, "ES256")}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example"}]
    for head in heads:
        assert not published.takes(jwt.encode(claims, stranger, "ES256", headers={"kid": "k", **head}))


def test_a_key_that_is_taken_back_signs_nobody_in_a_minute_later() -> None:
    published = Published(public(PRIVATE["ES256"], "ES256", kid="old"), public(RSA, "RS256", kid="new"))
    token = signed("ES256", "old")
    assert published.takes(token)
    published.keys.pop(0)
    published.now += KEYS_KEPT_S - 1
    assert published.takes(token)
    published.now += 1
    assert not published.takes(token)
    assert KEYS_KEPT_S <= 60


def test_a_new_key_is_known_at_once_and_unknown_ones_do_not_make_us_ask_without_end() -> None:
    published = Published(public(PRIVATE["ES256"], "ES256", kid="old"))
    assert published.takes(signed("ES256", "old"))
    published.keys.append(public(RSA, "RS256", kid="new"))
    published.now += ASKED_AGAIN_S
    assert published.takes(signed("RS256", "new"))
    assert published.asked == 2
    for number in range(50):
        assert not published.takes(signed("RS256", f"guess-{number}"))
    assert published.asked == 2, "within a second of the last time"


@pytest.mark.parametrize("document", [{}, {"keys": {}}, [], "keys", None])
def test_what_is_no_key_set_is_a_passing_trouble_and_not_remembered(document: Any) -> None:
    answers = [document, {"keys": [public(RSA, "RS256", kid="k")]}]
    source = PublishedKeys(lambda: answers.pop(0))
    with pytest.raises(KeysUnreachable):
        source.keys_for(signed("RS256", "k"))
    assert len(source.keys_for(signed("RS256", "k"))) == 1


def test_nonsense_among_the_keys_does_not_hide_the_others() -> None:
    published = Published({"kty": "RSA"}, {}, public(RSA, "RS256", kid="k"))
    published.keys.insert(0, "no key")  # type: ignore[arg-type]
    assert published.takes(signed("RS256", "k"))
