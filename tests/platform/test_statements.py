"""No statement has as many parameters as there are rows: a list goes to the database as one array.

``in_`` makes a parameter of each value, and a statement can have 65,535. It may name a query, or what is written out
in the code; whatever is looked up goes through ``platform.database.among``.
"""

import ast
from pathlib import Path

import pytest
from sqlalchemy import select

import groundswell
from groundswell.accounts.tables import Viewer
from groundswell.platform.database import Database, among
from groundswell.platform.ids import uuid7

SOURCES = Path(groundswell.__file__).parent
QUERIES = {
    ("accounts/sessions.py", "over"),
    ("attribution/campaigns.py", "there"),
    ("attribution/credits.py", "touches"),
    ("attribution/erasure.py", "payments"),
    ("attribution/stripe.py", "paid_by"),
    ("community/collections.py", "filled"),
    ("community/collections.py", "theirs"),
    ("community/comment_holds.py", "stood"),
    ("discovery/feed.py", "theirs"),
    ("discovery/feed.py", "titles_made(only.genre, only.language)"),
    ("campaigns/shortlist.py", "titles_alike(asked.titles)"),
    ("community/reposts.py", "followed"),
    ("discovery/trending/reviews.py", "due"),
    ("earnings/acquittals.py", "maker"),
    ("earnings/audit_trail.py", "given"),
    ("earnings/campaign_recounts.py", "came"),
    ("insights/reports/cascades.py", "roots"),
    ("insights/reports/drilldown.py", "there"),
    ("insights/reports/evidence.py", "moments"),
    ("insights/weekly_mail.py", "readers(settings, now)"),
    ("moments/clips/library.py", "mine"),
    ("notifications/fan_out.py", "mine"),
    ("notifications/fan_out.py", "series"),
    ("notifications/fan_out.py", "watched_titles(viewer_id)"),
    ("notifications/jobs.py", "old"),
    ("payouts/bank_files.py", "paid"),
}
"""Names that stand for a query."""

BOUNDED = {
    ("insights/reports/evidence.py", "keys"),
    ("earnings/audit_trail.py", "places"),
    *(("attribution/stripe.py", each) for each in ("payments", "firsts", "[id for id in ids if id]")),
}
"""Few values: of several columns each, which an array cannot hold; or what one message of Stripe's names."""


def unbounded(path: Path, name: str) -> list[str]:
    """What ``in_`` is given in a file that may be any number of values."""
    text = path.read_text()
    nodes = ast.walk(ast.parse(text)) if "in_" in text else ()
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    given = [call.args[0] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "in_"]
    return [ast.unparse(each) for each in given if not _known(each, name)]


def _known(given: ast.expr, name: str) -> bool:
    words = ast.unparse(given)
    written = isinstance(given, ast.List) and all(isinstance(each, ast.Constant) for each in given.elts)
    constant = isinstance(given, ast.Name) and given.id.isupper()
    return written or constant or "select(" in words or ".where(" in words or (name, words) in QUERIES | BOUNDED


@pytest.mark.slow
def test_lists_go_as_arrays() -> None:
    found = {str(path.relative_to(SOURCES)): path for path in SOURCES.rglob("*.py")}
    strays = {name: there for name, path in found.items() if (there := unbounded(path, name))}
    assert strays == {}


def test_a_stray_is_found(tmp_path: Path) -> None:
    stray = tmp_path / "stray.py"
    stray.write_text("query.where(Moment.id.in_(ids), Moment.kind.in_(KINDS), Moment.title_id.in_(select(Title.id)))")
    assert unbounded(stray, "stray.py") == ["ids"]


async def test_more_values_than_a_statement_has_parameters(database: Database) -> None:
    async with database.transaction() as session:
        viewer = Viewer(id=uuid7(), issuer="x", subject="s", name="N", handle="n")
        session.add(viewer)
        await session.flush()
        ids = [*(uuid7() for _ in range(70_000)), viewer.id]
        assert (await session.scalars(select(Viewer.id).where(among(Viewer.id, ids)))).all() == [viewer.id]
        assert (await session.scalars(select(Viewer.id).where(among(Viewer.id, [])))).all() == []
        assert (await session.scalars(select(Viewer.id).where(among(Viewer.subject, {"s", "t"})))).all() == [viewer.id]
