"""Checks of ``clouds.yaml`` before openstacksdk reads it: that skips files it cannot read, and logs their lines."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from ..errors import ConfigurationError


def check_files() -> None:
    """Check the files that openstacksdk is going to read.

    Raises
    ------
    ConfigurationError
        For a file that is not UTF-8, YAML or JSON, or not made of mappings. It shows nothing of the content.
    """
    from openstack.config import loader  # noqa: PLC0415 - an optional extra

    files = {"OS_CLIENT_CONFIG_FILE": loader.CONFIG_FILES, "OS_CLIENT_SECURE_FILE": loader.SECURE_FILES}
    for variable, usual in files.items():
        path = _first([os.environ.get(variable, ""), *usual])
        if path is not None:
            _check(path, _parsed(path))


def _first(paths: Sequence[str]) -> str | None:
    return next((path for path in paths if path and os.access(path, os.R_OK) and os.path.isfile(path)), None)  # noqa: PTH113 - no paths of ours


def _parsed(path: str) -> Any:  # noqa: ANN401 - YAML
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with openstacksdk

    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - likewise
            return json.load(file) if path.endswith("json") else yaml.safe_load(file)
    except UnicodeError:
        fault = "is not UTF-8 text"
    except (ValueError, yaml.YAMLError) as error:  # their messages show the lines around the fault
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", "?")
        fault = f"is not valid {'JSON' if path.endswith('json') else 'YAML'}: see line {line}"
    raise ConfigurationError(f"The file {path} {fault}")


def _check(path: str, document: Any) -> None:  # noqa: ANN401 - YAML
    _check_mapping(path, "it", document)
    clouds = document.get("clouds") or {}
    _check_mapping(path, "clouds", clouds)
    for name, entry in clouds.items():
        _check_mapping(path, f"clouds: {name}", entry or {})
        _check_mapping(path, f"clouds: {name}: auth", (entry or {}).get("auth") or {})


def _check_mapping(path: str, where: str, value: object) -> None:
    if not isinstance(value, dict):
        raise ConfigurationError(f"The file {path} is not usable: {where} must be a mapping")
