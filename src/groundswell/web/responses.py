"""Responses that several pages give."""

from fastapi import Response
from fastapi.responses import RedirectResponse


def see_other(address: str) -> Response:
    """After a form was saved: show the page anew, so that reloading it saves nothing twice."""
    return RedirectResponse(address, 303)
