"""The wheel: what a newcomer installs has everything that runs, and nothing that is only for building."""

import re
import zipfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"


@pytest.mark.slow
def test_the_wheel_has_all_that_runs(wheel: Path) -> None:
    """Every file of the package, the built components among them; the command; no test and no secret."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
        entries = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    ours = {
        str(path.relative_to(SOURCE))
        for path in (SOURCE / "groundswell").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours - names == set()
    assert any(re.fullmatch(r"groundswell/web/static/dist/.*\.js", name) for name in names)
    assert any(name.startswith("groundswell/web/static/dist/") and name.endswith(".css") for name in names)
    assert [
        name for name in names if re.fullmatch(r"groundswell/web/static/dist/groundswell-elements-[\d.]+\.tgz", name)
    ]
    assert "groundswell/media/subtitles/NotoColorEmoji.ttf" in names
    assert not {name for name in names if name.startswith(("tests/", "bench/", "data/")) or name.endswith(".key")}
    assert "groundswell = groundswell.cli:app" in entries
    assert "Provides-Extra: engines" in metadata
