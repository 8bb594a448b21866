"""The heavy engines: ``make test-engines`` installs what they need and runs these; ``make test`` leaves them out."""

import os
from collections.abc import Iterator

import pytest
from bench.cluster import ClusterMissing, spark_cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "GROUNDSWELL_TEST_ENGINES" in os.environ:
        return
    for item in items:
        if "tests/engines/" in str(item.path):
            item.add_marker(pytest.mark.skip(reason="the heavy engines have a run of their own: make test-engines"))


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone cluster on this machine: one master and two workers, each a process of its own."""
    try:
        with spark_cluster(tmp_path_factory.mktemp("spark")) as url:
            yield url
    except ClusterMissing as missing:
        pytest.skip(str(missing))
