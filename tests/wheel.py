"""Checks that a wheel holds the package and nothing else: ``python tests/wheel.py FILE``."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZipFile

PACKAGE = Path(__file__).parents[1] / "modelarts_widgets"
KINDS = {".py", ".css", ".typed"}


def main() -> None:
    """Compare, and say what is missing or does not belong there."""
    expected = {path.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("*") if path.suffix in KINDS}
    with ZipFile(sys.argv[1]) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wrong = sorted(expected ^ found)
    sys.exit(f"The wheel and the package differ in {wrong}" if wrong else 0)


if __name__ == "__main__":
    main()
