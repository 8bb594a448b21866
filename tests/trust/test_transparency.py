"""A decision as the Commission's database takes it: one restriction, its ground and its times, and nobody's name."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from groundswell.platform.ids import uuid7
from groundswell.trust.grounds import GROUNDS
from groundswell.trust.tables import RESTRICTIONS, Decision
from groundswell.trust.transparency import COLUMNS, OF_PEOPLE, as_statement

MADE = datetime(2026, 5, 4, 23, 59, tzinfo=UTC)
RESTRICTED = ("visibility", "monetary", "account")


def decision(kind: str = "moment", action: str = "hide", **fields: object) -> Decision:
    same = {"id": uuid4(), "subject_id": uuid4(), "reason_code": "hate", "source": "own", "created_at": MADE}
    return Decision(subject_kind=kind, action=action, **same | fields)


@pytest.mark.parametrize("kind", OF_PEOPLE)
@pytest.mark.parametrize("action", RESTRICTIONS)
def test_a_statement_is_of_one_restriction_and_of_its_end(kind: str, action: str) -> None:
    """Money that is kept back, an account that is closed, or else something that is seen less."""
    account = kind == "viewer" and action in {"hide", "hold"}
    restricted = "monetary" if action == "withhold" else "account" if account else "visibility"
    live, lifted = [as_statement(decision(kind, action, lifted_at=at)) for at in (None, MADE + timedelta(days=2))]
    for said in (live, lifted):
        assert [name for name in RESTRICTED if said[f"decision_{name}"]] == [restricted]
        assert bool(said["account_type"]) == account
        assert bool(said["decision_visibility_other"]) == (action == "collapse")
        assert said.keys() <= set(COLUMNS)
    ends = {name for name in RESTRICTED if lifted.get(f"end_date_{name}_restriction")}
    assert ends == {restricted}
    assert lifted[f"end_date_{restricted}_restriction"] == "2026-05-06"
    assert not [name for name in live if name.startswith("end_date_")]


@pytest.mark.parametrize("code", [*GROUNDS, "free_sales"])
def test_a_ground_is_of_the_law_or_of_the_terms(code: str) -> None:
    said = as_statement(decision(reason_code=code))
    law = code in GROUNDS and GROUNDS[code].law is not None
    assert ("decision_ground" in said, said["decision_ground"].endswith("ILLEGAL_CONTENT")) == (True, law)
    assert bool(said.get("illegal_content_legal_ground")) == bool(said.get("illegal_content_explanation")) == law
    assert bool(said.get("incompatible_content_ground")) != law
    assert said.get("incompatible_content_illegal", "") == ("" if law else "No")


@pytest.mark.parametrize(
    ("source", "told", "found"),
    [
        ("notice", "SOURCE_ARTICLE_16", "after a notice"),
        ("report", "SOURCE_TYPE_OTHER_NOTIFICATION", "after it was reported"),
        ("rule", "SOURCE_VOLUNTARY", "by the rule repeat_infringer"),
        ("own", "SOURCE_VOLUNTARY", "by people who looked at it"),
    ],
)
def test_it_says_who_found_it_and_what_a_program_decided(source: str, told: str, found: str) -> None:
    said = as_statement(decision(source=source, rule="repeat_infringer"))
    assert said["source_type"] == told
    assert found in said["decision_facts"]
    by_program = ("Yes", "AUTOMATED_DECISION_FULLY") if source == "rule" else ("No", "AUTOMATED_DECISION_NOT_AUTOMATED")
    assert (said["automated_detection"], said["automated_decision"]) == by_program


def test_its_times_are_when_the_thing_was_made_and_when_it_was_decided() -> None:
    at = datetime(2025, 1, 31, 12, tzinfo=UTC)
    id = UUID(int=uuid7().int & ((1 << 80) - 1) | int(at.timestamp() * 1000) << 80)
    said = as_statement(decision(subject_id=id))
    assert (said["content_date"], said["application_date"]) == ("2025-01-31", "2026-05-04")
    assert as_statement(decision())["content_date"] == "2026-05-04", "where its id does not say"
