#!/usr/bin/env bash
# Builds a site on which everybody can try the notebooks in a browser, with nothing installed, in DIRECTORY/site, and
# plays a story on it: bash tests/lite.sh [DIRECTORY]. Any static host can publish that folder as it is.
# Downloads are kept in DIRECTORY. PYTHON is ours, with the extra "test". STORIES=none plays no story, STORIES=all runs
# every notebook, not only the first. All versions are pinned: tests/lite/requirements.txt says how, and why.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
tools=$work/tools-$(sha256sum "$root/tests/lite/requirements.txt" | cut -c 1-12)
if [ ! -e "$tools/complete" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --requirement "$root/tests/lite/requirements.txt"
  touch "$tools/complete"
fi

rm -rf "$work/lite" "$work/site" "$work/dist" "$work/notebooks"
mkdir -p "$work/lite"
"$tools/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work/dist" "$root"
"$tools/bin/python" "$root/tests/lite/build.py" "$work" "$work"/dist/*.whl
mkdir "$work/notebooks"
cp -r "$root"/notebooks/0[1-4]_*.ipynb "$root/notebooks/images" "$work/notebooks"  # the others need a service
(
  cd "$work/lite"  # it keeps a cache there
  "$tools/bin/jupyter" lite build --apps lab --no-sourcemaps --no-unused-shared-packages \
    --contents "$work/notebooks" --output-dir "$work/site" >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; exit 1; }
)
echo "The site in $work/site has $(du -sm "$work/site" | cut -f 1) MB in $(find "$work/site" -type f | wc -l) files"
if [ "${STORIES:-}" != none ]; then
  cd "$root"
  LITE_SITE=$work/site "${PYTHON:-.venv/bin/python}" -m pytest -q -n0 tests/lite
fi
