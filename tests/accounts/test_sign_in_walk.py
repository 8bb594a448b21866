"""``groundswell doctor --sign-in`` says what is wrong, and where."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from groundswell.accounts.openid import StaffProviders
from groundswell.accounts.sign_in_walk import WalkStep, walk
from groundswell.platform.issuers import StaffIssuer, ViewerIssuer
from groundswell.platform.settings import Settings
from tests.openid_provider import GROUPS, SECRET


async def steps(issuer: str, **change: Any) -> dict[str, WalkStep]:
    usual = {"issuer": issuer, "name": "Acme", "client_id": "RS256", "client_secret": SECRET, "roles": GROUPS}
    about = StaffIssuer.model_validate(usual | {key: value for key, value in change.items() if key in usual})
    more = {key: value for key, value in change.items() if key not in usual}
    base: dict[str, Any] = {"base_url": "http://localhost:9", "service_url": issuer}
    viewers = [ViewerIssuer(issuer=issuer)]
    settings = Settings(staff_issuers=[about], viewer_issuers=viewers, **(base | more))
    found: AsyncIterator[WalkStep] = walk(settings, StaffProviders(settings))
    return {step.what: step async for step in found}


@pytest.mark.slow
async def test_every_step_is_taken_and_an_address_that_is_not_registered_is_named(openid_issuer: str) -> None:
    found = await steps(openid_issuer, sign_in_url=f"{openid_issuer}/.well-known/openid-configuration?to={{return}}")
    wrong = {what: step.detail for what, step in found.items() if not step.ok}
    assert list(wrong) == ["Acme: return address"], wrong
    assert "http://localhost:9/session/callback registered there" in wrong["Acme: return address"]
    assert found["Acme: our client"].detail == "it knows RS256 and its secret"
    assert found["Acme: keys"].detail.startswith("3 at ")
    assert "nobody gets admin, rights" in found["Acme: roles"].detail
    assert "register http://localhost:9/session/ended there" in found["Acme: sign-out"].detail


@pytest.mark.parametrize(
    ("change", "step", "said"),
    [
        ({"client_secret": "wrong"}, "Acme: our client", "invalid_client"),
        ({"issuer": "http://127.0.0.1:9"}, "Acme: description", "does not answer"),
        ({"base_url": "http://moments.example"}, "our address", "without HTTPS"),
        ({"sign_in_url": "http://127.0.0.1:9/?to={return}"}, "the service's sign-in", "onnect"),
    ],
)
async def test_what_is_wrong_is_said_where_it_is(
    openid_issuer: str, change: dict[str, Any], step: str, said: str
) -> None:
    found = await steps(change.pop("issuer", openid_issuer), **change)
    assert not found[step].ok
    assert said in found[step].detail


async def test_where_staff_sign_in_as_viewers_do_nothing_is_wrong_with_that() -> None:
    settings = Settings(viewer_issuers=[ViewerIssuer(issuer="http://127.0.0.1:9")], service_url="http://127.0.0.1:9")
    found = {step.what: step async for step in walk(settings, StaffProviders(settings))}
    assert (found["staff"].ok, "not set" in found["staff"].detail) == (True, True)
    assert [what for what in found if what.startswith("Acme")] == []
