#!/usr/bin/env bash
# Builds Kubo, the IPFS node, at the version of tools/kubo/go.mod, once; prints where it is. Needs Go
# and, the first time, the Go module proxy that the machine is set to.
set -euo pipefail
cd "$(dirname "$0")/kubo"
out=$PWD/../../build-tools/kubo
if [ ! -x "$out/ipfs" ] || ! cmp -s go.sum "$out/go.sum"; then
    need=$(sed -n 's/^go //p' go.mod)
    if ! command -v go >/dev/null 2>&1; then
        echo "kubo: building Kubo needs Go $need or newer, and there is none on this machine" >&2
        exit 1
    fi
    echo "kubo: building Kubo; this takes some minutes, once" >&2
    mkdir -p "$out"
    if ! go build -buildvcs=false -o "$out/ipfs" github.com/ipfs/kubo/cmd/ipfs; then
        echo "kubo: Kubo was not built: it needs Go $need or newer and the Go module proxy" >&2
        exit 1
    fi
    cp go.sum "$out/go.sum"
fi
echo "$out/ipfs"
