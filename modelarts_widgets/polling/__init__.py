"""Polling without Jupyter: `Watch` is the handle, `Poll` decides when to ask, the engine owns and runs both."""
