"""Where the ``type`` of a refusal leads: what each reason code means."""

import asyncio

from fastapi import APIRouter, Request, Response

from groundswell.web.reasons import reason_codes
from groundswell.web.templating import page

router = APIRouter(prefix="/docs")


@router.get("/reason-codes")
async def list_reasons(request: Request) -> Response:
    """Every reason code."""
    return page(request, "reasons.html", codes=await asyncio.to_thread(reason_codes), caller=None)
