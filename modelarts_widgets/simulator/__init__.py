"""A simulated ModelArts service on a loopback address, for trying the widgets without an account and for tests.

It serves ``GET /v2/{project_id}/datasets/{resource_id}/export-tasks/{task_id}``, the same path without a task for
the list of a dataset's exports and, with ``POST``, for a new export, over real HTTP and with the service's own
documents; `Simulator.session` answers in the process, without a socket. It uses the standard library (and requests
for that session only) and shares no code with the client, so that a misreading of the API cannot cancel out on
both sides.
"""

from __future__ import annotations

from .exports import Clock, SimulatedExport
from .faults import FAULTS
from .identity import AccessKey
from .service import Simulator

__all__ = ["FAULTS", "AccessKey", "Clock", "SimulatedExport", "Simulator"]
