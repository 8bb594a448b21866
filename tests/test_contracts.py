"""The import contracts of our own find what they are there for."""

import pytest
from grimp import ImportGraph
from scripts.contracts import FewLibraries


def kept(*imports: tuple[str, str]) -> bool:
    """Whether the contract over the package ``house.engine``, which may use numpy, holds for these imports."""
    graph = ImportGraph()
    graph.add_module("house")
    graph.add_module("house.engine")
    graph.add_import(importer="house.engine.cut", imported="house.engine.times")
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    options = {"package": "house.engine", "libraries": ["numpy"]}
    check = FewLibraries("few", {}, options).check(graph, verbose=False)
    assert check.kept == (not check.metadata["strays"])
    return check.kept


def test_a_library_in_its_own_right_imports_itself_and_its_few_libraries() -> None:
    assert kept()
    assert kept(
        ("house.engine.cut", "numpy"),
        ("house.engine.cut", "pathlib"),
        ("house.shop", "requests"),
        ("house.shop", "house.engine"),
    )


@pytest.mark.parametrize("imported", ["requests", "numpy_financial", "house.shop", "house.engineering", "house"])
def test_nothing_else(imported: str) -> None:
    assert not kept(("house.engine.cut", imported))
    assert not kept(("house.engine", imported))
