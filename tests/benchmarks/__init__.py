"""This package beside others, measured in one run: ``python -m tests.benchmarks [DIR] [--rounds N] [--smoke]``.

Each case is a module with a function ``measure``. It runs in a process of its own, in the environment of the peers,
which is made once below ``DIR``; `latency` needs JupyterLab and a browser, and runs in that of the tests.
"""
