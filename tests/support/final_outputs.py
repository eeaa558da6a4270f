"""Lets nbval compare an output that is shown again by its final content, as a notebook saves it, not by its first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbformat import from_dict
from nbval.plugin import IPyNbFile

Message = dict[str, Any]


def _following(get_message: Callable[..., Message]) -> Callable[..., Message]:
    shown: dict[str, Message] = {}

    def get_kernel_message(self: IPyNbFile, *args: object, **kwargs: object) -> Message:
        message = get_message(self, *args, **kwargs)
        content = message["content"]
        name = content.get("transient", {}).get("display_id")
        if message["msg_type"] == "display_data" and name:
            shown[name] = content["data"] = from_dict(content["data"])  # nbval would make such a copy of another dict
        elif message["msg_type"] == "update_display_data" and name in shown:
            shown[name].clear()
            shown[name].update(content["data"])
        return message

    return get_kernel_message


IPyNbFile.get_kernel_message = _following(IPyNbFile.get_kernel_message)
