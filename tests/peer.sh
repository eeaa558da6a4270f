#!/usr/bin/env bash
# Compares our client with otcextensions, the only other one of this API, on the simulator: bash tests/peer.sh [DIRECTORY]
# The environment of otcextensions (about 190 MB) is made once and kept in DIRECTORY. PYTHON is ours, with the extra "test".
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
version=0.34.8
export PEER_ENVIRONMENT=$work/otcextensions-$version
if [ ! -e "$PEER_ENVIRONMENT/complete" ]; then
  rm -rf "$PEER_ENVIRONMENT"
  python3 -m venv "$PEER_ENVIRONMENT"
  "$PEER_ENVIRONMENT/bin/pip" install --quiet "otcextensions==$version" python-openstackclient
  touch "$PEER_ENVIRONMENT/complete"
fi
cd "$root"
"${PYTHON:-.venv/bin/python}" -m pytest -q tests/peer
