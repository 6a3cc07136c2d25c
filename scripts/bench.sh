#!/bin/sh
# Installs what is missing, then runs the bench on Bun: sh scripts/bench.sh --quick
set -eu
root=$(CDPATH='' cd -P "$(dirname "$0")/.." && pwd)
. "$root/scripts/install.sh"
install_packages "$root"
cd "$root"
exec "$(find_bun "$root")" bench/main.ts "$@"
