"""What importing the package brings along: nothing that a notebook has no use for."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import ipywidgets, requests
before = set(sys.modules)
import modelarts_widgets
late = {"argparse", "asyncio", "configparser", "IPython.core.magic_arguments", "modelarts_widgets.widgets.magics"}
brought = late & (set(sys.modules) - before)
assert not brought, brought
assert modelarts_widgets.__version__
"""


def test_what_few_need_is_imported_when_they_do() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
