"""Apache Spark: a standalone cluster, or whatever ``spark://`` leads to. Its workers must be able to read the lake."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from .contract import EngineDown, LakeDamaged
from .duckdb import expression_rows, first_line

UNREADABLE = ("is not a Parquet file", "FILE_NOT_EXIST", "PATH_NOT_FOUND", "FileNotFoundException", "CANNOT_READ_FILE",
              "FAILED_READ_FILE", "is too small")  # fmt: skip


@lru_cache(maxsize=1)
def session(url: str) -> Any:
    """The process's session on a cluster: starting one takes seconds, so it is kept.

    Raises:
        EngineDown: PySpark or Java is missing, or the master cannot be reached.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineDown("PySpark is not installed: pip install 'groundswell[engines]'.") from None
    try:
        return (
            SparkSession.builder.master(url)
            .appName("groundswell")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.ansi.enabled", "false")
            .config("spark.driver.memory", "1g")
            .getOrCreate()
        )
    except Exception as error:
        raise EngineDown(f"Spark does not answer: {first_line(error)}") from None


class Spark:
    """One reading by way of the process's session."""

    def __init__(self, url: str) -> None:
        self._session = session(url)
        self._connection = ibis.pyspark.connect(self._session)

    def files(self, name: str, files: Sequence[str], schema: pa.Schema) -> ir.Table:
        try:
            self._session.read.parquet(*map(_address, files)).createOrReplaceTempView(name)
        except Exception as error:
            raise _refused(error) from None
        return self._connection.table(name)

    def rows(self, name: str, rows: pa.Table) -> ir.Table:
        frame = self._session.createDataFrame(rows)
        frame.createOrReplaceTempView(name)
        return self._connection.table(name)

    def run(self, expression: ir.Table) -> pa.Table:
        try:
            return expression_rows(self._connection.to_pyarrow(expression), expression)
        except Exception as error:
            raise _refused(error) from None

    def close(self) -> None:
        """The session stays: the next reading needs it."""


def _address(file: str) -> str:
    return file.replace("s3://", "s3a://", 1) if "://" in file else f"file://{file}"


def _refused(error: Exception) -> EngineDown | LakeDamaged:
    if any(sign in str(error) for sign in UNREADABLE):
        return LakeDamaged(first_line(error))
    return EngineDown(f"Spark refused the question: {first_line(error)}")
