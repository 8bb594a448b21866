"""Tables to take away: CSV for people, Parquet for programs."""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from fastapi import Response

from groundswell.platform.attachment import attachment
from groundswell.platform.csv_response import csv_file


class Dated(Protocol):
    """What is about days of a time zone."""

    first: date
    last: date
    zone: str


def dated(name: str, about: Dated) -> str:
    """The name of a file that says which days it is about, and of which zone: ``day-2026-11-01-2026-11-30-UTC``."""
    return f"{name}-{about.first}-{about.last}-{about.zone.replace('/', '-')}"


def table_file(name: str, kind: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A file to download: ``kind`` is ``csv`` or ``parquet``, the same rows in either."""
    return parquet_file(name, header, rows) if kind == "parquet" else csv_file(name, header, rows)


def parquet_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A Parquet file; columns have the types of their values, and are text where these are of several."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(zip(*rows, strict=True)) or [() for _ in header]
    arrays = []
    for column in columns:
        kinds = {type(value) for value in column if value is not None}
        plain = kinds <= {int, float} or len(kinds) == 1
        arrays.append(pa.array(column if plain and kinds <= {int, float, str, bool} else [_text(v) for v in column]))
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(header, arrays, strict=True))), sink)
    disposition = attachment(f"{name}.parquet")
    return Response(sink.getvalue(), headers=disposition, media_type="application/vnd.apache.parquet")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
