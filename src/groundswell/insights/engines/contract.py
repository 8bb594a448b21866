"""What every engine promises, whichever it is: the same expression gives the same rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from groundswell.platform.problems import Problem

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


class EngineDown(Problem):
    status, code, title = 503, "engine_down", "The analytics engine does not answer."


class EngineUnknown(Problem):
    status, code, title = 503, "engine_unknown", "GROUNDSWELL_ANALYTICS_URL names no engine."


class LakeDamaged(Problem):
    status, code, title = 503, "lake_damaged", "A file of the lake is missing or damaged."


class Engine(Protocol):
    """One reading of the lake. Instants are UTC on all of them; text is ordered by code point."""

    def files(self, name: str, files: Sequence[str], schema: "pa.Schema") -> "ir.Table":
        """A table made of Parquet files, local paths or an object store's addresses; there is at least one."""
        ...

    def rows(self, name: str, rows: "pa.Table") -> "ir.Table":
        """A table of rows that we have: small enough to be sent with the question."""
        ...

    def run(self, expression: "ir.Table") -> "pa.Table":
        """The answer, with the types that the expression says.

        Raises:
            EngineDown: nobody answers, or the answer is an error of the engine's own.
            LakeDamaged: a file cannot be read.
        """
        ...

    def close(self) -> None:
        """Let go of what was opened for this reading."""
        ...
