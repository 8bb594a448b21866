"""Names: a module is a noun of the field, and a public class has its name to itself."""

import re
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "groundswell"
NOUNS = {
    "coding",  # how a track is coded
    "embedding",  # a sentence as a point
    "embedded",  # the embedded PostgreSQL; the subtitles embedded in a container
    "feed",
    "landing",  # the landing page
    "listing",
    "bounded",  # calls with bounds, as their functions are called
    "hevc_renumbering",
    "markov_training",
    "oembed",
    "progress_feed",
    "ranking",
    "routing",
    "templating",
    "trending",  # what the page of the console is called
    "wording",
}
"""Modules whose name ends as a participle does and is a noun, or the field's own word."""


CLASS = re.compile(r"^class ([A-Za-z]\w*)", re.MULTILINE)
"""A public class of a module, not of a class or a function in it."""


def modules() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if "versions" not in path.parts]


def test_no_module_is_called_by_a_participle() -> None:
    found = {path.stem for path in modules() if path.stem.endswith(("ing", "ed"))}
    assert found <= NOUNS, f"call them by a noun: {sorted(found - NOUNS)}"
    assert found >= NOUNS, f"no longer there: {sorted(NOUNS - found)}"


def test_no_module_is_a_drawer_for_anything() -> None:
    assert not {path.stem for path in modules()} & {
        "utils",
        "util",
        "helpers",
        "helper",
        "manager",
        "service",
        "common",
        "misc",
    }


def test_a_public_class_has_its_name_to_itself() -> None:
    places = defaultdict(list)
    for path in modules():
        for name in CLASS.findall(path.read_text()):
            places[name].append(str(path.relative_to(SOURCE)))
    assert len(places) > 500
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_routes_stand_in_modules_that_say_so() -> None:
    """Outside ``web`` and the demo's own pages, a router is made in ``api.py`` or ``…_api.py`` only."""
    for path in modules():
        room = path.relative_to(SOURCE).parts[0]
        if room in {"web", "demo", "platform"} or path.stem == "api" or path.stem.endswith("_api"):
            continue
        assert "APIRouter(" not in path.read_text(), f"{path.relative_to(SOURCE)} has routes: call it …_api.py"
