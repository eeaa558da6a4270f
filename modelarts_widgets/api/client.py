"""`ModelArtsClient`: one session, one method per API call, a model or a typed error out."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Hashable, Iterator
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

import requests
from requests.auth import AuthBase

from .auth.base import Identity, call_user_code
from .auth.headers import Sent
from .auth.openstack import Certificates, OpenStackAuth
from .auth.standing import Deferred, Standing, standing_of
from .config import find_connection
from .errors import AuthenticationError, ConfigurationError, MalformedResponseError, ModelArtsError, raise_bare
from .exchange import CURRENT
from .models import ExportTask
from .pagination import SIZE, Page, Paging
from .responses import decode
from .transport import Timeout, Transport, checked_timeout
from .urls import checked_endpoint, checked_identifier, usable_project_id

MAX_TRIAL = 10.0
"""Seconds in all for a request that tries credentials, since others with equal ones wait for it."""
_MAX_ID = 100
"""Longest ID in a message, in characters."""


class ModelArtsClient:
    """A connection to ModelArts in one project. Safe to share between threads; its constructor does no I/O.

    Parameters
    ----------
    endpoint : str
        Such as ``https://modelarts.eu-de.otc.t-systems.com``. Plain ``http`` is for loopback addresses only.
    project_id : str or None
        The project that the datasets belong to. ``None``: that of the credentials, where they know it, as
        `OpenStackAuth` does; it is looked up at the first request.
    auth : requests.auth.AuthBase, optional
        Such as `TokenAuth`. Default: the ``auth`` and headers of the session.
    session : requests.Session, optional
        For proxies, certificates or adapters of your own. Default: a fresh one, closed by `close`.
    timeout : float or tuple of float, default (5.0, 30.0)
        Seconds to wait for a connection, for each piece of a response, and for the request as a whole, name
        resolution and all; up to a day. The third may be left out, and is the sum of the two then: 35 s. A single
        number stands for the first two. A request that tries the credentials ends after 10 s in all. Where a session
        brings a ``request`` or adapters of its own kind, the whole is looked at between two pieces only; their
        waiting for a free connection or before a retry is theirs.

    Raises
    ------
    ConfigurationError
        For an endpoint that is no such URL, or a timeout that would wait for ever or not at all.
    TypeError, ValueError
        For a project ID that is no string, or can be no part of a path.

    Examples
    --------
    With ``export`` and ``simulator`` as in the example of `watch_export`:

    >>> with ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token)) as client:
    ...     client.get_export_task(export.dataset_id, export.task_id)
    ...     [task.status for task in client.list_export_tasks(export.dataset_id)]
    <ExportTask d2b7b3015ed81d83b1ee SUCCESSED 100.0 %>
    ['SUCCESSED']
    """

    def __init__(
        self,
        endpoint: str,
        project_id: str | None,
        *,
        auth: AuthBase | None = None,
        session: requests.Session | None = None,
        timeout: Timeout = (5.0, 30.0),
    ) -> None:
        self.endpoint = checked_endpoint(endpoint)
        self.project_id = None if project_id is None else checked_identifier("project_id", project_id)
        self._finds_project = project_id is None
        self.timeout = checked_timeout(timeout)
        self.auth = auth
        self._given_session = session
        self._certificates = Certificates()
        self._paging = Paging()
        # In the clear, the token must not go through HTTP_PROXY.
        self._transport = Transport(session, trust_env=not self.endpoint.startswith("http:"))

    @classmethod
    def from_env(
        cls, *, region: str | None = None, endpoint: str | None = None, project_id: str | None = None
    ) -> ModelArtsClient:
        """Return a client configured from environment variables and the usual files. Sends no request.

        In this order: the variables of Huawei Cloud's SDK (``HUAWEICLOUD_SDK_*``), those of Terraform
        (``HW_*``), those of OpenStack (``OS_*``, ``OS_CLOUD``), ``~/.huaweicloud/credentials``, ``clouds.yaml``.
        Certificates are looked for where ``requests`` does, in ``clouds.yaml``, and beside ``OS_TOKEN`` and
        ``OS_ACCESS_KEY`` in ``OS_CACERT``, ``OS_CERT`` and ``OS_KEY``. Notebook 05 has all names.

        Parameters
        ----------
        region : str, optional
            Such as ``eu-de``; determines the endpoint. Default: the one that is found.
        endpoint : str, optional
            Takes precedence over any region. Default: that of the region.
        project_id : str, optional
            Default: the one that is found, or the one that the credentials are for.

        Raises
        ------
        ConfigurationError
            When a setting is missing. The message lists which were looked for and which were found, without values.
        """
        try:
            found = find_connection(os.environ, region=region, endpoint=endpoint, project_id=project_id)
        except BaseException as error:  # noqa: BLE001 - also Ctrl-C
            raise_bare(error)  # its frames have the whole environment
        client = cls(found.endpoint, found.project_id, auth=found.auth)
        client._certificates = found.certificates
        return client

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Return the state of one export task. Blocks for the request.

        Parameters
        ----------
        dataset_id : str
            ID of the dataset (``resource_id`` in Table 1 of the API page).
        task_id : str
            ID of the export task.

        Returns
        -------
        ExportTask
            FAILED tasks too: see `ExportTask.raise_for_status`.

        Raises
        ------
        TypeError, ValueError
            For an ID that is no string, or can be no part of a path. Nothing is sent.
        MalformedResponseError
            For the document of another export, among others.
        ModelArtsError
            Of a subclass that names the reason.
        """
        dataset = quote(checked_identifier("dataset_id", dataset_id), safe="")
        task = quote(checked_identifier("task_id", task_id), safe="")
        found = ExportTask.from_json(self._get(f"/datasets/{dataset}/export-tasks/{task}"))
        if found.task_id and found.task_id != task_id:
            message = f"The answer is about another export: {found.task_id[:_MAX_ID]}, not {task_id[:_MAX_ID]}"
            raise MalformedResponseError(message, status_code=200)
        return found

    def list_export_tasks(self, dataset_id: str, *, export_type: int | None = None) -> Iterator[ExportTask]:
        """Return an iterator over all export tasks of a dataset, each once, in the service's order (newest first).

        Requests pages of 100 tasks as they are needed, so the iterator blocks now and then. Whether the service
        counts its ``offset`` in pages or in rows is detected and remembered.

        Parameters
        ----------
        dataset_id : str
            ID of the dataset.
        export_type : int, optional
            Only exports of this type: 0 labelled samples, 1 unlabelled, 2 all, 3 by search conditions.
            Default: all.

        Returns
        -------
        iterator of ExportTask
            Tasks that are created or deleted meanwhile may be missing; none occurs twice.

        Raises
        ------
        TypeError, ValueError
            Immediately, for an ID that is no string or can be no part of a path, or a type that is no integer.
        ModelArtsError
            During iteration, of a subclass that names the reason.
        """
        dataset = quote(checked_identifier("dataset_id", dataset_id), safe="")
        if export_type is not None and type(export_type) is not int:
            raise TypeError(f"export_type must be an integer, not {type(export_type).__name__}")
        chosen = {} if export_type is None else {"export_type": export_type}

        def ask(offset: int) -> Page:
            query = urlencode({**chosen, "limit": SIZE, "offset": offset})
            return Page.from_json(self._get(f"/datasets/{dataset}/export-tasks?{query}"))

        return self._paging.walk(ask)

    @property
    def last_auth_error(self) -> AuthenticationError | None:
        """The latest refusal of the present credentials; ``None`` if they were changed or accepted since.

        Stop polling with such credentials: after a few refusals in a row the service locks an access key for all
        of its users.
        """
        return self._standing.refusal

    @property
    def auth(self) -> AuthBase | None:
        """The credentials. May be replaced at any time, for everything that uses this client."""
        return self._auth

    @auth.setter
    def auth(self, auth: AuthBase | None) -> None:
        if auth is not None and not callable(auth):
            raise ConfigurationError(f"auth must be an object such as TokenAuth(token), not {type(auth).__name__}")
        self._auth = auth
        self._known: tuple[AuthBase | None, Standing] | None = None
        if self._finds_project:
            self.project_id = None  # the new ones may be for another

    @property
    def _identity(self) -> Hashable:
        """Equal for two clients that would get the same responses. May read the files of `OpenStackAuth`."""
        project = None if self._finds_project else self.project_id
        session = Identity(self._given_session, by_value=False)
        return self.endpoint, project, Identity(self._auth), session, self._certificates

    @property
    def _standing(self) -> Standing:
        """State of the present credentials, shared with all clients that have equal ones."""
        return self._credentials()[1]

    def close(self) -> None:
        """End the requests under way, and close the connections, unless the session is yours. It may be used again."""
        self._transport.close()

    def __enter__(self) -> ModelArtsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ModelArtsClient({self.endpoint!r}, {self.project_id!r})"

    def _credentials(self) -> tuple[AuthBase | None, Standing]:
        known, auth = self._known, self._auth
        if known is None or known[0] is not auth:
            known = self._known = auth, standing_of(self.endpoint, auth, self._given_session)
        return known

    def _get(self, path: str) -> dict[str, Any]:
        auth, standing = self._credentials()
        on_trial = CURRENT.on_trial
        if on_trial is None:
            standing.wait_for_turn()
        elif not standing.enter(on_trial):
            raise Deferred
        CURRENT.on_trial = None  # a request that the auth object makes meanwhile waits for its turn
        try:
            document = self._admitted(path, auth, standing)
        except BaseException as error:
            standing.leave(error)
            if isinstance(error, (ModelArtsError, KeyboardInterrupt)):
                raise_bare(error)  # frames of requests have the token
            raise
        else:
            standing.leave(None)
            return document
        finally:
            CURRENT.on_trial = on_trial

    def _admitted(self, path: str, auth: AuthBase | None, standing: Standing) -> dict[str, Any]:
        """Send a request; renew expired credentials and repeat it once. Refused ones are renewed before the first."""
        is_renewed = standing.is_doubtful and standing.renew(auth, standing.renewals)
        seen = standing.renewals
        try:
            return self._ask(path, auth, standing)
        except AuthenticationError as error:
            is_outdated = error.expired or standing.renewals != seen
            if is_renewed or not (is_outdated and standing.renew(auth, seen)):
                raise
        return self._ask(path, auth, standing)

    def _ask(self, path: str, auth: AuthBase | None, standing: Standing) -> dict[str, Any]:
        project_id = self.project_id or self._found_project_id(auth)
        url = f"{self.endpoint}/v2/{quote(project_id, safe='')}{path}"
        own = getattr(self._given_session, "auth", None) if auth is None else auth
        sent = Sent(own if callable(own) else None, getattr(self._given_session, "headers", {}))
        files = auth.certificates() if isinstance(auth, OpenStackAuth) else self._certificates
        at_most = MAX_TRIAL if standing.is_tried_here else math.inf
        signed = sent if callable(own) else None
        return decode(*self._transport.exchange(url, signed, self.timeout, files, at_most=at_most), sent)

    def _found_project_id(self, auth: AuthBase | None) -> str:
        ask: Callable[[], str] | None = getattr(auth, "get_project_id", None)
        if ask is None:
            raise ConfigurationError("The project ID is missing, and these credentials do not know theirs")
        project_id = usable_project_id(call_user_code("get_project_id() of the auth object", ask))
        if auth is self._auth:  # others may have been set meanwhile
            self.project_id = project_id
        return project_id
