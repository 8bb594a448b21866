"""The mutants of a room: its code, each time with one thing wrong in the body of one function.

The changes are those of mutmut's operators. Left out is what no test of behaviour can see (annotations, docstrings,
what is logged, text for people), and what any test sees: of the changes to a name in quotes, or to an argument, one is
tried, the harder one.
"""

import ast
import difflib
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from gc import get_objects, unfreeze
from pathlib import Path
from types import CodeType, FunctionType

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

ROOT = Path(__file__).parents[1]
PROBE = "__reached__"
NAME = re.compile(r"""["'][\w.:/-]+["']$""")
SAID = {"log", "logger", "warnings"}
CONDITIONS = {"where", "and_", "or_", "order_by", "group_by", "union_all"}
"""Calls that go on with one argument less; others would be refused for it by the first test."""
LEFT_ALONE = {"cast", "len", "isinstance", "_"}
"""Calls of which a change says nothing, or the same of everybody who calls them."""

Functions = dict[tuple[str, str, int], list[FunctionType]]


@dataclass
class Mutant:
    """One change of one function, the lines by which it is reached, and what became of it (``by`` which test)."""

    id: str
    path: str
    lines: tuple[int, int]
    function: str
    diff: str
    fate: str = ""
    by: str = ""
    code: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        return f"{self.path}:{self.lines[1]}"

    def swap(self, functions: Functions) -> None:
        """Have the function do what is wrong here."""
        put(self, compile(self.code, ROOT / self.path, "exec"), functions)


def put(mutant: Mutant, module: CodeType, functions: Functions) -> None:
    """Put the mutant's function, as ``module`` has it, into the one that there is, however that is decorated."""
    found = [code for code in _codes(module) if code.co_qualname == mutant.function]
    new = max((code for code in found if code.co_firstlineno <= mutant.lines[0]), key=lambda code: code.co_firstlineno)
    for function in functions[_key(new)]:
        function.__code__ = new


def with_probes(path: str, mutants: Iterable[Mutant]) -> CodeType:
    """The module as it is, but that it calls ``PROBE`` with a mutant's id before the statement that it changes."""
    tree = ast.parse((ROOT / path).read_text())
    ids: defaultdict[int, list[str]] = defaultdict(list)
    for mutant in mutants:
        ids[mutant.lines[0]].append(mutant.id)
    for node in list(ast.walk(tree)):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, name, None), list):
                setattr(node, name, [each for old in block for each in (*_probes(old, ids), old)])
    return compile(ast.fix_missing_locations(tree), ROOT / path, "exec")


def functions_by_code() -> Functions:
    """Every function of the service that there is, however often decorated."""
    unfreeze()
    found: Functions = defaultdict(list)
    for each in get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename.startswith(str(ROOT)):
            found[_key(each.__code__)].append(each)
    return dict(found)


def _key(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _probes(before: ast.stmt, ids: Mapping[int, list[str]]) -> list[ast.stmt]:
    calls = [ast.parse(f"{PROBE}({id!r})").body[0] for id in ids.get(before.lineno, ())]
    for node in (each for call in calls for each in ast.walk(call) if hasattr(each, "lineno")):
        ast.copy_location(node, before)
    return calls


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


@dataclass(frozen=True)
class Change:
    """What may be changed in a function: ``new`` for ``old``, in the statement that begins at ``line``."""

    source: "Source"
    function: str
    line: int
    old: cst.CSTNode
    new: cst.CSTNode

    def mutant(self) -> Mutant | None:
        """The mutant, or nothing where the change is none, or no Python."""
        before = self.source.text
        after = cst.ensure_type(self.source.module.deep_replace(self.old, self.new), cst.Module).code
        try:
            if ast.dump(ast.parse(after)) == ast.dump(ast.parse(before)):
                return None
            compile(after, "", "exec")
        except SyntaxError:
            return None
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        diff = "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
        path = str(self.source.path.relative_to(ROOT))
        digest = hashlib.sha256(f"{path} {self.function} {diff}".encode()).hexdigest()[:10]
        return Mutant(digest, path, (self.line, self.source.lines(self.old)[1]), self.function, diff, code=after)


class Source:
    """One module."""

    def __init__(self, path: Path) -> None:
        self.path, self.text = path, path.read_text()
        self._wrapper = MetadataWrapper(cst.parse_module(self.text))
        self.module = self._wrapper.module

    @cached_property
    def _positions(self) -> dict[cst.CSTNode, CodeRange]:
        return dict(self._wrapper.resolve(PositionProvider))  # type: ignore[arg-type]

    def lines(self, node: cst.CSTNode) -> tuple[int, int]:
        position = self._positions.get(node) or self._positions[self.module]  # operators have none of their own
        return position.start.line, position.end.line

    def changes(self) -> Iterator[Change]:
        """Every change that is worth its tests."""
        for name, function in _outermost(self.module):
            for line, node in self._within(function.body, self.lines(function)[0]):
                for kind, operator in mutation_operators:
                    if isinstance(node, kind):
                        for new in operator(node):
                            if _is_behaviour(node, new):
                                yield Change(self, name, line, node, new)

    def _within(self, node: cst.CSTNode, line: int) -> Iterator[tuple[int, cst.CSTNode]]:
        """Nodes with the line where their statement begins."""
        for child in node.children:
            if isinstance(child, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom):
                continue
            if isinstance(child, cst.Expr) and isinstance(child.value, cst.BaseString):
                continue
            if isinstance(child, cst.Call) and _called(child)[0] in SAID:
                continue
            first = self.lines(child)[0] if isinstance(child, cst.BaseStatement) else line
            if child in self._positions:
                yield first, child
            yield from self._within(child, first)


def _outermost(node: cst.CSTNode, prefix: str = "") -> Iterator[tuple[str, cst.FunctionDef]]:
    """Functions and methods by their qualified names; what is defined within one is part of it."""
    for child in node.children:
        if isinstance(child, cst.FunctionDef):
            yield prefix + child.name.value, child
        elif isinstance(child, cst.ClassDef):
            yield from _outermost(child.body, f"{prefix}{child.name.value}.")


def _called(call: cst.Call) -> tuple[str, str]:
    """The first and the last word of what is called."""
    words = re.findall(r"\w+", cst.Module([]).code_for_node(call.func)) or [""]
    return words[0], words[-1]


def _is_behaviour(old: cst.CSTNode, new: cst.CSTNode) -> bool:
    if isinstance(old, cst.BaseString):
        return not _is_text(old) and "XX" in getattr(new, "value", "")
    if isinstance(old, cst.Call) and isinstance(new, cst.Call) and new.func is old.func:
        (gone,) = (arg for arg in old.args if all(arg is not kept for kept in new.args))
        removed = len(new.args) < len(old.args)
        harder = gone.keyword is not None or (_called(old)[1] in CONDITIONS and len(old.args) > 1)
        return _called(old)[1] not in LEFT_ALONE and not _is_text(gone.value) and removed == harder
    return True


def _is_text(value: cst.CSTNode) -> bool:
    return isinstance(value, cst.BaseString) and not (isinstance(value, cst.SimpleString) and NAME.match(value.value))


def sample(folder: Path, size: int, seed: int, ids: set[str]) -> list[Mutant]:
    """``size`` mutants of what is in the folder, the same for each seed; or those with the ``ids``."""
    changes = [change for path in sorted(folder.rglob("*.py")) for change in Source(path).changes()]
    random.Random(seed).shuffle(changes)  # noqa: S311
    found: dict[str, Mutant] = {}
    for change in changes:
        if len(found) == (len(ids) or size):
            break
        mutant = change.mutant()
        if mutant is not None and (not ids or mutant.id in ids):
            found.setdefault(mutant.id, mutant)
    return list(found.values())
