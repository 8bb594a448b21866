"""Rules as their rows have them: the same to who asks for one title and to who asks for many."""

from groundswell.catalog.tables import RightsRule
from groundswell.catalog.titles import find_title, ready_source
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.trust.rulebook import facts_of, rulebook, written_rulebook
from tests.catalog.rows import add_title


async def test_rules_that_are_written_are_read_the_same_either_way(database: Database) -> None:
    async with database.transaction() as session:
        fog, _ = [await add_title(session, slug) for slug in ("fog", "mist")]
        shorter = {"scope": "title", "scope_key": str(fog.id), "max_clip_us": 9_000_000}
        for rule in (shorter, {"scope": "all", "scope_key": "*", "download": False}):
            session.add(RightsRule(**rule, updated_by="ravi"))
    async with database.transaction() as session:
        titles = [await find_title(session, slug) for slug in ("fog", "mist")]
        facts = [facts_of(title, await ready_source(session, title)) for title in titles]
        one, other = await rulebook(session, *facts), await written_rulebook(session, facts)
        for each, longest in zip(facts, (9_000_000, 60_000_000), strict=True):
            terms = other.terms(each, None, utc_now())
            assert terms == one.terms(each, None, utc_now())
            assert (terms.max_clip_us, terms.download) == (longest, False)
        assert not (await written_rulebook(session, [])).terms(facts[0], None, utc_now()).said_by
