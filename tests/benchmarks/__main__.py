"""Measures all cases, and prints a table in Markdown."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from .environment import COMMON, PEERS, ROOT, made
from .figures import Side, from_json, table

CASES = ("polls", "refreshes", "trees", "imports", "many", "latency", "leaks")
IN_OUR_ENVIRONMENT = {"latency"}
"""Cases that need a browser and JupyterLab, and no peer."""
_VERSIONS = """
import sys
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in sys.argv[1:]))
"""


def run(python: str, case: str, rounds: int, *, is_smoke: bool) -> list[Side]:
    """Measure a case in a process of its own."""
    command = [python, "-m", f"{__package__}.worker", case, str(rounds), *(["smoke"] if is_smoke else [])]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, (ROOT, ROOT / "tests"))))
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return from_json(json.loads(done.stdout))


def versions(python: str, *, is_smoke: bool) -> str:
    """Return what has been compared on what."""
    names = ["modelarts-widgets", *COMMON, *(() if is_smoke else (peer.partition("=")[0] for peer in PEERS))]
    command = [python, "-c", _VERSIONS, *names]
    found = subprocess.run(command, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=True).stdout
    return f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores; {found.strip()}."


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("folder", metavar="DIR", nargs="?", help="keeps the peers' environment; else a temporary one")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="of each comparison; %(default)s")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES, metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--smoke", action="store_true", help="tiny numbers, without peers and browser")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        rounds = 1 if options.smoke else options.rounds
        python = sys.executable if options.smoke else made(Path(options.folder or temporary))
        sides: list[Side] = []
        for case in options.cases:
            is_ours = case in IN_OUR_ENVIRONMENT
            if not (is_ours and options.smoke):
                sys.stderr.write(f"{case} …\n")
                sides += run(sys.executable if is_ours else python, case, rounds, is_smoke=options.smoke)
        said = versions(python, is_smoke=options.smoke)
    ratios = "the last column has the ratios to the side with 1"
    sys.stdout.write(f"{table(sides)}\n\n{said} Medians of {rounds} rounds; {ratios}.\n")


if __name__ == "__main__":
    main()
