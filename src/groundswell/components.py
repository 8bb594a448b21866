"""``groundswell components``: the package of web components, for the pages of the service's own."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from groundswell.platform.command_line import refuse

BUILT = Path(__file__).parent / "web" / "static" / "dist"
PACKAGE = "groundswell-elements-*.tgz"

Folder = Annotated[Path, typer.Argument(help="Where to write it; made where it is not there.")]


def components_command(folder: Folder = Path()) -> None:
    """Write the package of web components that belongs to this version, which npm installs; prints where."""
    found = sorted(BUILT.glob(PACKAGE))
    if not found:
        raise refuse("components_not_built: this checkout has not built them yet: make setup.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        print(shutil.copy(found[-1], folder))
    except OSError as error:
        raise refuse(f"folder_unwritable: {error.filename or folder}: {error.strerror}.") from None
