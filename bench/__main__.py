"""``python -m bench`` lists the benchmarks; ``python -m bench NAME`` runs one, or ``NAME PART…`` parts of it;
some have options: ``NAME --help``."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import uvloop

import bench
from bench.harness import Bench

NOT_BENCHMARKS = {
    "__main__",
    "choice",
    "clip_docs",
    "cutters",
    "earners",
    "harness",
    "lakes",
    "arrivals",
    "load",
    "rankings",
    "recommenders",
    "replay",
    "served",
    "redis_streams",
    "titles",
    "votes",
    "worlds",
}


def names() -> list[str]:
    """Every benchmark, in alphabetical order."""
    return sorted(module.name for module in iter_modules(bench.__path__) if module.name not in NOT_BENCHMARKS)


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in names():
        return usage(arguments)
    name, *chosen = arguments
    module = import_module(f"bench.{name}")
    if hasattr(module, "parse"):
        module.parse(chosen)
        chosen = []
    parts = list(getattr(module, "PARTS", ()))
    if not set(chosen) <= set(parts):
        return usage(arguments)
    if not parts:
        measured = Bench(name)
        uvloop.run(module.run(measured))
        print(measured.finish())
        return 0
    for part in chosen or parts:
        measured = Bench(f"{name}-{part}")
        uvloop.run(module.run(measured, part))
        print(measured.finish())
    module.finish()
    return 0


def usage(arguments: list[str]) -> int:
    """Say what there is."""
    for name in names():
        module = import_module(f"bench.{name}")
        print(f"{name:12} {(module.__doc__ or '').splitlines()[0]}")
        for part, measure in getattr(module, "PARTS", {}).items():
            print(f"{'':12}   {part:10} {(measure.__doc__ or '').splitlines()[0]}")
    return 2 if arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
