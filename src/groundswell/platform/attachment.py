"""Files to save: the header that says so and names them."""

import re
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


def attachment(filename: str) -> dict[str, str]:
    """Headers of an answer that is to be saved as ``filename``, whatever that holds (RFC 6266, RFC 8187)."""
    if _PLAIN.fullmatch(filename):
        return {"Content-Disposition": f'attachment; filename="{filename}"'}
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"}
