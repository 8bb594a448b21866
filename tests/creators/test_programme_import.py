"""A programme moves in: partners with their codes, and what was recorded for them as history that nothing ever pays."""

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import func, select, text

from groundswell.accounts.signals import ViewerErased
from groundswell.accounts.tables import Viewer
from groundswell.attribution.conversions import report
from groundswell.attribution.schemas import NewConversion
from groundswell.creators import imported_partners, profiles, programme_import
from groundswell.creators.programme_files import read_file
from groundswell.creators.schemas import NewCreator
from groundswell.creators.tables import Creator, ImportedCommission, ImportedPartner
from groundswell.earnings.tables import LedgerAccount, Payout, PostingRow
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from tests.support import App

from .test_programme_files import DUB_COMMISSIONS, DUB_PARTNERS, REWARDFUL


async def take_in(
    database: Database, settings: Settings, content: bytes, programme: Any, kind: Any, *, dry_run: bool = False
) -> list[tuple[int, str, str]]:
    lines = read_file(content, programme, kind)
    async with database.transaction() as session:
        result = await programme_import.import_lines(
            session, settings, programme, kind, lines, "viewer:x", dry_run=dry_run
        )
    return [(line.number, line.outcome, line.code) for line in result.lines]


async def rows(database: Database, table: Any) -> int:
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_partners_come_once_and_those_whom_the_service_knows_are_creators_at_once(
    database: Database, settings: Settings
) -> None:
    first = [(2, "imported", ""), (3, "refused", "partner_not_active"), (4, "imported", "")]
    assert await take_in(database, settings, DUB_PARTNERS, "dub", "partners", dry_run=True) == first
    assert await rows(database, ImportedPartner) == await rows(database, Viewer) == 0, "a trial leaves nothing"
    assert await take_in(database, settings, DUB_PARTNERS, "dub", "partners") == first
    again = [(number, "known" if outcome == "imported" else outcome, code) for number, outcome, code in first]
    assert await take_in(database, settings, DUB_PARTNERS, "dub", "partners") == again
    async with database.transaction() as session:
        noor = (await session.scalars(select(Creator))).one()
        assert (noor.handle, noor.code, noor.display_name) == ("noor_haddad", "NOOR", "Noor Haddad")
        assert await profiles.whose_code(session, "NOOR") == noor.viewer_id
        lena = (await session.scalars(select(ImportedPartner).filter_by(key="pn_3"))).one()
        assert lena.creator_id is None
        assert "lena@" not in repr(vars(lena)), "their address is not kept"
    known = DUB_PARTNERS.replace(b"00.000Z,,,\n", b"00.000Z,,lena,\n")
    assert (await take_in(database, settings, known, "dub", "partners"))[-1] == (4, "joined", "")


async def test_a_code_from_elsewhere_goes_on_counting_and_nobody_else_gets_it(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as session:
        session.add(
            Viewer(id=(id := uuid7()), issuer=settings.jwt_issuer, subject="noor", name="Noor", handle="noor-x")
        )
        await session.flush()
        await profiles.become(session, id, NewCreator(handle="noor", display_name="Noor", code="MINE"))
    content = DUB_PARTNERS.replace(b"go.example/noor", b"play.example/?via=noor-h")
    await take_in(database, settings, content, "dub", "partners")
    async with database.transaction() as session:
        assert await profiles.whose_code(session, "MINE") == await profiles.whose_code(session, "NOOR-H") == id
        sign_up = {"id": "s1", "kind": "sign_up", "viewer": "ann", "at": utc_now(), "code": "noor-h"}
        made = await report(session, settings, NewConversion.model_validate(sign_up))
        assert made is not None
    other = b"id,name,email,coupon\n9,Someone,so@example.com,noor-h\n"
    assert await take_in(database, settings, other, "rewardful", "partners") == [(2, "imported", "code_kept")]


async def test_whoever_is_waited_for_takes_their_place_by_their_link_and_nobody_else_can(app: App) -> None:
    mira = await app.session("mira", "marketer")
    sent = app.signed_in("mira", "marketer") | {"Content-Type": "text/csv"}
    where = "/v1/partner-imports?programme=rewardful&kind=partners"
    tried = (await app.http.post(f"{where}&dry_run=true", content=REWARDFUL, headers=sent)).json()
    assert (tried["dry_run"], tried["imported"], tried["known"]) == (True, 1, 1)
    assert (await app.http.get("/v1/imported-partners", headers=mira)).json()["items"] == []
    done = (await app.http.post(where, content=REWARDFUL, headers=sent)).json()
    assert [(line["number"], line["outcome"]) for line in done["lines"]] == [(2, "imported"), (3, "known")]
    partner = (await app.http.get("/v1/imported-partners", headers=mira)).json()["items"][0]
    assert (partner["code"], partner["creator"]) == ("NOOR", None)
    ada = app.signed_in("ada")
    taken = await app.http.post(
        "/v1/creators", json={"handle": "ada", "display_name": "A", "code": "NOOR"}, headers=ada
    )
    assert taken.json()["code"] == "code_taken"
    assert (await app.http.get("/v1/imported-partners", headers=ada)).status_code == 403

    link = partner["claim_url"].removeprefix(app.runtime.settings.base_url)
    noor, kid = await app.session("noor"), app.as_told("kid", kids=True)
    said = (await app.http.get(link, headers=noor)).text
    assert "Noor Haddad" in said
    assert "Rewardful" in said
    token = link.rpartition("/")[2]
    refused = await app.http.post("/v1/creators/me/partner", json={"token": token}, headers=kid)
    assert refused.json()["code"] == "partner_minor"
    other = ("B" if token[0] == "A" else "A") + token[1:]
    forged = await app.http.post("/v1/creators/me/partner", json={"token": other}, headers=ada)
    assert forged.json()["code"] == "imported_partner_unknown"
    assert (await app.http.post(link, headers=noor)).headers["location"].startswith("/creator")
    assert (await app.http.post("/v1/creators/me/partner", json={"token": token}, headers=ada)).json()["code"] == (
        "partner_joined"
    )
    mine = (await app.http.get("/v1/creators/me", headers=noor)).json()
    assert (mine["code"], mine["display_name"]) == ("NOOR", "Noor Haddad")
    after = (await app.http.get("/v1/imported-partners", headers=mira)).json()["items"][0]
    assert (after["creator"], after["claim_url"]) == (mine["handle"], None)
    gone = await app.http.delete(f"/v1/imported-partners/{partner['id']}", headers=app.signed_in("mira", "marketer"))
    assert gone.json()["code"] == "partner_joined"


async def test_past_commissions_are_history_that_no_ledger_knows(app: App) -> None:
    mira = await app.session("mira", "marketer")
    page = "/console/creators/import"

    async def send(content: bytes, kind: str, act: str = "import") -> Any:
        form = {"programme": "dub", "kind": kind, "act": act}
        return await app.http.post(page, data=form, files={"file": ("x.csv", content, "text/csv")}, headers=mira)

    early = await send(DUB_COMMISSIONS, "commissions")
    assert early.text.count("imported_partner_unknown") >= 3, "the partners come first"
    assert (await send(DUB_PARTNERS, "partners")).status_code == 200
    tried = (await send(DUB_COMMISSIONS, "commissions", "try")).text
    assert "Nothing was kept" in tried
    assert await rows(app.runtime.database, ImportedCommission) == 0
    told = (await send(DUB_COMMISSIONS, "commissions")).text
    assert re.search(r"3\s+new", told)
    for code in ("amount_unreadable", "commission_state_unknown", "commission_undated", "partner_unnamed"):
        assert code in told
    assert re.search(r"0\s+new", (await send(DUB_COMMISSIONS, "commissions")).text), "read again, nothing is new"
    for table in (PostingRow, LedgerAccount, Payout):
        assert await rows(app.runtime.database, table) == 0
    noor = await app.session("noor")
    own = (await app.http.get("/creator", headers=noor)).text
    assert "Before you came here" in own
    assert "$259.80" in own
    due = (await app.http.get("/v1/creators/me/statements", headers=noor)).json()["due"]
    assert due == [], "nothing of it is due here"
    csv = (await app.http.get(f"{page}.csv", headers=mira)).text
    assert "/creator/join/" in csv
    assert (await send(b"a,b\n", "partners")).status_code == 422


async def test_an_erased_partner_is_nobody_and_is_not_brought_back(database: Database, settings: Settings) -> None:
    await take_in(database, settings, DUB_PARTNERS, "dub", "partners")
    await take_in(database, settings, DUB_COMMISSIONS, "dub", "commissions")
    async with database.transaction() as session:
        noor = (await session.scalars(select(Creator))).one()
        await signals.send(session, ViewerErased(noor.viewer_id, "noor", "erased-1"))
    async with database.transaction() as session:
        row = (await session.scalars(select(ImportedPartner).filter_by(key="pn_1"))).one()
        assert (row.name, row.code, row.email_tag) == ("", None, None)
        assert await profiles.whose_code(session, "NOOR") is None
    assert (await take_in(database, settings, DUB_PARTNERS, "dub", "partners"))[0] == (2, "known", "")


async def test_a_partner_who_is_waited_for_can_be_removed(database: Database, settings: Settings) -> None:
    await take_in(database, settings, REWARDFUL, "rewardful", "partners")
    async with database.transaction() as session:
        partner = (await session.scalars(select(ImportedPartner))).one()
        await imported_partners.remove(session, partner.id)
    assert await rows(database, ImportedPartner) == 0


CODE = b"id,name,email,coupon\n9,Someone,so@example.com,NOOR10\n"
WAITS = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


async def _done_or_waiting(database: Database, task: asyncio.Task[Any]) -> None:
    """Return once a task has ended, or waits for somebody's lock."""
    while not task.done():
        async with database.transaction() as session:
            if await session.scalar(WAITS):
                return
        await asyncio.sleep(0.01)


async def _noor(database: Database, settings: Settings) -> Any:
    async with database.transaction() as session:
        row = Viewer(id=uuid7(), issuer=settings.jwt_issuer, subject="noor", name="Noor", handle="noor-x")
        session.add(row)
    return row.id


@pytest.mark.parametrize("chosen", ["NOOR10", None])
async def test_a_code_that_a_creator_takes_at_the_same_instant_is_not_brought_as_well(
    database: Database, settings: Settings, chosen: str | None
) -> None:
    noor = await _noor(database, settings)
    async with database.transaction() as session:
        await profiles.become(session, noor, NewCreator(handle="noor", display_name="Noor", code=chosen))
        bringing = asyncio.create_task(take_in(database, settings, CODE, "rewardful", "partners"))
        await _done_or_waiting(database, bringing)
    assert await bringing == [(2, "imported", "code_kept")]
    async with database.transaction() as session:
        assert (await session.scalars(select(ImportedPartner.code))).all() == [None]
        assert await profiles.whose_code(session, "NOOR10") == noor


async def test_a_code_that_is_brought_at_the_same_instant_is_not_taken_by_a_creator_as_well(
    database: Database, settings: Settings
) -> None:
    noor = await _noor(database, settings)
    lines = read_file(CODE, "rewardful", "partners")

    async def become(code: str | None) -> Any:
        async with database.transaction() as session:
            new = NewCreator(handle="noor", display_name="Noor", code=code)
            return (await profiles.become(session, noor, new)).code

    async with database.transaction() as session:
        await programme_import.import_lines(session, settings, "rewardful", "partners", lines, "viewer:x")
        taking = asyncio.create_task(become("NOOR10"))
        await _done_or_waiting(database, taking)
    with pytest.raises(profiles.CodeTaken):
        await taking
    assert (await become(None)) != "NOOR10"
