"""The components' own checks, so that one command runs every test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_components_are_right_typed_and_small() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    npm = shutil.which("npm", path=path)
    if npm is None or not (ROOT / "node_modules").is_dir():
        pytest.skip("Node's packages are not installed: run `make setup`")
    done = subprocess.run(
        [npm, "run", "--silent", "check"], cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
