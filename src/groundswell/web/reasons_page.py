"""Where the ``type`` of a refusal leads: what each reason code means."""

import asyncio

from fastapi import APIRouter, Request, Response

from .reason_codes import reason_codes
from .templating import page

router = APIRouter(prefix="/docs")


@router.get("/reason-codes")
async def list_reasons(request: Request) -> Response:
    """Every reason code."""
    return page(request, "reasons.html", codes=await asyncio.to_thread(reason_codes), caller=None)
