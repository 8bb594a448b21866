"""An attempt to sign in is of one browser, for ten minutes, and of the secrets that we have or had."""

from datetime import timedelta
from http.cookies import SimpleCookie

import jwt
import pytest
from fastapi import Request, Response

from groundswell.accounts.attempts import (
    LASTS,
    Attempt,
    AttemptExpired,
    AttemptUnknown,
    _key,
    attempt_of,
    cookie_name,
)
from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings

NEW, OLD = "n" * 40, "o" * 40
OURS = Settings(secret_key=NEW, base_url="https://moments.example")
BEFORE = Settings(secret_key=OLD)


def browser(*cookies: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", "; ".join(cookies).encode())]})


def kept(attempt: Attempt, settings: Settings = OURS, **how: bool) -> str:
    response = Response()
    attempt.keep(settings, response, **how)
    return response.headers["set-cookie"]


def test_it_comes_back_with_its_browser() -> None:
    attempt = Attempt.begin("https://id.example", "https://moments.example/console")
    other = Attempt.begin("", "https://moments.example/moments")
    there = browser(kept(attempt).split(";")[0], kept(other).split(";")[0])
    assert attempt_of(there, OURS, attempt.state) == attempt
    assert attempt_of(there, OURS, other.state) == other
    for state in ("", attempt.nonce, attempt.state + "x", "é" * 30, "../" * 10):
        with pytest.raises(AttemptUnknown):
            attempt_of(there, OURS, state)
    with pytest.raises(AttemptUnknown):
        attempt_of(browser(), OURS, attempt.state)


def test_a_cookie_of_another_attempt_or_of_our_own_making_is_none() -> None:
    mine, others = Attempt.begin("", "x"), Attempt.begin("", "y")
    moved = f"{cookie_name(mine.state)}={kept(others).split(';')[0].split('=', 1)[1]}"
    with pytest.raises(AttemptUnknown):
        attempt_of(browser(moved), OURS, mine.state)
    claims = {"issuer": "", "return_to": "https://evil.example", "state": mine.state, "nonce": "", "verifier": ""}
    for key, algorithm in ((b"guessed" * 5, "HS256"), (None, "none")):
        forged = jwt.encode({**claims, "exp": utc_now() + LASTS}, key, algorithm)
        with pytest.raises(AttemptUnknown):
            attempt_of(browser(f"{mine.cookie}={forged}"), OURS, mine.state)


def test_it_lasts_for_ten_minutes() -> None:
    attempt = Attempt.begin("", "x")
    past = {"exp": utc_now() - timedelta(seconds=1)}
    said = {name: getattr(attempt, name) for name in ("issuer", "return_to", "state", "nonce", "verifier")}
    old = jwt.encode(said | past, _key(OURS.secret), "HS256")
    with pytest.raises(AttemptExpired):
        attempt_of(browser(f"{attempt.cookie}={old}"), OURS, attempt.state)


def test_a_secret_that_was_changed_meanwhile_still_counts_where_it_is_named() -> None:
    attempt = Attempt.begin("", "x")
    there = browser(kept(attempt, BEFORE).split(";")[0])
    rotated = Settings(secret_key=NEW, secret_key_previous=[OLD])
    assert attempt_of(there, rotated, attempt.state) == attempt
    with pytest.raises(AttemptUnknown):
        attempt_of(there, OURS, attempt.state)


def test_scripts_and_plain_http_do_not_see_it() -> None:
    for posted, same_site in ((False, "lax"), (True, "none")):
        (cookie,) = SimpleCookie(kept(Attempt.begin("", "x"), posted=posted)).values()
        assert (cookie["httponly"], cookie["secure"], cookie["path"]) == (True, True, "/session")
        assert (cookie["samesite"], cookie["max-age"]) == (same_site, "600")
