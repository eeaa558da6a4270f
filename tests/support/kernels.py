"""A real kernel to run cells in."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from support.ports import free_port

PATIENCE = 60.0
"""Seconds that a kernel may be silent on a busy machine."""
NUDGE, NEXT_NUDGE = 5.0, 0.5
"""Seconds of silence after which it is asked something else: 7.0.1 may leave a request lying until the next one, and
where it does so once, it does so often."""


class Kernel:
    """A kernel that runs cells and keeps what they published, in order."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self._client = client
        self._nudge = NUDGE
        self.heard: list[dict[str, Any]] = []
        """What was published because of the last message of a widget."""

    def stop_channels(self) -> None:
        """Hang up."""
        self._client.stop_channels()

    def start_cell(self, code: str) -> str:
        """Send a cell; return the ID of the request."""
        request: str = self._client.execute(textwrap.dedent(code))
        return request

    def published(self, request: str) -> Iterator[dict[str, Any]]:
        """Give what is published from now on, until the cell is over."""
        nudges, end = set(), time.monotonic() + PATIENCE
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=self._nudge)
            except Empty:
                if time.monotonic() > end:
                    raise
                nudges.add(self._client.kernel_info())
                self._nudge = NEXT_NUDGE
                continue
            if message["parent_header"].get("msg_id") in nudges:
                continue  # it is alive, but that is not what was asked
            end = time.monotonic() + PATIENCE
            yield message
            is_status = message["msg_type"] == "status" and message["parent_header"].get("msg_id") == request
            if is_status and message["content"]["execution_state"] == "idle":
                return

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell to its end; fail with its traceback if it raises."""
        messages = list(self.published(self.start_cell(code)))
        faults = [message["content"]["traceback"] for message in messages if message["msg_type"] == "error"]
        assert not faults, "\n".join(faults[0])
        return messages

    def hear(self, kind: str) -> list[dict[str, Any]]:
        """Return what is published while no cell runs, up to the first message of a kind."""
        messages = [self._client.get_iopub_msg(timeout=120)]
        while messages[-1]["msg_type"] != kind:
            messages.append(self._client.get_iopub_msg(timeout=120))
        return messages

    def read(self, expression: str) -> str:
        """Evaluate an expression."""
        messages = self.run(f"print({expression})")
        return "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream").strip()

    def comm(self, comm_id: str, **data: Any) -> None:  # noqa: ANN401 - any JSON
        """Send what the front end's side of a widget would; waits until the kernel has dealt with it."""
        self._send("comm_msg", {"comm_id": comm_id, "data": data})

    def open_comm(self, comm_id: str, target: str) -> None:
        """Open a channel from the front end."""
        self._send("comm_open", {"comm_id": comm_id, "target_name": target, "data": {}})

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        message = self._client.session.msg(kind, content)
        if kind == "comm_open":
            message["metadata"] = {"version": "1.0.0"}  # of the control protocol
        self._client.shell_channel.send(message)
        self.heard = list(self.published(message["header"]["msg_id"]))

    def view(self, comm_id: str, count: int) -> None:
        """Say how many views of a widget there are."""
        self.comm(comm_id, method="update", state={"_view_count": count}, buffer_paths=[])

    def farewell(self, *, restart: bool) -> list[dict[str, Any]]:
        """Shut the kernel down in an orderly way; return what it still published."""
        self.manager.shutdown_kernel(restart=restart)
        messages = []
        with suppress(Empty):
            while True:
                messages.append(self._client.get_iopub_msg(timeout=2))
        return messages

    def restart(self) -> None:
        """Restart the kernel in an orderly way, as the button does."""
        self._client.stop_channels()
        self.manager.restart_kernel()
        self._client = _connected(self.manager)
        self._client.wait_for_ready(timeout=PATIENCE)
        self.run(KEEP_ALL)


KEEP_ALL = """
def keep_all(thread):
    import zmq
    thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 0))
keep_all(get_ipython().kernel.iopub_socket.io_thread)
"""
"""A kernel, too, drops what it publishes while a thousand messages wait to be taken, as on a busy machine."""


def _connected(manager: KernelManager) -> BlockingKernelClient:
    client: BlockingKernelClient = manager.client()
    # Its default is to take no more while a thousand messages wait to be read.
    client.context.setsockopt(zmq.RCVHWM, 0)
    client.start_channels()
    return client


@contextmanager
def running_kernel(**options: Any) -> Iterator[Kernel]:  # noqa: ANN401 - whatever a kernel's process takes
    """Start a kernel, and end it. Its ports stay its own until it takes them, and while it is restarted."""
    ports = {f"{channel}_port": free_port() for channel in ("shell", "iopub", "stdin", "hb", "control")}
    manager = KernelManager(kernel_name="python3", shutdown_wait_time=PATIENCE, **ports)
    manager.start_kernel(**options)
    client = _connected(manager)
    kernel = Kernel(manager, client)
    try:
        client.wait_for_ready(timeout=PATIENCE)
        kernel.run(KEEP_ALL)
        yield kernel
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
