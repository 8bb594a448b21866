"""Shared by tests: a started application and the people who use it."""

from dataclasses import dataclass

import httpx
from fastapi import FastAPI

from groundswell.accounts.keys import make_key
from groundswell.demo.identity import IdentityProvider
from groundswell.platform.runtime import Runtime


@dataclass(frozen=True)
class App:
    """A started application, an HTTP client for it, and the identity provider that it trusts."""

    asgi: FastAPI
    runtime: Runtime
    http: httpx.AsyncClient
    identity: IdentityProvider

    def signed_in(self, subject: str = "ada", *roles: str, name: str | None = None) -> dict[str, str]:
        """Headers of a signed-in viewer with staff ``roles``."""
        token = self.identity.token(subject, name or subject.title(), roles=roles)
        return {"Authorization": f"Bearer {token}"}

    async def service_key(self, *scopes: str) -> dict[str, str]:
        """Headers of a service with ``scopes``."""
        async with self.runtime.database.transaction() as session:
            return {"Authorization": f"Bearer {await make_key(session, 'test', list(scopes))}"}

    async def run_jobs(self) -> None:
        """Run every job that waits, then return."""
        await self.runtime.jobs.run_worker_async(wait=False, install_signal_handlers=False)
