"""Asking again and again: headless, without Jupyter. `Watch` is the handle, `Poller` asks, `Scheduler` runs it."""
