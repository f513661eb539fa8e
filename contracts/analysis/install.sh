#!/usr/bin/env bash
# Installs what `make analyze` needs beyond the build, into build-tools/analysis: solhint from npm, Slither and
# Halmos from PyPI. Where PyPI does not answer it says so and goes on: analyze.mjs names what did not run.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=contracts/analysis
own=build-tools/analysis
mkdir -p "$own"

# The installed files are those of the pinned lists.
is_current() {
    cmp -s "$here/$1" "$own/$1.installed"
}

if ! is_current package-lock.json; then
    echo 'analyze: installing solhint from npm' >&2
    cp "$here/package.json" "$here/package-lock.json" .npmrc "$own/"
    (cd "$own" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund) >"$own/npm.log" 2>&1 || {
        tail -n 15 "$own/npm.log" >&2
        echo 'analyze: npm could not install solhint: see to the network or to npm'"'"'s settings' >&2
        exit 1
    }
    cp "$here/package-lock.json" "$own/package-lock.json.installed"
fi

if ! is_current requirements.txt; then
    echo 'analyze: installing Slither and Halmos from PyPI' >&2
    rm -rf "$own/venv"
    if ! { python3 -m venv "$own/venv" &&
        "$own/venv/bin/pip" install --disable-pip-version-check -r "$here/requirements.txt"; } \
        >"$own/pip.log" 2>&1; then
        tail -n 5 "$own/pip.log" >&2
        rm -rf "$own/venv"
        echo 'analyze: PyPI'"'"'s packages are not to be had (Debian: python3-venv; or the network); going on without' >&2
        exit 0
    fi
    cp "$here/requirements.txt" "$own/requirements.txt.installed"
fi
