"""The environment of the peers: made once, with this package as it is built now."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PEERS = ("otcextensions==0.34.8", "tqdm", "distributed", "ipytree", "huaweicloudsdkcore")
COMMON = ("ipywidgets", "requests", "traitlets")
_TOOLS = ("ipykernel", "pytest")
"""What tqdm looks for before it makes a widget, and what the stand-ins of the tests import."""


def made(folder: Path) -> str:
    """Return the interpreter of the environment below a folder, made where it is not there yet.

    Parameters
    ----------
    folder : Path
        Where it is kept; about 300 MB.

    Returns
    -------
    str
        Path of the program.
    """
    place = folder.resolve() / "peers"
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([*pip, str(ROOT), *PEERS, *_TOOLS], check=True)
        (place / "complete").touch()
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(ROOT)], check=True)  # it may have changed since
    return pip[0]
