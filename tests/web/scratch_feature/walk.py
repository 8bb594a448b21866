"""Uses the scratch feature in a tree that has it: its route, signal, job, table, page and place. Prints what it saw."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import inspect

from groundswell.demo.identity import IdentityProvider
from groundswell.platform.database import Base
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app


async def walk(database_url: str, folder: Path) -> dict[str, Any]:
    settings = Settings(data_dir=folder, database_url=database_url, worker_in_server=False, base_url="http://test")
    identity = IdentityProvider(settings)
    app = create_app(settings, identity)
    staff = {"Authorization": f"Bearer {identity.token('tariq', 'Tariq', roles=['trust'])}"}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=staff) as http:
            return await _seen(app, http)


async def _seen(app: Any, http: httpx.AsyncClient) -> dict[str, Any]:
    left = await http.post("/v1/notes", json={"text": "look at this one"})
    runtime = services_of(app).runtime
    await runtime.jobs.run_worker_async(wait=False, install_signal_handlers=False)
    page, elsewhere = await http.get("/console/notes"), await http.get("/console/trust")
    document = (await http.get("/v1/openapi.json")).json()
    async with runtime.database.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return {
        "route": left.status_code,
        "page": [page.status_code, page.text],
        "elsewhere": elsewhere.text,
        "tags": {tag["name"]: tag["description"] for tag in document["tags"]},
        "table": "notes" in tables,
        "described": "notes" in Base.metadata.tables,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(walk(sys.argv[1], Path(sys.argv[2])))))
