"""What stands in a notebook: the only room that knows ipywidgets."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the magics to IPython: ``%load_ext modelarts_widgets`` calls this."""
    from .magics import ExportMagics  # noqa: PLC0415 - building their options takes time, and few use them

    shell.register_magics(ExportMagics)
