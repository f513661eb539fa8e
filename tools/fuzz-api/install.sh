#!/usr/bin/env bash
# Installs Schemathesis from PyPI, pinned, into build/fuzz-api/venv, for `make fuzz-api`.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=tools/fuzz-api
own=build/fuzz-api
mkdir -p "$own"
cmp -s "$here/requirements.txt" "$own/requirements.installed" && exit 0
echo 'fuzz-api: installing Schemathesis from PyPI' >&2
rm -rf "$own/venv"
if ! { python3 -m venv "$own/venv" &&
    "$own/venv/bin/pip" install --disable-pip-version-check -r "$here/requirements.txt"; } >"$own/pip.log" 2>&1; then
    tail -n 5 "$own/pip.log" >&2
    rm -rf "$own/venv"
    echo 'fuzz-api: needs Python 3.10 or newer with venv (Debian: python3-venv), and PyPI or a mirror of it that pip' \
        'is set to; what pip said is in build/fuzz-api/pip.log' >&2
    exit 1
fi
cp "$here/requirements.txt" "$own/requirements.installed"
