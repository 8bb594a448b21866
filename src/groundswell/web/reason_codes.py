"""Every reason code with which something can be refused, read from the refusals themselves."""

import importlib
import pkgutil
from functools import cache

import groundswell
from groundswell.platform.problems import HTTP_CODES, Problem


@cache
def reason_codes() -> dict[str, tuple[int, str]]:
    """By code: the HTTP status and what it means. Every module is imported, so that none of its refusals is missed."""
    for module in pkgutil.walk_packages(groundswell.__path__, "groundswell."):
        if ".migrations." not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    rows = {code: (status, "A failure of HTTP itself.") for status, code in HTTP_CODES.items()}
    kinds: list[type[Problem]] = [Problem]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        rows[kind.code] = (kind.status, kind.title)
        rows |= {code: (kind.status, words) for code, words in getattr(kind, "CODES", {}).items()}
    return dict(sorted(rows.items()))
