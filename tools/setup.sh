#!/usr/bin/env bash
# Installs what building and testing Galen needs and the machine lacks; silent when nothing is.
#
#   tools/setup.sh        all of it (make test, make setup)
#   tools/setup.sh build  only what building and running needs (make demo)
#
# Programs and libraries come from Debian, through apt-get as root or sudo. The rest comes from npm
# at the versions and hashes of the lock files: blst's sources, Anvil, Forge, solc, OpenZeppelin
# and, where the machine's Node.js is older than 20.19 or absent, a Node.js for this checkout alone.
# Registries and proxies are those the machine is set to.
set -euo pipefail
cd "$(dirname "$0")/.."

scope=${1:-test}
case $scope in
build | test) ;;
*)
    echo "usage: tools/setup.sh [build|test]" >&2
    exit 2
    ;;
esac

own=build-tools # apart from node_modules, which `npm ci` empties
log=$own/setup.log
mkdir -p "$own"
exec 9>"$own/lock"
flock 9 # of two runs at once the second waits, and finds everything there

say() {
    printf 'setup: %s\n' "$*" >&2
}

# die WHAT TO_DO: what failed, the end of what it said, what to do about it.
die() {
    say "$1"
    if [ -s "$log" ]; then
        tail -n 15 "$log" | sed 's/^/    /' >&2
    fi
    say "what to do: $2"
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# ---- what is there ------------------------------------------------------------------------------

# The Makefile puts this checkout's own Node.js first on PATH. Set-up looks past it: whether it is
# needed depends on the machine's, and so does npm, which runs on the Node.js it came with.
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vxF "$PWD/$own/bin" | paste -sd :)

node_is_new_enough() {
    have node && [[ $(node --version 2>/dev/null) =~ ^v([0-9]+)\.([0-9]+)\. ]] &&
        ((BASH_REMATCH[1] > 20 || (BASH_REMATCH[1] == 20 && BASH_REMATCH[2] >= 19)))
}

# A folder's node_modules is current when it was installed from the present lock file.
npm_is_current() {
    cmp -s "$1/package-lock.json" "${2:-$1}/node_modules/.installed-lock.json"
}

own_node_is_missing() {
    ! node_is_new_enough && ! npm_is_current tools/node "$own"
}

missing_packages() {
    local row
    { have cc && have gcc && [ -e /usr/include/stdio.h ]; } || echo build-essential
    have meson || echo meson
    have ninja || echo ninja-build
    have pkg-config || echo pkg-config
    for row in jose:libjose-dev libsecp256k1:libsecp256k1-dev json-c:libjson-c-dev \
        jansson:libjansson-dev nettle:nettle-dev libsodium:libsodium-dev \
        libcurl:libcurl4-openssl-dev sqlite3:libsqlite3-dev libmicrohttpd:libmicrohttpd-dev \
        libarchive:libarchive-dev libgfshare:libgfshare-dev cmocka:libcmocka-dev libcrypto:libssl-dev zlib:zlib1g-dev; do
        pkg-config --exists "${row%%:*}" 2>/dev/null || echo "${row#*:}"
    done
    if npm_is_wanted && ! have npm; then
        echo npm
    fi
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    if [ "$scope" = test ]; then
        have clang || echo clang
        compgen -G "$(clang -print-resource-dir 2>/dev/null)/lib/*/libclang_rt.asan*" >/dev/null ||
            echo libclang-rt-dev
        have clang-format || echo clang-format
        have valgrind || echo valgrind
        have chromium || echo chromium
    fi
}

npm_is_wanted() {
    ! npm_is_current . || ! npm_is_current web || own_node_is_missing
}

# ---- Debian -------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

install_packages() {
    local by_hand="as root, apt-get install --no-install-recommends $*"
    : >"$log"
    have apt-get || die "this machine lacks $*, and has no apt-get" \
        "install them, under the names they have on your system, and run make again"
    [ "$(id -u)" = 0 ] || have sudo || die "Debian packages are missing and there is no sudo" \
        "$by_hand, and run make again"
    say "installing from Debian: $*"
    apt update >"$log" 2>&1 || say "apt-get update failed; going on with the package lists there are"
    apt install --no-install-recommends "$@" >>"$log" 2>&1 ||
        die "apt-get could not install what is missing" \
            "see to the network or to apt's sources, or, $by_hand; then run make again"
}

# ---- npm ----------------------------------------------------------------------------------------

# install_npm FOLDER WHAT: npm ci in FOLDER, no package's scripts.
install_npm() {
    say "installing from npm: $2"
    (cd "$1" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund) >"$log" 2>&1 ||
        die "npm could not install $2" "see to the network or to npm's settings; then run make again"
}

remember_lock() {
    cp "$1/package-lock.json" "$2/node_modules/.installed-lock.json"
}

install_own_node() {
    cp tools/node/package.json tools/node/package-lock.json "$own/"
    install_npm "$own" "Node.js for this checkout (the machine's is older than 20.19, or absent)"
    mkdir -p "$own/bin"
    (cd "$own/bin" && ln -sf ../node_modules/node-linux-*/bin/node node) # npm 9 makes no link
    "$own/bin/node" --version >"$log" 2>&1 ||
        die "the Node.js from npm does not run on this machine ($(uname -m))" \
            "install Node.js 20.19 or later; then run make again"
    remember_lock tools/node "$own"
}

# ---- all of it ----------------------------------------------------------------------------------

mapfile -t packages < <(missing_packages)
if [ ${#packages[@]} -gt 0 ]; then
    install_packages "${packages[@]}"
    hash -r
fi
if own_node_is_missing; then
    install_own_node
fi
if ! npm_is_current .; then
    install_npm . "blst's sources, Anvil, Forge, solc, OpenZeppelin"
    remember_lock . .
fi
if ! npm_is_current web; then
    install_npm web "what the web UI is built with: Vite, TypeScript, Preact, uPlot"
    remember_lock web web
fi
