"""People's names are shown to whoever may see them, by one table, on every page, file and report of the console."""

import re
from datetime import timedelta

import pytest
from pydantic import BaseModel
from sqlalchemy import select, update

from groundswell.accounts.person_names import POWER, PersonNames, sees_names
from groundswell.accounts.powers import POWERS
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import STAFF_ROLES
from groundswell.events.lake.sealer import seal_now
from groundswell.insights import schemas
from groundswell.insights.reports import labels
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.insights.reports.weekly import weekly_report
from groundswell.platform.clock import utc_now
from groundswell.platform.openapi_security import power_of
from groundswell.web.console.routers import routers
from tests.events.places import Shared
from tests.support import App
from tests.web.console.loop.test_overview import mira, shared

__all__ = ["mira", "shared"]  # fixtures

pytestmark = pytest.mark.usefixtures("still_server")

LINK = re.compile(r'href="(/console/[^"#]*)"')
OF_PEOPLE = {"viewer", "sharer"}
"""Fields of reports that are a person's name."""


def test_every_dimension_and_field_that_is_a_person_is_known() -> None:
    viewers = {name for name, naming in labels.NAMING.items() if naming is labels.NAMING["maker"]}
    assert viewers == labels.PEOPLE <= set(DIMENSIONS)
    models = [each for each in vars(schemas).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    named = {
        field for model in models for field in model.model_fields if re.search("viewer|sharer|maker|person", field)
    }
    counts = {field for field in named if field.endswith(("viewers", "_viewer"))}
    assert named - counts - {field for field in named if field.endswith("_id")} <= OF_PEOPLE | {"persons", "people"}


def test_a_pseudonym_lasts_and_is_nobodys_name() -> None:
    one, other = PersonNames(b"a" * 32), PersonNames(b"b" * 32)
    assert one.of("7", "Ada") == one.of("7", "Ada Lovelace") != one.of("8", "Ada")
    assert one.of("7", "Ada") != other.of("7", "Ada")
    assert (one.of(None, "Ada"), one.of("7", None)) == ("Ada", one.of("7", "Ada"))
    assert PersonNames().of("7", "Ada") == "Ada"


@pytest.mark.slow
async def test_every_page_and_file_shows_names_to_those_of_the_table_alone(
    app: App, shared: Shared, mira: dict[str, str]
) -> None:
    await seal_now(app.runtime)
    app.runtime.settings.reports_fresh_s = 600  # what one computed is shown to the next, whose names are others
    async with app.runtime.database.transaction() as session:
        ids = (await session.scalars(select(Viewer.id).where(Viewer.name != ""))).all()
        for n, id in enumerate(ids):
            await session.execute(update(Viewer).filter_by(id=id).values(name=f"Quixote {n}"))
    campaign = {"key": "autumn", "name": "Autumn", "begins_at": (utc_now() - timedelta(days=20)).isoformat()}
    campaign["ends_at"] = (utc_now() + timedelta(days=2)).isoformat()
    made = await app.http.post("/v1/campaigns", json=campaign, headers=mira)
    assert made.status_code == 201, made.text
    begun = [f"/console/explore?by={each}" for each in DIMENSIONS]
    begun += [f"/console/explore.csv?by={each}" for each in labels.PEOPLE]
    begun += [f"/console/campaigns/autumn?by={each}" for each in labels.PEOPLE]
    begun += [f"/console/campaigns/autumn/results.csv?by={each}" for each in labels.PEOPLE]
    begun += ["/console/campaigns/autumn/credits", f"/console/moments/{shared.moment.id}", "/console/credits"]
    begun += [f"/console/explore?maker={shared.moment.viewer_id}", "/console/loop/conversions"]
    begun += [f"/console/shares/{shared.share.id}"]
    roots = {route.path for router in routers for route in router.routes if power_of(route) and "{" not in route.path}  # type: ignore[attr-defined, arg-type]
    for role in sorted(STAFF_ROLES - {"admin"}):
        headers = app.signed_in(f"x-{role}", role, name="Quack")
        # Of each page one: what is told apart further is told apart by the same code.
        waiting, seen, shown = {*roots, *begun} - {"/console/live/stream"}, set[str](), set[str]()
        while waiting:
            address = waiting.pop()
            seen.add(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", address) if address not in begun else address)
            answer = await app.http.get(address, headers=headers)
            if answer.status_code != 200:
                continue
            shown |= {address} if "Quixote" in answer.text else set()
            found = {each.replace("&amp;", "&") for each in LINK.findall(answer.text) if "/conversions/" in each}
            waiting |= {each for each in found if re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", each) not in seen}
        if sees_names([role]):
            assert role in POWERS[POWER].roles
            assert shown or role != "marketer", "there are names to be seen"
        else:
            assert not shown, (role, sorted(shown))
        looked = {each for each in seen if not each.startswith("/console/conversions")}
        assert len(looked) > 40
        if role in ("marketer", "finance"):
            assert any("/console/conversions/" in each for each in seen), "and the evidence itself"
    for roles, named in ((("finance",), False), (("marketer",), True)):
        names = PersonNames.for_roles(roles, app.runtime.settings.secret)
        today = utc_now().date()
        week = await weekly_report(app.runtime, today - timedelta(days=today.weekday()), today, names=names)
        labelled = [row.label for row in week.tops["maker"]]
        assert [("Quixote" in label) for label in labelled] == [named] * len(labelled)
