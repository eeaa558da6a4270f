"""One poll: CPU time of the process that asks, the service being another one."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests

from modelarts_widgets import ExportMonitor, ModelArtsClient, TokenAuth

from .figures import Effort, Figure, Side, cpu, in_turn
from .recording import by_hand, recorded
from .services import service

CASE = "one poll"
BARE = "`requests.Session.get(…).json()`"


def measure(effort: Effort) -> list[Side]:
    """Compare our client, alone and with a card that hears and draws, with others and with less."""
    calls = 5 if effort.is_smoke else 200
    with service(1) as at, requests.Session() as session, recorded(), by_hand() as hand:
        path = f"/v2/{at['project_id']}/datasets/{at['dataset_id']}/export-tasks/t0"
        headers = {"X-Auth-Token": at["token"]}
        # A session of its own, as for https: the default one for plain http looks at no environment.
        auth, own = TokenAuth(at["token"]), requests.Session()
        with ModelArtsClient(at["endpoint"], at["project_id"], auth=auth, session=own) as client:
            monitor = ExportMonitor(at["dataset_id"], "t0", client=client)
            poll = hand.begin(monitor)
            sides: dict[str, Callable[[], object]] = {
                "ours: `client.get_export_task(…)`": lambda: client.get_export_task(at["dataset_id"], "t0"),
                "ours, with callbacks and a card that is drawn": lambda: hand.step(poll),
                BARE: lambda: session.get(at["endpoint"] + path, headers=headers, timeout=(5.0, 30.0)).json(),
                "`http.client`, with `json.loads`": _plain(at["endpoint"], path, headers),
            }
            if not effort.is_smoke:
                sides["`otcextensions`: `get_dataset_export_task(…)`"] = _sdk(at)
            medians = in_turn(
                {name: lambda call=call: cpu(call, calls) for name, call in sides.items()},  # type: ignore[misc]
                effort.rounds,
            )
            monitor.close()
    return [
        Side(CASE, name, {"CPU": Figure(1e6 * medians[name], "µs of CPU")}, is_reference=name == BARE) for name in sides
    ]


def _plain(endpoint: str, path: str, headers: dict[str, str]) -> Callable[[], object]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)

    def ask() -> object:
        connection.request("GET", path, headers=headers)
        return json.loads(connection.getresponse().read())

    return ask


def _sdk(at: dict[str, Any]) -> Callable[[], object]:
    variables = {
        "OS_AUTH_URL": at["iam_endpoint"],
        "OS_USERNAME": at["username"],
        "OS_PASSWORD": at["password"],
        "OS_USER_DOMAIN_NAME": at["domain_name"],
        "OS_PROJECT_NAME": at["project_name"],
        "OS_PROJECT_DOMAIN_NAME": at["domain_name"],
        "OS_REGION_NAME": at["project_name"],
    }
    with patch.dict(os.environ, variables):
        connection = import_module("openstack").connect()
    import_module("otcextensions.sdk").register_otc_extensions(connection)
    asked = connection.modelartsv2
    return lambda: asked.get_dataset_export_task(at["dataset_id"], "t0")
