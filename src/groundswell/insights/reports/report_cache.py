"""One answer for all who ask the same at about the same time; and the last good one for when there can be no other."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from groundswell.insights.engines.contract import EngineDown, EngineUnknown, LakeDamaged
from groundswell.insights.schemas import ReportBase, Stale
from groundswell.insights.tables import KeptReport
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime

KEPT = timedelta(days=30)
R = TypeVar("R", bound=ReportBase)
log = structlog.get_logger(__name__)

_under_way: WeakKeyDictionary[Database, dict[str, asyncio.Task[Any]]] = WeakKeyDictionary()
"""By database: the questions that are being answered in this process, each with who is at it."""


async def answered(runtime: Runtime, kind: type[R], asked: object, answer: Callable[[], Awaitable[R]]) -> R:
    """The answer, computed once for all who ask within ``reports_fresh_s``, of whatever process. When the engine cannot
    give one, the last that it gave to the same question, marked ``stale``.

    Args:
        asked: everything that the answer depends on, as its ``repr`` tells it.

    Raises:
        EngineDown, EngineUnknown, LakeDamaged: and this was never answered before.
    """
    question = hashlib.sha256(f"{kind.__name__}:{asked!r}".encode()).hexdigest()
    if runtime.settings.reports_fresh_s and (fresh := await _fresh(runtime, kind, question)) is not None:
        return fresh
    others = _under_way.setdefault(runtime.database, {})
    if (task := others.get(question)) is None:
        task = others[question] = asyncio.create_task(_answer(runtime, kind, question, answer))
        task.add_done_callback(lambda done: _over(others, question, done))
    # Whoever goes away leaves the others their answer.
    report = await asyncio.shield(task)
    assert isinstance(report, kind)
    return report.model_copy(deep=True)


def _over(others: dict[str, asyncio.Task[Any]], question: str, done: asyncio.Task[Any]) -> None:
    del others[question]
    if not done.cancelled():
        done.exception()  # those who asked were told, if any still waited


async def _answer(runtime: Runtime, kind: type[R], question: str, answer: Callable[[], Awaitable[R]]) -> R:
    try:
        report = await answer()
    except (EngineDown, EngineUnknown, LakeDamaged) as problem:
        log.error("report_not_computed", code=problem.reason(), detail=problem.detail)
        return await _last_good(runtime, kind, question, problem)
    await _keep(runtime, question, report)
    return report


async def _fresh(runtime: Runtime, kind: type[R], question: str) -> R | None:
    async with runtime.database.transaction() as session:
        kept = await session.get(KeptReport, question)
    if kept is None or kept.made_at < utc_now() - timedelta(seconds=runtime.settings.reports_fresh_s):
        return None
    return kind.model_validate(kept.answer)


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
