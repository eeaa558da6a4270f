"""`Simulator`: the simulated service, with its exports, credentials and faults."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from . import datasets, keystone
from .adapter import InProcessSession
from .exports import SimulatedExport
from .faults import FAULTS
from .identity import TEMPORARY_KEY_SECONDS, AccessKey, Identity
from .keystone import Account
from .listing import OffsetUnit
from .messages import Answer, Request, gateway_fault, identifier, service_fault
from .server import Server
from .store import ExportStore

_NO_PORT = 1
"""Port on which nothing listens, so that a client without `Simulator.session` cannot reach another service."""
_PORT_ERRORS = {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}
_NO_SOCKETS = (
    "The simulator cannot listen here: there are no sockets or no threads. "
    "Use ModelArtsClient(simulator.endpoint, simulator.project_id, auth=…, session=simulator.session()) without start()"
)


class Simulator:
    """A simulated ModelArts service on a loopback address. Use it in a ``with`` block, or call `start` and `stop`.

    Parameters
    ----------
    clock : callable, default `time.time`
        Returns seconds since 1970 UTC; `Clock` makes runs reproducible.
    port : int, default 0
        Port to listen on; 0 for any free one.
    identity_clock : callable, default `time.time`
        Returns seconds since 1970 UTC, for tokens and signatures. Why not `clock`? Clients sign with the real
        time.
    offset_unit : {"pages", "rows"}, default "pages"
        Unit of ``offset`` in the call that lists the exports of a dataset.
    fixed_dates : bool, default False
        Whether exports are dated one minute apart, from 2020-11-23 03:50:24 UTC, instead of by `clock`. Durations
        stay the same. Use it for notebooks that are saved with their outputs.

    Attributes
    ----------
    project_id : str
        The only project.
    dataset_id : str
        The default dataset of `add_export`. It exists from the start, without exports.
    token : str
        A token for the project, valid for 24 hours.
    access_key, secret_key : str
        A key pair to sign requests with.
    username, password, domain_name, project_name : str
        Credentials for ``POST /v3/auth/tokens``. The project is named after its region.

    Examples
    --------
    >>> with Simulator() as simulator:
    ...     simulator.add_export("my-dataset", "my-task", seconds=0).task_id
    'my-task'
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        port: int = 0,
        identity_clock: Callable[[], float] = time.time,
        offset_unit: OffsetUnit = "pages",
        fixed_dates: bool = False,
    ) -> None:
        self.project_id, self.dataset_id = identifier("project", 32), identifier("dataset", 20)
        self.offset_unit = offset_unit
        self.username, self.password = "simulated-user", f"simulated-{identifier('password', 16)}"
        self.domain_name, self.project_name = "simulated-domain", "eu-de"
        self._account = Account(self.username, self.password, self.domain_name, self.project_name, self.project_id)
        self._identity = Identity(identity_clock)
        self.token = self.issue_token()
        key = self._identity.issue_key()
        self.access_key, self.secret_key = key.access_key, key.secret_key
        self._clock = clock
        self._port = port
        self._store = ExportStore(self.dataset_id, fixed_dates=fixed_dates)
        self._faults: deque[str] = deque()
        self._requests = 0
        self._lock = threading.Lock()
        self._server: Server | None = None

    @property
    def endpoint(self) -> str:
        """URL to pass to a client; it stays the same when the simulator is stopped and started again.

        Before the first `start`, unless a port was given, only clients with a `session` can use it.
        """
        return f"http://127.0.0.1:{self._port or _NO_PORT}"

    @property
    def iam_endpoint(self) -> str:
        """URL of the identity service, for ``auth_url`` in a ``clouds.yaml`` and ``OS_AUTH_URL``."""
        return f"{self.endpoint}/v3"

    @property
    def requests(self) -> int:
        """Number of requests received so far, including those for tokens."""
        return self._requests

    def issue_token(self, seconds: float | None = None) -> str:
        """Return a new token, valid for some seconds, by default 24 hours."""
        return self._identity.issue_token(seconds).value

    def revoke_tokens(self) -> None:
        """Invalidate all tokens, as a change of the password does; clients must get new ones."""
        self._identity.revoke_tokens()

    def issue_temporary_key(self, seconds: float = TEMPORARY_KEY_SECONDS) -> AccessKey:
        """Return a temporary key pair with a security token, valid for some seconds."""
        return self._identity.issue_key(seconds)

    def inject(self, *faults: str) -> None:
        """Apply faults to the next responses about exports, one to each, in order.

        Parameters
        ----------
        *faults : str
            Names of `FAULTS`; ``""`` leaves a response unchanged.

        Raises
        ------
        ValueError
            If a name is unknown.

        Examples
        --------
        >>> Simulator().inject("unavailable", "", "throttled")  # the first response and the third
        """
        unknown = [fault for fault in faults if fault and fault not in FAULTS]
        if unknown:
            raise ValueError(f"there is no fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
        with self._lock:
            self._faults.extend(faults)

    def add_export(
        self,
        dataset_id: str | None = None,
        task_id: str | None = None,
        *,
        samples: int = 200,
        seconds: float = 20.0,
        outcome: str = "SUCCESSED",
        gradual: bool = True,
        params: Mapping[str, Any] | None = None,
    ) -> SimulatedExport:
        """Create an export that starts now.

        Parameters
        ----------
        dataset_id, task_id : str, optional
            Default: the simulator's `dataset_id`, and an ID that depends only on the number of exports.
        samples : int, default 200
            Samples to export, 0 or more.
        seconds : float, default 20.0
            Duration of the export, 0 or more.
        outcome : str, default "SUCCESSED"
            Final status, ``"SUCCESSED"`` or ``"FAILED"``.
        gradual : bool, default True
            Whether progress and counts grow. If not, progress stays 0.0 without counts until the end, as the
            real service often has it.
        params : mapping, optional
            The ``export_params`` to report. Default: those in the example of the API page.

        Returns
        -------
        SimulatedExport
            The new export, with its ``dataset_id`` and ``task_id``.

        Raises
        ------
        ValueError
            If a number is negative, the outcome is unknown, or the export exists already.
        TypeError
            If `params` cannot be sent as JSON.

        Examples
        --------
        >>> Simulator().add_export("my-dataset", samples=1_000, seconds=60, outcome="FAILED").dataset_id
        'my-dataset'
        """
        return self._store.add(
            dataset_id,
            task_id,
            samples=samples,
            seconds=seconds,
            outcome=outcome,
            gradual=gradual,
            params=params,
            created=self._clock(),
        )

    def session(self) -> InProcessSession:
        """Return a session for requests that the simulator answers in this process, without a socket.

        Pass it to ``ModelArtsClient(simulator.endpoint, …, session=simulator.session())``; no `start` is needed.
        Faults of the connection raise the same exceptions as over a socket, but at once. Requests to other hosts
        fail.
        """
        return InProcessSession(self.answer)

    def start(self) -> Simulator:
        """Start listening in a background thread. Does not block; does nothing if already started.

        Raises
        ------
        OSError
            If the port cannot be used.
        RuntimeError
            If there are no sockets or no threads, as in a browser. Use `session` there.
        """
        if self._server is None:
            self._server = self._listen()
            self._port = self._server.server_address[1]  # why keep it? Clients survive a restart
        return self

    def _listen(self) -> Server:
        try:
            server = Server(self.answer, self._port)
        except OSError as error:
            if error.errno in _PORT_ERRORS:
                raise
            raise RuntimeError(_NO_SOCKETS) from error
        try:
            threading.Thread(target=server.serve_forever, args=(0.05,), name="simulator", daemon=True).start()
        except RuntimeError as error:
            server.server_close()
            raise RuntimeError(_NO_SOCKETS) from error
        return server

    def stop(self) -> None:
        """Stop listening and close all connections. Blocks for a moment; does nothing if already stopped."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = "stopped" if self._server is None else self.endpoint
        return f"<Simulator {where}, exports: {len(self._store)}>"

    def answer(self, request: Request) -> Answer:
        """Return the response to a request. Does no I/O."""
        with self._lock:
            self._requests += 1
            request_id = identifier(f"request {self._requests}", 32)
        answer = self._decide(request)
        if "request_id" not in answer.document:
            return answer
        document, headers = (
            {**answer.document, "request_id": request_id},
            {**answer.headers, "X-Request-Id": request_id},
        )
        return replace(answer, document=document, headers=headers)

    def _decide(self, request: Request) -> Answer:
        identity_answer = keystone.answer(request, self._account, self._identity, self.endpoint)
        if identity_answer is not None:
            return identity_answer
        call = datasets.read_call(request)
        if call is None:
            return gateway_fault(404, "APIG.0101", "The API does not exist or has not been published.")
        answer = self._identity.fault(request)
        if answer is None and call.project_id != self.project_id:
            answer = service_fault(403, "ModelArts.0210", "The project ID in the URL is not that of the token.")
        answer = answer or datasets.answer(call, self._store, self._clock(), self.offset_unit)
        return answer if call.name == "dataset" else self._spoiled(answer)

    def _spoiled(self, answer: Answer) -> Answer:
        """Apply the next injected fault, if there is one."""
        with self._lock:
            fault = self._faults.popleft() if self._faults else None
        return FAULTS[fault](answer) if fault else answer
