"""A simulated ModelArts service on a loopback address, for trying the widgets without an account and for tests.

It serves ``GET /v2/{project_id}/datasets/{resource_id}/export-tasks/{task_id}``, the same path without a task for
the list of a dataset's exports and, with ``POST``, for a new export, over real HTTP and with the service's own
documents; `Simulator.session` answers in the same process, without a socket. It uses the standard library only, plus
requests for that session. Why no code of the client? A misreading of the API would then go unnoticed on both sides.
"""

from __future__ import annotations

from .exports import Clock, SimulatedExport
from .faults import FAULTS
from .identity import AccessKey
from .service import Simulator

__all__ = ["FAULTS", "AccessKey", "Clock", "SimulatedExport", "Simulator"]
