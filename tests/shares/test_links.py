"""A link leads to its moment, or says why it does not."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import update

from groundswell.moments.availability import MomentGone, TakenDown
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import BASE58
from groundswell.shares.links import (
    LinkExpired,
    LinkForged,
    LinkRevoked,
    LinkUnknown,
    code_of,
    go_url,
    share_url,
    token_of,
)
from groundswell.shares.tables import Share
from groundswell.trust.clip_checks import ClipRefused
from groundswell.trust.decisions import decide
from tests.moments.clipping import set_rights, take_down
from tests.shares.sharing import resolved, shared
from tests.support import App


@pytest.fixture
async def link(app: App, moment: dict[str, Any]) -> dict[str, Any]:
    return await shared(app, moment=moment["id"])


async def test_a_link_leads_to_its_moment(app: App, moment: dict[str, Any], link: dict[str, Any]) -> None:
    found = await resolved(app, link["token"])
    assert (str(found.share.id), found.moment.code, found.title.slug) == (link["id"], moment["code"], "numbers")
    assert (found.clipper.name, found.series, found.token) == ("Ada", None, link["token"])
    settings = app.runtime.settings
    assert (share_url(settings, link["token"]), go_url(settings, link["token"])) == (link["url"], link["go_url"])


async def test_a_link_altered_in_any_one_character_is_forged(app: App, link: dict[str, Any]) -> None:
    token = link["token"]
    settings = app.runtime.settings
    for at in range(len(token)):
        other = BASE58[(BASE58.index(token[at]) + 1) % len(BASE58)]
        with pytest.raises(LinkForged):
            code_of(settings, token[:at] + other + token[at + 1 :])
    for broken in ("", token[:-1], token[1:], token + "1", token * 5, token.upper(), token + "\n", "é" * 15, "\x00"):
        with pytest.raises(LinkForged):
            code_of(settings, broken)


async def test_a_link_of_before_the_secret_was_changed_holds_while_the_old_one_is_named(
    app: App, link: dict[str, Any]
) -> None:
    old = app.runtime.settings.secret.decode()
    changed = app.runtime.settings.model_copy(update={"secret_key": SecretStr("n" * 40)})
    changed.__dict__.pop("secret", None)
    with pytest.raises(LinkForged):
        code_of(changed, link["token"])
    rotated = changed.model_copy(update={"secret_key_previous": [SecretStr(old)]})
    rotated.__dict__.pop("secret", None)
    code = code_of(rotated, link["token"])
    assert token_of(rotated, code) != link["token"], "what is signed now is signed with the new one"
    assert code_of(rotated, token_of(rotated, code)) == code


@given(st.text(max_size=80))
def test_no_text_is_a_link_by_chance(text: str) -> None:
    from groundswell.platform.settings import Settings

    settings = Settings(secret_key="0" * 32)  # type: ignore[arg-type]
    with pytest.raises(LinkForged):
        code_of(settings, text)


async def test_a_link_that_was_signed_but_never_kept_is_unknown(app: App, link: dict[str, Any]) -> None:
    with pytest.raises(LinkUnknown):
        await resolved(app, token_of(app.runtime.settings, "abcdefghi"))


async def test_a_revoked_link_says_so(app: App, link: dict[str, Any]) -> None:
    await app.http.delete(f"/v1/shares/{link['id']}", headers=app.signed_in())
    with pytest.raises(LinkRevoked):
        await resolved(app, link["token"])


async def test_an_expired_link_says_so(app: App, link: dict[str, Any]) -> None:
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Share).values(expires_at=utc_now() - timedelta(seconds=1)))
    with pytest.raises(LinkExpired):
        await resolved(app, link["token"])


async def test_links_of_a_deleted_moment_say_so(app: App, moment: dict[str, Any], link: dict[str, Any]) -> None:
    await app.http.delete(f"/v1/moments/{moment['id']}", headers=app.signed_in())
    with pytest.raises(MomentGone):
        await resolved(app, link["token"])


async def test_links_of_a_moment_taken_down_pass_the_words_on(
    app: App, moment: dict[str, Any], link: dict[str, Any]
) -> None:
    await take_down(app, moment["code"], "Not ours to show.")
    with pytest.raises(TakenDown, match=r"Not ours to show\."):
        await resolved(app, link["token"])


async def test_one_link_can_be_taken_down(app: App, moment: dict[str, Any], link: dict[str, Any]) -> None:
    other = await shared(app, moment=moment["id"])
    async with app.runtime.database.transaction() as session:
        await decide(
            session,
            kind="share",
            subject_id=(await session.get_one(Share, link["id"])).id,
            action="hide",
            reason_code="spam",
            explanation="Sent to thousands.",
            decided_by="rule",
        )
    with pytest.raises(TakenDown, match="thousands"):
        await resolved(app, link["token"])
    assert (await resolved(app, other["token"])).moment.code == moment["code"]


async def test_links_follow_rights(app: App, link: dict[str, Any]) -> None:
    await set_rights(app, sharing=False)
    with pytest.raises(ClipRefused) as refused:
        await resolved(app, link["token"])
    assert refused.value.reason() == "sharing_off"
    await set_rights(app, sharing=True)
    assert (await resolved(app, link["token"])).share.code
