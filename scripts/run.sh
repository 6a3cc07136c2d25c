#!/bin/sh
# Installs what is missing, then runs one of the scripts: sh scripts/run.sh scripts/test.ts --quick
set -eu
root=$(CDPATH='' cd -P "$(dirname "$0")/.." && pwd)
. "$root/scripts/install.sh"
install_packages "$root"
cd "$root"
node=$(find_node "$root")
exec "$node" --disable-warning=ExperimentalWarning "$@"
