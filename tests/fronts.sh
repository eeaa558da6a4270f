#!/usr/bin/env bash
# Shows the card in front ends that need environments of their own: bash tests/fronts.sh [DIRECTORY]
# The environments (about 800 MB) are made once and kept in DIRECTORY. PYTHON is ours, with the extra "test"; it also
# runs the kernels. FRONT_PYTHON runs the front ends: JupyterLab 3.2 knows no Python that is much newer than 3.11.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
python=${FRONT_PYTHON:-python3}

environment() {  # NAME PACKAGE...: make an environment, unless it is there
  local folder=$work/$1
  shift
  if [ -e "$folder/complete" ]; then return; fi
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/pip" install --quiet "$@"
  touch "$folder/complete"
}
extension() {  # NAME PACKAGE: only the files of a front end's extension, to be put beside an environment
  local folder=$work/$1
  if [ -e "$folder/complete" ]; then return; fi
  rm -rf "$folder"
  "$work/lab-3/bin/pip" install --quiet --no-deps --target "$folder" "$2"
  touch "$folder/complete"
}

environment lab-3 jupyterlab==3.2.9 "jupyter_server<2" "nbclassic<0.4" "notebook<7" "jupyter_client<8" "traitlets<5.10"
extension widgets-1 "jupyterlab_widgets==1.1.*"  # of ipywidgets 7
extension widgets-3 "jupyterlab_widgets==3.*"  # of ipywidgets 8
environment lab-4 "jupyterlab==4.6.*" "jupyter-collaboration==5.*" "jupyterlab_widgets==3.*"
environment book "myst-nb==1.4.*" sphinx-book-theme

export FRONTS_ENVIRONMENTS=$work
rm -f "$work/rows.md"
cd "$root"
code=0
"${PYTHON:-.venv/bin/python}" -m pytest -q -n0 tests/fronts || code=$?
if [ -e "$work/rows.md" ]; then
  printf '\n| front end | versions | live? | frozen at end? |\n| --- | --- | --- | --- |\n'
  cat "$work/rows.md"
fi
exit "$code"
