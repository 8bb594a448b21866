"""``python -m bench`` lists the benchmarks; ``python -m bench NAME`` runs one."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import uvloop

import bench
from bench.harness import Bench

NOT_BENCHMARKS = {"__main__", "harness", "lakes", "load", "served"}


def names() -> list[str]:
    """Every benchmark, in alphabetical order."""
    return sorted(module.name for module in iter_modules(bench.__path__) if module.name not in NOT_BENCHMARKS)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in names():
        for name in names():
            summary = (import_module(f"bench.{name}").__doc__ or "").split("\n", 1)[0]
            print(f"{name:12} {summary}")
        return 0 if not arguments else 2
    (name,) = arguments
    measured = Bench(name)
    uvloop.run(import_module(f"bench.{name}").run(measured))
    print(measured.finish())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
