"""A real browser, and the notebook front ends to look at in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Dialog, Locator, Page, expect, sync_playwright

from support import until
from support.ports import free_port

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="there is no Chromium on this machine"
)
SETUP = """
import threading, time
from pathlib import Path
from IPython.display import display
from ipywidgets import VBox
from ipywidgets.widgets.widget import _instances
from modelarts_widgets import ExportHistory, ExportMonitor, ModelArtsClient, TokenAuth
from modelarts_widgets.polling.poll import POLLS
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.simulator import Clock, Simulator

clock = Clock(time.time())
simulator = Simulator(clock=clock).start()
client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))

def watch(seconds, **options):
    export = simulator.add_export(samples=20_000, seconds=seconds, **options)
    clock.advance(0.06 * seconds)  # past INIT
    return ExportMonitor(export.dataset_id, export.task_id, client=client, interval=0.3)

def wait_for(name):
    while not Path(name).exists():
        time.sleep(0.05)
"""
"""The first cell of a story. Exports are long, so that none ends by itself on a busy machine: `clock` ends them."""
PATIENCE = 120.0
"""Seconds that a busy machine may take for anything; who waits less for it fails for no reason."""
expect.set_options(timeout=PATIENCE * 1_000)
_READY = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
    return Boolean(session?.isReady) && session.session?.kernel?.status === "idle";
}"""
_SHUT_DOWN = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
    return session?.session?.kernel && session.shutdown();
}"""
NOISE = re.compile(
    r"favicon|service worker|Failed to load resource|jupyter-lsp|LSP|nbextensions|WebSocket|404|reading 'schema'"
)
"""What the front ends write to the console without us."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's own browser; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Server:
    """A Jupyter server with a folder of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def copy_without_kernel(self, name: str, new_name: str) -> None:
        """Copy a notebook, past the server, as if it came from a machine with another kernel: it is not trusted."""
        document = self.read(name)
        document["metadata"] = {"kernelspec": {"name": "elsewhere", "display_name": "Elsewhere", "language": "other"}}
        (self.folder / new_name).write_text(json.dumps(document), encoding="utf-8")

    def write(self, name: str, cells: Sequence[str]) -> None:
        """Write a notebook, past the server: it is not trusted."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / name)

    def create(self, name: str) -> None:
        """Create the file that a cell waits for."""
        (self.folder / name).touch()

    def read(self, name: str) -> dict[str, Any]:
        """Read a notebook as it is saved; waits where it is being written."""
        texts: list[str] = []

        def is_whole() -> bool:
            texts.append((self.folder / name).read_text(encoding="utf-8"))
            return texts[-1].rstrip().endswith("}")

        until(is_whole)
        document: dict[str, Any] = json.loads(texts[-1])
        return document


@contextmanager
def served(
    folder: Path, *application: str, python: str = sys.executable, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start an application on a free port, without asking for a token."""
    port = free_port()
    settings = folder.parent / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    options = [f"--port={port}", "--no-browser"]
    if application[0] != "voila":
        options += ["--allow-root", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
        options += ["--ServerApp.password="]
        options += [f"--KernelManager.shutdown_wait_time={PATIENCE}"]  # a kernel that is busy may still say good-bye
    environment = dict(os.environ, HOME=str(folder.parent), JUPYTER_PREFER_ENV_PATH="1", **(variables or {}))
    with (folder.parent / "server.log").open("w") as log:
        process = subprocess.Popen(
            [python, "-m", *application, *options],
            env=environment | {"JUPYTERLAB_SETTINGS_DIR": str(folder.parent / "settings")},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/api"))
            yield Server(f"http://127.0.0.1:{port}", folder)
        finally:
            process.terminate()
            until(lambda: process.poll() is not None or not kernels(process.pid), 2 * PATIENCE)
            process.kill()  # it may wait for ever for a worker thread of anyio
            process.wait()


def kernels(server: int) -> list[psutil.Process]:
    """Return the processes that a server has started and that still run."""
    try:
        return psutil.Process(server).children()
    except psutil.NoSuchProcess:
        return []


def answers(url: str) -> bool:
    """Say whether there is somebody at an address."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


class Notebook:
    """A notebook that is open in JupyterLab or in Notebook 7."""

    def __init__(self, page: Page, url: str, *, has_kernel: bool = True) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE * 1_000)
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("dialog", self._answer)
        page.goto(url)
        if has_kernel:
            self.ready()
        else:
            self.accept(".jp-mod-reject")  # "No Kernel"
            expect(page.locator(".jp-NotebookPanel-toolbar").get_by_text("No Kernel")).to_be_visible()

    def end(self) -> None:
        """End the kernel, which would go on with its polls, and close the page."""
        self.page.evaluate(_SHUT_DOWN)
        self.page.close()

    def _answer(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":  # a page may be left without saving
            self.errors.append(f"dialog: {dialog.message}")
        dialog.accept()

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and not NOISE.search(text):
            self.errors.append(text)

    def ready(self) -> None:
        """Wait until the kernel has nothing to do and cells can be run."""
        self.page.locator(".jp-NotebookPanel-notebook .jp-CodeCell").first.wait_for()
        self.page.wait_for_function(_READY)

    def accept(self, button: str = ".jp-mod-accept") -> None:
        """Give the answer to a question that the front end asks."""
        self.page.locator(f".jp-Dialog {button}").click()

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of a menu, by how it begins."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile(f"^{re.escape(entry)}")).click()

    def cell(self, number: int) -> Locator:
        """Return a cell, counted from 0."""
        return self.page.locator(".jp-NotebookPanel-notebook .jp-CodeCell").nth(number)

    def run(self, number: int) -> None:
        """Send a cell off; does not wait for its end."""
        self.cell(number).locator(".cm-content, .CodeMirror").click()  # the latter in JupyterLab 3
        expect(self.cell(number).locator(".cm-focused, .CodeMirror-focused")).to_be_visible()  # it takes the key
        self.page.keyboard.press("Control+Enter")

    def finish(self, number: int) -> str:
        """Run a cell to its end; return the text that it leaves."""
        before = self.prompt(number)
        self.run(number)
        until(lambda: self.prompt(number) != before and re.fullmatch(r"\[\d+\]:", self.prompt(number)))
        return self.cell(number).locator(".jp-OutputArea").inner_text()

    def prompt(self, number: int) -> str:
        """Return what stands beside a cell."""
        return self.cell(number).locator(".jp-InputPrompt").inner_text().strip()

    def card(self, number: int) -> Locator:
        """Return the live card below a cell."""
        return self.cell(number).locator(".modelarts-export")

    def share(self, number: int) -> float:
        """Return the value of the bar below a cell, -1 while it has none."""
        return float(self.cell(number).locator("progress").first.get_attribute("value") or -1)

    def save(self) -> None:
        """Save the notebook."""
        self.page.keyboard.press("Control+s")


Open = Callable[..., Notebook]
"""Opens a notebook."""
