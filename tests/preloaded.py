"""Imported by the process that those of ``tests/programs.py`` are forked from: all that they would load."""

import gc

gc.disable()

import tests.support  # noqa: E402, F401 - it has the whole application

gc.enable()
gc.freeze()
