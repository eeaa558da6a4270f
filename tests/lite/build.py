"""Puts a Pyodide together that has our package: python build.py WORK OUR_WHEEL, run by tests/lite.sh.

Makes WORK/lite/static/pyodide: the core of Pyodide, pure wheels of all that the kernel and our package need, and a
list of these wheels alone, so that nothing is looked for elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from jupyterlite_pyodide_kernel.constants import PYODIDE_PYTHON_VERSION, PYODIDE_VERSION
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

CORE = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]
LIST = "pyodide-lock.json"
IN_FRONT_END = {"jupyterlab-widgets", "widgetsnbextension"}
"""Ipywidgets wants them, and never imports them: what they bring is in the page."""
KERNEL = ["micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython"]
"""What the kernel starts with; what is loaded together, it does not look for one after the other."""
OURS = "modelarts-widgets"
ENVIRONMENT = {
    "extra": "",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": f"{PYODIDE_PYTHON_VERSION}.0",
    "python_version": PYODIDE_PYTHON_VERSION,
    "sys_platform": "emscripten",
}
PINNED = Path(__file__).with_name("requirements.txt")


class Wheels:
    """Wheels by name: those at hand, and others in the version that is pinned or that Pyodide's list names."""

    def __init__(self, folder: Path, known: dict[str, Any], at_hand: list[Path]) -> None:
        pinned = [line for line in PINNED.read_text().splitlines() if line and line[0] != "#"]
        self._versions = {name: package["version"] for name, package in known.items()}
        self._versions |= {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in map(Requirement, pinned)}
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._at_hand = {parse_wheel_filename(path.name)[0]: path for path in at_hand}

    def get(self, name: str) -> Path:
        """Return a wheel, downloaded once."""
        if name in self._at_hand:
            return self._at_hand[name]
        if name not in self._versions:
            raise SystemExit(f"{name} has no version in {PINNED.name}, nor in Pyodide's list")
        if not (found := self._kept(name)):
            self._download(f"{name}=={self._versions[name]}")
            found = self._kept(name)
        return found[0]

    def _kept(self, name: str) -> list[Path]:
        wheels = [(path, *parse_wheel_filename(path.name)[:2]) for path in self._folder.glob("*.whl")]
        return [path for path, found, version in wheels if (found, str(version)) == (name, self._versions[name])]

    def _download(self, requirement: str) -> None:
        pure = ["--only-binary=:all:", "--implementation=py", "--abi=none", "--platform=any"]
        options = ["--quiet", "--no-deps", f"--python-version={PYODIDE_PYTHON_VERSION}", *pure]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, f"--dest={self._folder}", requirement], check=True
        )


def requirements(wheel: Path) -> Iterator[str]:
    """Yield the names of what a wheel needs in a browser."""
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        headers = HeaderParser().parsestr(archive.read(metadata).decode())
    for requirement in map(Requirement, headers.get_all("Requires-Dist", [])):
        if requirement.marker is None or requirement.marker.evaluate(ENVIRONMENT):
            yield canonicalize_name(requirement.name)


def entry(name: str, wheel: Path, needed: list[str]) -> dict[str, Any]:
    """Return what Pyodide's list says of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {path.split("/")[0].removesuffix(".py") for path in archive.namelist()}
    return {
        "name": name,
        "version": str(parse_wheel_filename(wheel.name)[1]),
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": sorted(top for top in tops if top.isidentifier()),
        "depends": needed,
        "unvendored_tests": False,
    }


def core(work: Path) -> Path:
    """Return the folder of Pyodide itself, which comes from npm, downloaded once."""
    folder = work / f"pyodide-{PYODIDE_VERSION}"
    if not (folder / "package" / LIST).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = ["npm", "pack", "--silent", f"pyodide@{PYODIDE_VERSION}"]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        with tarfile.open(folder / f"pyodide-{PYODIDE_VERSION}.tgz") as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def main(work: Path, our_wheel: Path) -> None:
    """Put it together."""
    source, target = core(work), work / "lite/static/pyodide"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in CORE:
        shutil.copy(source / name, target)
    document = json.loads((source / LIST).read_text())
    bundled = Path(sys.prefix, "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static/pypi")
    wheels = Wheels(work / "wheels", document["packages"], [*bundled.glob("*.whl"), our_wheel])
    wanted, packages = [*KERNEL, OURS], dict[str, Any]()
    while wanted:
        if (name := wanted.pop()) not in packages:
            wheel = wheels.get(name)
            needed = [each for each in requirements(wheel) if each not in IN_FRONT_END]
            packages[name] = entry(name, wheel, needed)
            wanted += needed
            shutil.copy(wheel, target)
    document["packages"] = dict(sorted(packages.items()))
    (target / LIST).write_text(json.dumps(document, indent=1))
    settings = {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": [*KERNEL, OURS]}}
    plugins = {"@jupyterlite/pyodide-kernel-extension:kernel": settings}
    configuration = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"litePluginSettings": plugins}}
    (work / "lite/jupyter-lite.json").write_text(json.dumps(configuration, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
