"""The lake: tables of PostgreSQL as Delta tables of Parquet in object storage, one partition a day of ``at``.

What is kept there and where; ``sealer.py`` writes it, reports read it. The heavy libraries are imported when first
used: a process that neither seals nor reports never loads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from groundswell.platform.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

ColumnKind = Literal["text", "instant", "integer"]


@dataclass(frozen=True)
class SealedTable:
    """A table that is sealed: its columns, of which ``at`` is one, and ``xid`` in PostgreSQL says who wrote a row."""

    name: str
    columns: Mapping[str, ColumnKind]

    def schema(self) -> "pa.Schema":
        """The columns in the lake, and ``day``, by which it is partitioned."""
        import pyarrow as pa

        kinds = {"text": pa.string(), "instant": pa.timestamp("us", "UTC"), "integer": pa.int64()}
        fields = [pa.field(name, kinds[kind]) for name, kind in self.columns.items()]
        return pa.schema([*fields, pa.field("day", pa.date32())])

    def from_csv(self, text: bytes) -> "pa.Table":
        """Rows as PostgreSQL's ``COPY … TO`` writes them as CSV: there, nothing is NULL and "" is the empty text."""
        import pyarrow as pa
        from pyarrow import compute, csv

        schema = self.schema()
        rows = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=list(self.columns)),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types={name: schema.field(name).type for name in self.columns},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        return rows.append_column(schema.field("day"), compute.cast(rows["at"], pa.date32())).cast(schema)


SEALED: dict[str, SealedTable] = {}
"""Every table that is sealed, by name. Rooms above add theirs."""


def sealed(name: str, columns: Mapping[str, ColumnKind]) -> SealedTable:
    """Declare that a table is sealed."""
    SEALED[name] = SealedTable(name, columns)
    return SEALED[name]


EVENTS = sealed(
    "events",
    {
        "id": "text",
        "at": "instant",
        "received_at": "instant",
        "kind": "text",
        "share_id": "text",
        "moment_id": "text",
        "title_id": "text",
        "visitor": "text",
        "viewer_id": "text",
        "channel": "text",
        "territory": "text",
        "amount_minor": "integer",
        "currency": "text",
        "verdict": "text",
        "verdict_reason": "text",
        "verdict_rule": "text",
        "inputs": "text",
    },
)

VERDICTS = sealed(
    "verdicts",
    {
        "id": "text",
        "at": "instant",
        "created_at": "instant",
        "event_id": "text",
        "kind": "text",
        "reason": "text",
        "rule": "text",
        "traffic": "text",
    },
)


def lake_url(settings: Settings, table: SealedTable) -> str:
    """Where ``table`` is in the lake: a folder or an object store's address."""
    base = settings.lake_url or str((settings.data_dir / "lake").resolve())
    return f"{base.removeprefix('file://').rstrip('/')}/{table.name}"


def open_delta(settings: Settings, table: SealedTable) -> "DeltaTable | None":
    """The table as it is in the lake now, or None when nothing has been sealed yet."""
    from deltalake import DeltaTable

    url = lake_url(settings, table)
    if not DeltaTable.is_deltatable(url):
        return None
    return DeltaTable(url)


def files_between(delta: "DeltaTable", first: date, last: date) -> list[str]:
    """The Parquet files that hold the days from ``first`` to ``last``, both included."""
    return delta.file_uris(file_pruning_predicate=[("day", ">=", first), ("day", "<=", last)])


PROPERTIES = {
    "delta.checkpointInterval": "100",
    "delta.logRetentionDuration": "interval 1 hours",
    "delta.deletedFileRetentionDuration": "interval 1 hours",
}
"""Of every table: each seal leaves a file and a log entry, which nobody needs for longer than a reading lasts."""


def make_delta(settings: Settings, table: SealedTable, database: str) -> "DeltaTable":
    """Make the table, empty, to be sealed from ``database`` (an identity, kept as the table's description)."""
    from deltalake import DeltaTable, Schema

    url = lake_url(settings, table)
    if "://" not in url:
        Path(url).mkdir(parents=True, exist_ok=True)
    return DeltaTable.create(
        url,
        schema=Schema.from_arrow(table.schema()),
        partition_by=["day"],
        name=table.name,
        description=database,
        configuration=PROPERTIES,
    )
