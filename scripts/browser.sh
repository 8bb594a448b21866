#!/bin/sh
# Finds or installs what the tests drive and pip cannot bring: a browser (Debian's Chromium where apt is, with its
# windows and without, else Playwright's), and libfaketime where apt is, to run processes under another clock.
set -eu

from_debian() {
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    $as_root true 2>/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq >/dev/null && $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; then
    echo "→ libfaketime, for the tests of clocks"
    from_debian libfaketime || echo "libfaketime could not be installed: the tests under another clock will say so and skip."
fi
if ! command -v chromium >/dev/null 2>&1; then
    echo "→ Chromium, for the browser tests"
    from_debian chromium || .venv/bin/playwright install chromium ||
        echo "No browser could be installed: the browser tests will say so and skip."
fi
if ! command -v chromium-headless-shell >/dev/null 2>&1; then
    echo "→ Chromium without windows, which takes less of a processor"
    from_debian chromium-headless-shell || echo "It could not be installed: the browser tests take longer."
fi
