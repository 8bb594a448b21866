#!/bin/sh
# Makes .venv with uv in it, from PYTHON. Says what to do where that Python is too old or has no pip to begin with.
set -eu
fail() { printf '\n%s\n\n' "$*" >&2; exit 1; }

command -v "$PYTHON" >/dev/null 2>&1 ||
    fail "There is no $PYTHON here. Groundswell needs Python 3.11 or newer; name it with: make PYTHON=/path/to/python3.12"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Groundswell needs Python 3.11 or newer; $PYTHON is $("$PYTHON" -c 'import platform; print(platform.python_version())')." \
        "Name another with: make PYTHON=/path/to/python3.12"

[ -x .venv/bin/uv ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' && exit 0

# What an interrupted attempt left is not built upon.
rm -rf .venv
if "$PYTHON" -c 'import ensurepip; ensurepip.version' 2>/dev/null; then
    "$PYTHON" -m venv .venv
    .venv/bin/python -m pip install --quiet "uv==$UV" || fail "uv could not be installed: is there a way to the Python package index?"
elif "$PYTHON" -m venv --without-pip .venv 2>/dev/null && command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --python .venv/bin/python "uv==$UV"
elif [ -x .venv/bin/python ] && "$PYTHON" -m pip --python .venv/bin/python install --quiet "uv==$UV" 2>/dev/null; then
    :
else
    rm -rf .venv
    fail "$PYTHON comes without venv and pip, as Debian and Ubuntu divide it. Install them and run make again:
    sudo apt install python3-venv"
fi
