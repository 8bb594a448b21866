"""A lake that has been damaged is not read as if it had not."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from groundswell.insights.engines.contract import LakeDamaged
from groundswell.insights.reports.engine import check


def test_a_file_that_is_cut_short_or_missing_is_named(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), pa.table({"day": ["2026-05-04"], "n": [1]}), partition_by=["day"])
    delta = DeltaTable(str(tmp_path))
    (file,) = tmp_path.glob("day=*/*.parquet")
    name = f"{file.parent.name}/{file.name}"
    check(delta, [str(file)])
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LakeDamaged, match="bytes and was written with") as cut:
        check(delta, [str(file)])
    file.unlink()
    with pytest.raises(LakeDamaged, match="is missing") as gone:
        check(delta, [str(file)])
    assert cut.value.members == gone.value.members == {"file": name}
