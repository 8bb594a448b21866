"""``groundswell preview`` as people run it, against a real server."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from groundswell.shares.preview.targets import TARGETS
from tests.processes import groundswell

from .site import Answer, Site, page, running, whole


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        whole(site)
        yield site


def preview(*words: str) -> subprocess.CompletedProcess[str]:
    return groundswell("preview", *words, environment=os.environ)


@pytest.mark.slow
def test_a_page_in_order_is_a_table_and_exit_0(site: Site) -> None:
    done = preview(f"{site.url}/page")
    assert done.returncode == 0, done.stderr
    assert all(target.label in done.stdout for target in TARGETS.values())
    assert "9 of 9 places show it as it should be" in done.stdout


@pytest.mark.slow
def test_what_is_broken_is_named_and_exit_1(site: Site) -> None:
    site.pages["/page"] = Answer(page(site, og__title=None, title=None))
    done = preview(f"{site.url}/page", "--as", "discord", "--as", "slack", "--json")
    assert done.returncode == 1
    found = {each["target"]: each for each in json.loads(done.stdout)}
    assert found.keys() == {"discord", "slack"}
    assert [each["code"] for each in found["discord"]["broken"]] == ["title_missing"]
    assert found["discord"]["card"]["kind"] == "none"


@pytest.mark.slow
def test_a_place_that_there_is_not_is_refused(site: Site) -> None:
    done = preview(f"{site.url}/page", "--as", "myspace")
    assert done.returncode == 2
    assert "discord" in done.stderr
    assert site.asked == []
