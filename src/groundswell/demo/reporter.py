"""How the demo service tells Groundswell what its customers did: over HTTP, with a service key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from groundswell.accounts.access import hash_key
from groundswell.accounts.keys import make_key
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import private_opener

KEY_FILE = "demo-service.key"
TIMEOUT_S = 20


class ReportRefused(Problem):
    status, code, title = 502, "report_refused", "Your membership could not be changed just now."


class CodeRefused(Problem):
    status, code, title = 422, "code_refused", "No creator has this code. Correct it, or leave it empty."


async def service_key(runtime: Runtime) -> str:
    """The demo service's key, made when first needed and kept (mode 0600) in the data folder."""
    path = runtime.settings.data_dir / KEY_FILE
    async with runtime.database.transaction() as session:
        if path.exists():
            key = path.read_text()
            if await session.scalar(select(ServiceKey.id).filter_by(hash=hash_key(key), revoked_at=None)):
                return key
        key = await make_key(session, "Lumen billing", ["conversions:write", "progress:write"])
    keep(path, key)
    return key


def keep(path: Path, key: str) -> None:
    """Write ``key`` where only we may read it, in place of an older one."""
    path.unlink(missing_ok=True)
    with open(path, "x", opener=private_opener) as file:
        file.write(key)


class Reporter:
    """Speaks to Groundswell's public API at its public address."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient) -> None:
        self.runtime, self.http = runtime, http

    async def introduce(self, token: str) -> None:
        """Let Groundswell meet a viewer: the first call with their token makes them known."""
        answer = await self.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        _accepted(answer)

    async def report(self, conversion: dict[str, Any]) -> None:
        """Report one conversion; its ``id`` makes repeating it harmless.

        Raises:
            ReportRefused: Groundswell said no, or could not be reached; nothing has changed then.
        """
        key = await service_key(self.runtime)
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"conversion-{conversion['id']}"}
        try:
            answer = await self.http.post("/v1/conversions", json=conversion, headers=headers)
        except httpx.HTTPError as error:
            raise ReportRefused(f"Groundswell could not be reached: {type(error).__name__}.") from None
        _accepted(answer)


def _accepted(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if problem.get("code") == "code_unknown":
        raise CodeRefused()
    raise ReportRefused(problem.get("detail") or f"Groundswell answered {answer.status_code}.")


@asynccontextmanager
async def reporter(runtime: Runtime) -> AsyncIterator[Reporter]:
    """A reporter whose connections are kept open for as long as the block lasts."""
    async with httpx.AsyncClient(base_url=runtime.settings.base_url, timeout=TIMEOUT_S) as http:
        yield Reporter(runtime, http)
