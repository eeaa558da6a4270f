"""Creates and reads exports with otcextensions, and prints what it sees as JSON. Runs in the peer's environment."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import openstack
from otcextensions import sdk


def main(dataset_id: str, creation: str) -> None:
    """Create an export, list all exports, and get each."""
    connection = openstack.connect()
    sdk.register_otc_extensions(connection)
    service = connection.modelartsv2
    created = service.create_dataset_export_task(dataset_id, **json.loads(creation))
    listed = list(service.dataset_export_tasks(dataset_id))
    got = [service.get_dataset_export_task(dataset_id, task.task_id) for task in listed]
    seen = {
        "version": version("otcextensions"),
        "created": created.task_id,
        "listed": [task.to_dict() for task in listed],
        "got": [task.to_dict() for task in got],
    }
    json.dump(seen, sys.stdout)


main(*sys.argv[1:])
