"""Jupyter widgets and IPython magics; no other subpackage imports ipywidgets or IPython."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics with IPython; called by ``%load_ext modelarts_widgets``."""
    from .magics import ExportMagics  # noqa: PLC0415 - building their options takes time, and few use them

    shell.register_magics(ExportMagics)
