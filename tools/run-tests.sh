#!/usr/bin/env bash
# Builds and runs every test in the named build folders (both by default), checks the format, and
# ends with one line: N passed, N failed, N skipped. Anything that fails makes it fail.
#
#   tools/run-tests.sh [build] [build-asan]
set -euo pipefail
cd "$(dirname "$0")/.."

folders=("$@")
[ $# -gt 0 ] || folders=(build build-asan)

# A sanitizer's finding ends the program, which then counts as failed.
export ASAN_OPTIONS=halt_on_error=1:abort_on_error=1:detect_leaks=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1

for folder in "${folders[@]}"; do
    case $folder in
    build) compiler=(CC=gcc) options=() ;;
    build-asan)
        compiler=(CC=clang)
        options=(-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1)
        ;;
    *)
        echo "usage: tools/run-tests.sh [build] [build-asan]" >&2
        exit 2
        ;;
    esac
    [ -e "$folder/build.ninja" ] ||
        env "${compiler[@]}" meson setup "$folder" --werror "${options[@]}"
    ninja -C "$folder"
done

logs=()
for folder in "${folders[@]}"; do
    log=$folder/meson-logs/testlog-tap-skip.sh.json # named after the wrapper
    rm -f "$log"
    logs+=("$log")
    skip=()
    if [ "$folder" = build-asan ] && [ ${#folders[@]} -gt 1 ]; then
        skip=(--no-suite contracts --no-suite tools --no-suite pages) # no C in them: once is enough
    fi
    # Its verdict is read from its log below, together with the counts.
    # Twice the cores: many tests wait for a chain, a child or the disk.
    meson test -C "$folder" --no-rebuild --num-processes "$((2 * $(nproc)))" --print-errorlogs \
        --wrapper "$PWD/tools/tap-skip.sh" "${skip[@]}" || true
done

checks=()
if [ $# -eq 0 ] && ! make fmt-check; then
    checks=(--failed 'format: run make fmt')
fi
exec node tools/test-summary.mjs "${checks[@]}" "${logs[@]}"
