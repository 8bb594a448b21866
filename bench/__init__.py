"""Side-by-side measurements, runnable by anyone: ``python -m bench`` lists them.

Every benchmark is a module here with ``async def run(bench: Bench) -> None``. It runs what is compared in the same run,
on the same machine, so that what it reports are ratios.
"""
