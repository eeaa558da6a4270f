#!/usr/bin/env bash
# Runs the tests that need a kernel on older ones, each in an environment of its own: bash tests/old_kernels.sh [DIRECTORY]
# 6.31.0 is the last that handles all messages in one thread; on 7.0.1 a plain thread cannot reach the front end.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
for version in 6.31.0 7.0.1; do
  echo "== ipykernel $version"
  python3 -m venv "$work/ipykernel-$version"
  "$work/ipykernel-$version/bin/pip" install --quiet -e "$root[test]" "ipykernel==$version"
  (cd "$root" && "$work/ipykernel-$version/bin/python" -m pytest -q tests/kernel)
done
