"""``groundswell check``: whether a deployment holds, as the service that it serves sees it."""

import asyncio
from typing import Annotated

import typer

from groundswell.platform.command_line import refuse

Url = Annotated[str, typer.Argument(help="Where it is, such as https://moments.service.example.")]
Token = Annotated[
    str | None, typer.Option(help="A viewer's token, as your apps have it.", envvar="GROUNDSWELL_CHECK_TOKEN")
]
Key = Annotated[
    str | None,
    typer.Option(help="A service key with conversions:write and webhooks.", envvar="GROUNDSWELL_CHECK_KEY"),
]
Title = Annotated[str | None, typer.Option(help="Slug or id of a title to clip; any that has media by default.")]
Origin = Annotated[str | None, typer.Option(help="A page of yours with the components, such as https://play.example.")]
Write = Annotated[
    bool, typer.Option("--write", help="Make, share and delete a clip; report a sign-up of nobody; send examples.")
]
Patience = Annotated[float, typer.Option(help="Seconds to wait for each answer.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
SIGNS = {"holds": "✓", "fails": "✗", "left out": "–"}


def check_command(
    url: Url,
    token: Token = None,
    key: Key = None,
    title: Title = None,
    origin: Origin = None,
    write: Write = False,
    patience: Patience = 20,
    as_json: AsJson = False,
) -> None:
    """Walk a deployment as your service sees it; says what holds, and what to do about what does not. Exit 1 when
    something does not hold."""
    from groundswell.deployment_check import CheckStep, CheckTarget, report, walk
    from groundswell.platform.addresses import web_address

    try:
        given = CheckTarget(web_address(url), token, key, title, origin and web_address(origin), write, patience)
    except ValueError as error:
        raise refuse(f"{error}") from None

    async def run() -> list[CheckStep]:
        steps = []
        async for step in walk(given):
            steps.append(step)
            if not as_json:
                print(f"{SIGNS[step.state]} {step.what}: {step.detail}" + (f"\n    → {step.todo}" if step.todo else ""))
        return steps

    steps = asyncio.run(run())
    if as_json:
        print(report(steps))
    raise typer.Exit(1 if any(step.state == "fails" for step in steps) else 0)
