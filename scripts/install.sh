# Sourced by bin/entrepot and scripts/run.sh. Nothing here writes to stdout but what find_* answer.

# Installs packages when there are none, or when the lock file is not the one they came from.
install_packages() {
  _stamp=$1/node_modules/.entrepot-lock.json
  [ -f "$1/package-lock.json" ] || return 0
  if [ -d "$1/node_modules" ]; then
    cmp -s "$1/package-lock.json" "$_stamp" && return 0
    [ -w "$1/node_modules" ] || return 0
  fi
  echo 'entrepot: installing packages (npm install), once' >&2
  if ! (cd "$1" && npm install --no-audit --no-fund --loglevel=error) >&2; then
    echo 'entrepot: npm install failed: see above, then try again' >&2
    exit 1
  fi
  # Where npm is set to run no install scripts, Node 24 is still not there: its package downloads it.
  if [ -d "$1/node_modules/node" ] && [ ! -x "$1/node_modules/.bin/node" ]; then
    (cd "$1" && npm rebuild --ignore-scripts=false --loglevel=error node) >&2 || true
  fi
  cp "$1/package-lock.json" "$_stamp"
}

# With install scripts blocked, the package "bun" is a stub and the program is in its platform package.
find_bun() {
  for _bun in "$1"/node_modules/bun/bin/bun.exe "$1"/node_modules/@oven/bun-*/bin/bun; do
    if [ -x "$_bun" ] && "$_bun" --version >/dev/null 2>&1; then
      echo "$_bun"
      return 0
    fi
  done
  echo 'entrepot: bun is not installed for this machine: run npm install --include=optional' >&2
  return 1
}

# Node 24 comes as a package too; one on the path serves where that is missing.
find_node() {
  for _node in "$1/node_modules/.bin/node" "$(command -v node || true)"; do
    if [ -x "$_node" ] && "$_node" -e 'process.exit(+(parseInt(process.versions.node) < 24))' 2>/dev/null; then
      echo "$_node"
      return 0
    fi
  done
  echo 'entrepot: Node 24 or newer is not installed: run npm install --include=dev' >&2
  return 1
}
