"""An application's services: one of each class, asked for by class."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI

import groundswell
from groundswell.platform.services import ServiceMissing, Services, install, provided, services_of
from groundswell.platform.settings import Settings


@dataclass
class Counter:
    value: int = 0


def test_a_service_is_found_by_its_class() -> None:
    services = Services(Settings(service_name="Lumen"))
    services.add(Counter(1))
    services.add(Counter(2))
    assert (services.get(Counter).value, services.settings.service_name) == (2, "Lumen")


def test_a_missing_service_is_named() -> None:
    services = Services(Settings())
    assert services.find(Counter) is None
    with pytest.raises(ServiceMissing, match="Counter"):
        services.get(Counter)


def test_a_service_made_on_demand_is_made_once() -> None:
    services = Services(Settings())
    first = services.get_or_add(Counter, Counter)
    assert services.get_or_add(Counter, Counter) is first is services.get(Counter)


async def test_a_route_declares_what_it_needs() -> None:
    app = FastAPI()
    install(app, Services(Settings()))
    services_of(app).add(Counter(7))

    @app.get("/count")
    async def count(counter: Annotated[Counter, provided(Counter)]) -> int:
        return counter.value

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/count")).json() == 7


def test_nothing_else_is_kept_in_the_untyped_state_of_the_application() -> None:
    """``app.state`` is one bag that any name can be put into; only ``platform/services.py`` touches it."""
    root = Path(groundswell.__file__).parent
    uses = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "state" in (text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr == "state" and _is_app(node.value, path)
    }
    assert uses == {"platform/services.py"}


def _is_app(node: ast.expr, path: Path) -> bool:
    """Whether what is read stands for an application: only in its own module does that call itself ``self``."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in {"app", "application", "asgi", "started"} or (name == "self" and path.name == "app.py")
