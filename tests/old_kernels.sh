#!/usr/bin/env bash
# Runs the tests that need a kernel on older ones: bash tests/old_kernels.sh [DIRECTORY [VERSION ...]]
# 6.31.0 is the last that handles all messages in one thread; on 7.0.1 a plain thread cannot reach the front end.
# Each is installed on top of the environment of the README's test command, which has all the rest.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
versions=("${@:2}")
if [ ${#versions[@]} = 0 ]; then versions=(6.31.0 7.0.1); fi
where='import sysconfig; print(sysconfig.get_path("purelib"))'
below=$("$root/.venv/bin/python" -c "$where")
for version in "${versions[@]}"; do
  echo "== ipykernel $version"
  environment=$work/ipykernel-$version
  "$root/.venv/bin/python" -m venv "$environment"
  echo "import site; site.addsitedir('$below')" >"$("$environment/bin/python" -c "$where")/below.pth"
  "$environment/bin/pip" install --quiet "ipykernel==$version"
  "$environment/bin/python" -c "import ipykernel; assert ipykernel.__version__ == '$version'"
  # 7.0.1 leaves requests lying until the next one comes, most of all on a busy machine; the tests send one then. More
  # attempts are for what that does not cure, alone and one after the other. What is wrong here fails each time.
  attempts=1 workers=2
  if [ "$version" = 7.0.1 ]; then attempts=3 workers=0; fi
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    if (cd "$root" && timeout 300 "$environment/bin/python" -m pytest -q -x "-n$workers" tests/kernel); then continue 2; fi
    echo "attempt $attempt of $attempts has failed"
  done
  exit 1
done
