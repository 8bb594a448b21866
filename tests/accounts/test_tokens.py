"""What a verified token says, and every claim that is not believed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.accounts.tokens import (
    STAFF_ROLES,
    Claims,
    TitleToken,
    TokenExpired,
    TokenInvalid,
    TokenVerifier,
    claims_in,
)
from groundswell.demo.identity import IdentityProvider
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Unavailable
from groundswell.platform.settings import Settings

SKEW_S = Settings().clock_skew_s


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def identity(settings: Settings) -> IdentityProvider:
    return IdentityProvider(settings)


@pytest.fixture
def verifier(settings: Settings, identity: IdentityProvider) -> TokenVerifier:
    return TokenVerifier(settings, identity)


def signed(identity: IdentityProvider, *without: str, **claims: Any) -> str:
    """A token with ``claims`` over the usual ones, less those ``without``."""
    now = utc_now()
    usual = {
        "iss": identity.issuer,
        "aud": identity.audience,
        "sub": "ada",
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    return identity.signed({name: value for name, value in (usual | claims).items() if name not in without})


def said(**claims: Any) -> Claims:
    return claims_in({"sub": "ada", **claims}, "service")


def test_a_token_says_all_that_it_may(identity: IdentityProvider, verifier: TokenVerifier) -> None:
    token = signed(
        identity, name="Ada", roles=["rights", "root"], territory="GB", kids=True, ad_tier=True, locale="en-GB",
        titles=["night-train", 7],
    )  # fmt: skip
    assert verifier.verify(token) == Claims(
        issuer=identity.issuer,
        subject="ada",
        name="Ada",
        roles=frozenset({"rights"}),
        territory="GB",
        kids=True,
        ad_tier=True,
        language="en-GB",
        titles=frozenset({"night-train"}),
    )


def test_what_a_token_does_not_say_is_not_so(identity: IdentityProvider, verifier: TokenVerifier) -> None:
    nobody = frozenset[str]()
    assert verifier.verify(signed(identity)) == Claims(identity.issuer, "ada", "ada", nobody, None, False)


@pytest.mark.parametrize(
    ("claims", "field", "value"),
    [
        ({"territory": "DEU"}, "territory", None),
        ({"territory": 49}, "territory", None),
        ({"territory": ["D", "E"]}, "territory", None),
        ({"territory": "DE"}, "territory", "DE"),
        ({"kids": 1}, "kids", False),
        ({"kids": "true"}, "kids", False),
        ({"ad_tier": "yes"}, "ad_tier", False),
        ({"locale": 7}, "language", None),
        ({"locale": "x" * 99}, "language", "x" * 35),
        ({"name": "N" * 81}, "name", "N" * 80),
        ({"name": ""}, "name", "ada"),
        ({"roles": None}, "roles", frozenset()),
        ({"roles": [["admin"], 5]}, "roles", frozenset()),
        ({"titles": None}, "titles", frozenset()),
    ],
)
def test_a_claim_of_another_kind_is_not_believed(claims: dict[str, Any], field: str, value: object) -> None:
    assert getattr(said(**claims), field) == value


@pytest.mark.parametrize("claims", [{"roles": "admin"}, {"roles": {"admin": 1}}, {"titles": "*"}, {"titles": 5}])
def test_roles_and_titles_are_lists_or_the_token_is_none(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        said(**claims)


@given(st.one_of(st.none(), st.integers(), st.text(), st.text(min_size=250, max_size=260), st.lists(st.text())))
def test_a_token_is_about_somebody(subject: object) -> None:
    if isinstance(subject, str) and subject.strip() and len(subject) <= 255:
        assert said(sub=subject).subject == subject
    else:
        with pytest.raises(TokenInvalid, match="who signs in"):
            said(sub=subject)


@given(st.frozensets(st.text(max_size=8)))
def test_only_the_staff_roles_are_roles(roles: frozenset[str]) -> None:
    assert said(roles=[*roles, "admin"]).roles == (roles & STAFF_ROLES) | {"admin"}


def test_titles_are_those_named_or_every_one() -> None:
    some, every, none = said(titles=["night-train", "id-7"]), said(titles=["*"]), said()
    assert some.may_watch("night-train")
    assert some.may_watch("other", "id-7"), "by any of its names"
    assert not some.may_watch("other")
    assert not some.may_watch()
    assert every.may_watch("other")
    assert not none.may_watch("night-train")


def test_the_clocks_of_two_machines_may_differ_a_little(identity: IdentityProvider, verifier: TokenVerifier) -> None:
    just = utc_now() - timedelta(seconds=SKEW_S / 2)
    assert verifier.verify(signed(identity, exp=just)).subject == "ada"
    with pytest.raises(TokenExpired) as expired:
        verifier.verify(signed(identity, exp=just - timedelta(seconds=SKEW_S)))
    assert (expired.value.status, expired.value.code) == (401, "token_expired")


@pytest.mark.parametrize("missing", ["exp", "iat", "sub", "iss", "aud"])
def test_a_token_without_what_it_must_say_is_invalid(
    identity: IdentityProvider, verifier: TokenVerifier, missing: str
) -> None:
    with pytest.raises(TokenInvalid) as refused:
        verifier.verify(signed(identity, missing))
    assert (refused.value.status, refused.value.code) == (401, "token_invalid")


@pytest.mark.parametrize("claims", [{"aud": "another"}, {"iss": "another"}])
def test_a_token_for_others_or_from_others_is_invalid(
    identity: IdentityProvider, verifier: TokenVerifier, claims: dict[str, str]
) -> None:
    with pytest.raises(TokenInvalid):
        verifier.verify(signed(identity, **claims))


def test_a_secret_that_both_know_signs_nobody_in(identity: IdentityProvider, verifier: TokenVerifier) -> None:
    """HS256 over the public key is the classic confusion; ``none`` the other."""
    key = identity.jwks()["keys"][0]["x"].encode()
    now = utc_now()
    claims = {"iss": identity.issuer, "aud": identity.audience, "sub": "ada", "iat": now, "exp": now + timedelta(1)}
    for algorithm, secret in (("HS256", key), ("none", None)):
        with pytest.raises(TokenInvalid):
            verifier.verify(jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": "demo-1"}))


def test_a_token_for_a_title_names_viewer_and_title_and_signs_nobody_in(
    identity: IdentityProvider, verifier: TokenVerifier
) -> None:
    token = identity.title_token("ada", "night-train")
    assert verifier.verify_title(token) == TitleToken(identity.issuer, "ada", "night-train")
    with pytest.raises(TokenInvalid):
        verifier.verify(token)
    with pytest.raises(TokenInvalid):
        verifier.verify_title(identity.token("ada", "Ada"))
    aud = f"{identity.audience}:title"
    for claims in ({"aud": aud}, {"aud": aud, "title": 7}, {"aud": aud, "title": "x", "sub": " "}):
        with pytest.raises(TokenInvalid):
            verifier.verify_title(signed(identity, **claims))


def test_keys_that_cannot_be_fetched_are_a_passing_trouble(identity: IdentityProvider, tmp_path: Path) -> None:
    away = TokenVerifier(Settings(data_dir=tmp_path, jwks_url="http://127.0.0.1:9/keys"))
    with pytest.raises(Unavailable):
        away.verify(identity.token("ada", "Ada"))
