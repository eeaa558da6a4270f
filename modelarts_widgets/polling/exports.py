"""`watch_export` and `watch_exports`: watches of one export, and of all exports of a dataset."""

from __future__ import annotations

import math
import os
from itertools import islice

from ..api.client import ModelArtsClient
from ..api.models import ExportTask
from ..api.pagination import SIZE
from ..api.urls import checked_identifier
from .backoff import checked_interval
from .poll import begin_anew
from .state import StatusClient, Subject, Tasks
from .watch import Watch


def watch_export(
    dataset_id: str,
    task_id: str,
    *,
    client: StatusClient | None = None,
    interval: float = 2.0,
    forecast: bool = True,
) -> Watch[ExportTask]:
    """Return a watch of one export. Does no I/O; polling starts with `Watch.start` or `Watch.wait`.

    Parameters
    ----------
    dataset_id, task_id : str
        IDs of the dataset and of the export task.
    client : ModelArtsClient, optional
        Where to ask. Default: `ModelArtsClient.from_env`, which reads variables and files at once.
    interval : float, default 2.0
        Seconds between two requests while answers bring something new, 0.1 to 86,400; while they do not, it
        grows to 10 % of the time since the last change, 30 seconds at most.
    forecast : bool, default True
        Whether to find out how long the last exports of the same kind took if this one reports no progress: by
        one more request, for the newest 100 exports of the dataset, after the third such answer. If that fails,
        there is no forecast. `Watch.state` has the result as ``forecast``.

    Returns
    -------
    Watch of ExportTask
        Polling ends with the export.

    Raises
    ------
    TypeError, ValueError
        For an ID that is no string or can be no part of a path, an interval out of bounds, or something else
        than a client.
    ConfigurationError
        Without a client, when the environment does not tell how to reach the service.

    Examples
    --------
    >>> from modelarts_widgets import ModelArtsClient, TokenAuth, watch_export
    >>> from modelarts_widgets.simulator import Simulator
    >>> simulator = Simulator().start()
    >>> export = simulator.add_export(samples=200, seconds=0)
    >>> client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=TokenAuth(simulator.token))
    >>> watch_export(export.dataset_id, export.task_id, client=client).wait(timeout=60)
    <ExportTask d2b7b3015ed81d83b1ee SUCCESSED 100.0 %>
    """
    dataset, task = checked_identifier("dataset_id", dataset_id), checked_identifier("task_id", task_id)
    checked_interval("interval", interval)  # refused before there is anything to close
    asked = _client(client, "get_export_task")

    def fetch() -> Tasks:
        return (_checked(asked.get_export_task(dataset, task)),)

    def earlier() -> Tasks:
        return tuple(map(_checked, islice(asked.list_export_tasks(dataset), SIZE)))

    path, title = ("task", dataset, task), f"Export {task}"
    is_wanted = forecast and callable(getattr(asked, "list_export_tasks", None))  # a stand-in may have none
    wanted = earlier if is_wanted else None
    return Watch(Subject(path, title, asked, client is None, fetch, lambda tasks: tasks[0], earlier=wanted), interval)


def watch_exports(
    dataset_id: str, *, client: StatusClient | None = None, interval: float = 5.0
) -> Watch[list[ExportTask]]:
    """Return a watch of all exports of a dataset, the newest first; see `watch_export`.

    Polling never ends without a call of yours, since another export can be created at any time. Waiting is until none
    is running, checked by a fresh request.

    Parameters
    ----------
    dataset_id : str
        ID of the dataset.
    client : ModelArtsClient, optional
        As for `watch_export`.
    interval : float, default 5.0
        As for `watch_export`. Each refresh sends one request per 100 exports.

    Returns
    -------
    Watch of list of ExportTask
        Callbacks of `Watch.on_done` are called with each export that ends from now on.

    Raises
    ------
    TypeError, ValueError, ConfigurationError
        As `watch_export` does.

    Examples
    --------
    With ``export`` and ``client`` as in the example of `watch_export`:

    >>> [task.status for task in watch_exports(export.dataset_id, client=client).wait(timeout=60)]
    ['SUCCESSED']
    """
    dataset = checked_identifier("dataset_id", dataset_id)
    checked_interval("interval", interval)
    asked = _client(client, "list_export_tasks")

    def fetch() -> Tasks:
        tasks = map(_checked, asked.list_export_tasks(dataset))
        return tuple(sorted(tasks, key=_age, reverse=True))

    path, title = ("list", dataset), f"An export of dataset {dataset}"
    return Watch(Subject(path, title, asked, client is None, fetch, list, is_endless=True), interval)


def _client(client: StatusClient | None, method: str) -> StatusClient:
    if client is None:
        return ModelArtsClient.from_env()
    if isinstance(client, type) or not callable(getattr(client, method, None)):
        given = f"the class {client.__name__}" if isinstance(client, type) else type(client).__name__
        raise TypeError(f"client must be a ModelArtsClient, or an object with {method}(), not {given}")
    return client


def _checked(task: object) -> ExportTask:
    if not isinstance(task, ExportTask):
        raise TypeError(f"The client returned a value of type {type(task).__name__}, where an ExportTask belongs")
    return task


def _age(task: ExportTask) -> float:
    return -math.inf if task.create_time is None else task.create_time


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=begin_anew)
