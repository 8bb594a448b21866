"""Currencies that money can be received and paid in: legal tender somewhere today.

ISO 4217 also has codes for metals, funds, tests and nothing at all (``XAU``, ``XTS``, ``XXX``), and those of currencies
that are no more (``DEM``); nobody can be paid in them. The list is Unicode's (CLDR, "territory currencies").
"""

from functools import lru_cache


@lru_cache(maxsize=1)
def in_use() -> frozenset[str]:
    """The codes (ISO 4217) of all currencies that are legal tender in some territory."""
    from babel.core import get_global  # here: only money needs it

    spans = (span for spans in get_global("territory_currencies").values() for span in spans)
    return frozenset(code for code, _, until, tender in spans if until is None and tender)
