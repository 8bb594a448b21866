"""Problem documents (RFC 9457)."""

from groundswell.platform.problems import NotFound


def test_members_of_its_own_stand_beside_the_standards_and_take_no_place_of_theirs() -> None:
    document = NotFound("Gone.", status="filed", run="7").document()
    assert document["status"] == 404
    assert document["run"] == "7"
    assert document["detail"] == "Gone."
