"""Verdicts from outside, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from groundswell.accounts.access import service
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import verdicts
from .notice_schemas import VerdictIn
from .schemas import DecisionOut

router = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)

Tool = Annotated[ServiceKey, Depends(service("verdicts.give"))]


@router.post("/verdicts", status_code=201)
async def give_verdict(verdict: VerdictIn, key: Tool, session: DbSession) -> DecisionOut:
    """Decide as a moderation tool outside has: the decision is one like any other, with its reasons, its appeal and its
    way back. What is severe is decided by people here."""
    return DecisionOut.model_validate(await verdicts.take(session, verdict, f"key:{key.id}"))
