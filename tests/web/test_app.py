"""The application, put together."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_serving_loads_nothing_that_only_seals_or_reports(tmp_path: Path) -> None:
    heavy = {"deltalake", "duckdb", "ibis", "pandas", "pyarrow"}
    code = (
        "import sys; from pathlib import Path; from groundswell.platform.settings import Settings; "
        "from groundswell.web.app import create_app; "
        "create_app(Settings(data_dir=Path(sys.argv[1]), jwks_url='http://127.0.0.1/jwks')); "
        f"print(*sorted(set(sys.modules) & {heavy!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")
