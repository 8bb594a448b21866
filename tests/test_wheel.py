"""The wheel: what a newcomer installs has everything that runs, and nothing that is only for building."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"


@pytest.mark.slow
def test_the_wheel_has_all_that_runs(tmp_path: Path) -> None:
    """Every file of the package, the built components among them; the command; no test and no secret."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not beside this Python")
    command = [str(uv), "build", "--quiet", "--wheel", "--out-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    if "Failed to fetch" in built.stderr or "dns error" in built.stderr:
        pytest.skip("what builds wheels cannot be fetched here")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
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
    assert not {name for name in names if name.startswith(("tests/", "bench/", "data/")) or name.endswith(".key")}
    assert "groundswell = groundswell.cli:app" in entries
    assert "Provides-Extra: engines" in metadata
