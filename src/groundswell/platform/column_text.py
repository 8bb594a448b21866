"""Many rows as the parameters of one statement: each column one text, which PostgreSQL takes apart.

psycopg writes a list as an array element by element, which costs several times what PostgreSQL does with it. Here a
column is joined once, so that a group of rows costs one statement and next to nothing to send.
"""

from collections.abc import Iterable, Mapping

SEPARATOR, NULL = "\x1f", r"\N"
"""ASCII's unit separator, which is in no text that is kept, and what stands for no value."""

ESCAPES = str.maketrans({SEPARATOR: " ", "\0": "�"})


def column_text(values: Iterable[str | None]) -> str:
    """A column for a parameter of ``rows_of``; its values are texts as PostgreSQL reads them, none of them empty."""
    return SEPARATOR.join([NULL if value is None else value for value in values])


def clean(value: str | None) -> str | None:
    """A text that people can choose, as ``column_text`` takes it."""
    return value.translate(ESCAPES) if value else None


def rows_of(types: Mapping[str, str]) -> str:
    """SQL: the rows of columns given as parameters of their names (psycopg's ``%(name)s``), with these types."""
    columns = ", ".join(
        f"CAST(string_to_array(%({name})s, E'\\x1f', '\\N') AS {kind}[])" for name, kind in types.items()
    )
    return f"unnest({columns}) AS given ({', '.join(types)})"
