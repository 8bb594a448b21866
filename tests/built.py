"""What a newcomer is given, built here: the wheel, in an environment of its own, and the package of components."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")


def search_path() -> str:
    """PATH with what is installed beside this Python first."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def build_wheel(folder: Path) -> None:
    """The wheel, or a skip that says why there is none."""
    if not UV.exists():
        pytest.skip("uv is not beside this Python")
    command = [str(UV), "build", "--quiet", "--wheel", "--out-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    if "Failed to fetch" in built.stderr or "dns error" in built.stderr:
        pytest.skip("what builds wheels cannot be fetched here")
    assert built.returncode == 0, built.stderr


def install(wheel: Path, folder: Path) -> Path:
    """An environment with the wheel alone; its ``groundswell`` command. What it depends on is read from here, so that
    nothing is fetched; nothing of the checkout is."""
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(folder)],
        ["pip", "install", "--quiet", "--no-deps", "--python", str(folder / "bin" / "python"), str(wheel)],
    ):
        done = subprocess.run([str(UV), *command], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
    (site,) = (folder / "lib").glob("python*/site-packages")
    # A folder named in a .pth is searched, but the .pth files in it, such as that of the checkout, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "groundswell"


def npm() -> str:
    """npm, or a skip that says how to get it."""
    found = shutil.which("npm", path=search_path())
    if found is None or not (ROOT / "node_modules").is_dir():
        pytest.skip("Node's packages are not installed: run `make setup`")
    return found


def unpack_components(folder: Path) -> None:
    """The package of components that the wheel brings, as its command gives it, in ``folder/package``."""
    command = [sys.executable, "-m", "groundswell.cli", "components", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    shutil.unpack_archive(done.stdout.strip(), folder)
