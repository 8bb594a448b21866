"""The same questions on DuckDB, on ClickHouse's engine and on a real Spark cluster: no row may differ."""

import socketserver
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from bench.lakes import FIRST, make_lake
from bench.questions import DAYS, LAST, SPARK_IS_ASKED, differing, named, questions

from groundswell.insights.engines.contract import EngineDown, LakeDamaged
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.insights.reports.engine import Rows, opened
from groundswell.platform.settings import Settings

EVENTS = 24_000


@pytest.fixture(scope="session")
def lake_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    make_lake(folder, EVENTS, DAYS)
    return folder


def answers(folder: Path, url: str, dimensions: Iterable[str | None] = (None, *DIMENSIONS)) -> dict[str, Rows]:
    settings = Settings(data_dir=folder / "data", lake_url=str(folder), analytics_url=url)
    with opened(settings, FIRST, LAST, named()) as lake:
        return {name: lake.run(expression) for name, expression in questions(lake, dimensions)}


@pytest.fixture(scope="session")
def expected(lake_folder: Path) -> dict[str, Rows]:
    return answers(lake_folder, "duckdb:")


def test_the_questions_have_something_to_tell(expected: dict[str, Rows]) -> None:
    assert len(expected) >= 28
    assert [name for name, rows in expected.items() if not rows] == []
    assert any(row["stayed"] < row["due"] for row in expected["staying 30"])
    assert any(row["key"] is None for row in expected["visits by scene"])


def test_clickhouse_gives_the_same_rows(lake_folder: Path, expected: dict[str, Rows]) -> None:
    pytest.importorskip("chdb", reason="chDB is not installed: make test-engines installs it")
    assert differing(expected, answers(lake_folder, "chdb:")) == {}


@pytest.mark.timeout(900)
def test_a_spark_cluster_gives_the_same_rows(spark_url: str, lake_folder: Path, expected: dict[str, Rows]) -> None:
    found = answers(lake_folder, spark_url, SPARK_IS_ASKED)
    assert len(found) >= 15
    assert differing({name: expected[name] for name in found}, found) == {}


class Interface(BaseHTTPRequestHandler):
    """ClickHouse's HTTP interface before its own engine: a query in, an Arrow stream or an error out."""

    def do_POST(self) -> None:
        import chdb

        query = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            status, body = 200, bytes(chdb.query(query, "ArrowStream").bytes())
        except Exception as error:
            status, body = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def clickhouse_url() -> Iterator[str]:
    pytest.importorskip("chdb", reason="chDB is not installed: make test-engines installs it")
    server: socketserver.BaseServer = ThreadingHTTPServer(("127.0.0.1", 0), partial(Interface))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"clickhouse://127.0.0.1:{server.server_address[1]}/default"  # type: ignore[index]
    server.shutdown()


def test_clickhouse_over_http_gives_the_same_rows(
    clickhouse_url: str, lake_folder: Path, expected: dict[str, Rows]
) -> None:
    assert differing(expected, answers(lake_folder, clickhouse_url)) == {}


def test_an_engine_that_is_away_says_so(lake_folder: Path) -> None:
    with pytest.raises(EngineDown, match="does not answer"):
        answers(lake_folder, "clickhouse://127.0.0.1:1/default")


@pytest.mark.parametrize("url", ["chdb:", "duckdb:"])
def test_a_file_that_is_no_parquet_is_named_as_damage(tmp_path: Path, url: str) -> None:
    if url == "chdb:":
        pytest.importorskip("chdb", reason="chDB is not installed: make test-engines installs it")
    make_lake(tmp_path, 1600, DAYS)
    file = next((tmp_path / "events").glob("*/*.parquet"))
    file.write_bytes(b"x" * file.stat().st_size)
    with pytest.raises(LakeDamaged):
        answers(tmp_path, url)
