"""Style sheets of the live widgets, and the same rules as inline style for saved notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

_LIVE = ("parts", "card", "table", "theme", "columns")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CLASS = re.compile(r"modelarts-([a-z-]+)")
_VARIABLE = re.compile(r"var\((--[a-z-]+)\)")


@cache
def style_sheet() -> str:
    """Return the style sheet of the live widgets."""
    return "\n".join(map(_text, _LIVE))


@cache
def theme(*names: str) -> str:
    """Return the style element of a static form: colours, fonts and narrow cells, overriding its inline style."""
    rules = re.sub(r"\.modelarts-export[^,{]*,", "", "".join(map(_minified, names)))
    return f"<style>{rules.replace(':is(.modelarts-static)', '.modelarts-static')}</style>"


@cache
def _classes(*names: str) -> str:
    known = " ".join(f"modelarts-{name}" for name in names if name)
    return f' class="{known}"' if known else ""


@cache
def _inline(part: str, kind: str = "") -> str:
    """Return the rules of a part as inline style, with a class name if a theme selects it."""
    rules = _rules()
    values = rules.get((kind,), {})
    declared = rules.get((part,), {}) | rules.get((part, kind), {})
    plain = {name: _VARIABLE.sub(lambda found: values[found[1]], value) for name, value in declared.items()}
    style = ";".join(f"{name}:{value}" for name, value in plain.items())
    return (_classes(part) if part in _themed() else "") + (f' style="{style}"' if style else "")


Skin = Callable[..., str]
"""Returns the HTML attributes of a part, ``skin(part, kind)``, with a leading space; empty if it needs none."""
LIVE: Skin = _classes
STATIC: Skin = _inline


@cache
def _rules() -> Mapping[tuple[str, ...], dict[str, str]]:
    """Return the declarations of ``parts.css`` by class name, or by two of them that one element has."""
    rules: dict[tuple[str, ...], dict[str, str]] = {}
    for selectors, body in _RULE.findall(_minified("parts")):
        declared = dict(declaration.split(":", 1) for declaration in body.split(";"))
        for selector in selectors.split(","):
            key = tuple(_CLASS.findall(selector))
            rules[key] = rules.get(key, {}) | declared
    return rules


@cache
def _themed() -> frozenset[str]:
    return frozenset(_CLASS.findall(_minified("theme") + _minified("columns")))


@cache
def _minified(name: str) -> str:
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", _text(name), flags=re.DOTALL))
    return re.sub(r" ?([{};,>!]) ?", r"\1", text).replace(": ", ":").replace(";}", "}").strip()


def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.css").read_text(encoding="utf-8")
