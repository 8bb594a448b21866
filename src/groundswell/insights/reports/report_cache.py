"""The last good answer to each question, for when the engine or the lake cannot give another."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from groundswell.insights.engines.contract import EngineDown, EngineUnknown, LakeDamaged
from groundswell.insights.schemas import ReportBase, Stale
from groundswell.insights.tables import KeptReport
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime

KEPT = timedelta(days=30)
R = TypeVar("R", bound=ReportBase)
log = structlog.get_logger(__name__)


async def answered(runtime: Runtime, kind: type[R], asked: object, answer: Callable[[], Awaitable[R]]) -> R:
    """The answer, or, when the engine cannot give one, the last that it gave to the same question, marked ``stale``.

    Args:
        asked: everything that the answer depends on, as its ``repr`` tells it.

    Raises:
        EngineDown, EngineUnknown, LakeDamaged: and this was never answered before.
    """
    question = hashlib.sha256(f"{kind.__name__}:{asked!r}".encode()).hexdigest()
    try:
        report = await answer()
    except (EngineDown, EngineUnknown, LakeDamaged) as problem:
        log.error("report_not_computed", code=problem.reason(), detail=problem.detail)
        return await _last_good(runtime, kind, question, problem)
    await _keep(runtime, question, report)
    return report


async def _last_good(runtime: Runtime, kind: type[R], question: str, problem: Problem) -> R:
    async with runtime.database.transaction() as session:
        kept = await session.get(KeptReport, question)
    if kept is None:
        raise problem
    report = kind.model_validate(kept.answer)
    report.stale = Stale(code=problem.reason(), detail=problem.detail, made_at=kept.made_at)
    return report


async def _keep(runtime: Runtime, question: str, report: ReportBase) -> None:
    now = utc_now()
    row = {"answer": json.loads(report.model_dump_json()), "made_at": now}
    async with runtime.database.transaction() as session:
        statement = insert(KeptReport).values(question=question, **row)
        await session.execute(statement.on_conflict_do_update(index_elements=["question"], set_=row))
        await session.execute(delete(KeptReport).where(KeptReport.made_at < now - KEPT))
