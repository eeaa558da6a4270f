"""Measures one case, and prints it as JSON: ``python -m tests.benchmarks.worker CASE ROUNDS [smoke]``."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from .figures import Effort, to_json


def main(case: str, rounds: str, *smoke: str) -> None:
    """Measure and print."""
    sides = import_module(f"{__package__}.{case}").measure(Effort(int(rounds), bool(smoke)))
    json.dump(to_json(sides), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
