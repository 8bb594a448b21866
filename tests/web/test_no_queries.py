"""Pages ask the features through functions: nothing in ``web/`` builds a query, or speaks to the database by itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import groundswell.web

WEB = Path(groundswell.web.__file__).parent
MODULES = sorted(WEB.rglob("*.py"))
ALLOWED = {("sqlalchemy.ext.asyncio", "AsyncSession"), ("sqlalchemy.exc", "InterfaceError")}
ALLOWED |= {("sqlalchemy.exc", "OperationalError"), ("sqlalchemy.exc", "SQLAlchemyError")}
METHODS = "scalar scalars execute stream get get_one add add_all delete merge refresh"
QUERIES = {f"session.{method}" for method in METHODS.split()}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(WEB)))
def test_no_page_builds_a_query(module: Path) -> None:
    assert list(queries_in(ast.parse(module.read_text()))) == []


def queries_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.split(".")[0] in {"sqlalchemy", "psycopg"})
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            yield from (each.name for each in node.names if (node.module, each.name) not in ALLOWED)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in QUERIES:
            yield ast.unparse(node.func)


@pytest.mark.parametrize(
    "text",
    ["from sqlalchemy import select", "import sqlalchemy", "session.scalar(query)", "session.get(Title, id)"],
)
def test_a_query_is_noticed(text: str) -> None:
    assert list(queries_in(ast.parse(text)))
