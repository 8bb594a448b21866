#!/bin/sh
# Finds or installs the browser that tests and screenshots drive: Debian's Chromium where apt is, else Playwright's.
set -eu
if command -v chromium >/dev/null 2>&1; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    echo "→ Chromium, for the browser tests"
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if $as_root true 2>/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        $as_root apt-get update -qq >/dev/null && $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
    fi
fi
.venv/bin/playwright install chromium || echo "No browser could be installed: the browser tests will say so and skip."
