"""What a case finds out, and the table in which it is shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """A number with its unit."""

    value: float
    unit: str
    """As it is printed: ``µs`` and ``kB``, ``messages`` and ``models``."""

    def __str__(self) -> str:
        if self.value == 1:
            return f"1 {self.unit.removesuffix('s')}"
        if self.value and abs(self.value) < 1:
            return f"{self.value:.2g} {self.unit}"
        digits = 0 if self.value == round(self.value) or abs(self.value) >= 100 else 1
        return f"{self.value:,.{digits}f} {self.unit}"


class Side(NamedTuple):
    """One of those that are compared in a case."""

    case: str
    who: str
    figures: dict[str, Figure]
    """By what they are of; the same for all sides of a case."""
    is_reference: bool = False
    """Whether the others are told as a ratio to this one."""
    note: str = ""
    """What there is to say beside the numbers."""


class Effort(NamedTuple):
    """How much is to be measured."""

    rounds: int
    is_smoke: bool
    """Whether it is enough to see that it works: tiny numbers, ours and what is always there."""


def in_turn(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Measure all sides once a round, every other round backwards; return their medians. Nothing counts at first."""
    for once in sides.values():
        once()
    seen: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            seen[name].append(sides[name]())
    return {name: statistics.median(values) for name, values in seen.items()}


def cpu(act: Callable[[], object], times: int = 1) -> float:
    """Return seconds of CPU time of this process for one call out of some."""
    begin = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - begin) / times


def table(sides: Sequence[Side]) -> str:
    """Return a table in Markdown: a line for each side, with the ratios to the one that is the reference."""
    lines = ["| case | side | median | ratio |", "| --- | --- | --- | --- |"]
    cases: dict[str, list[Side]] = {}
    for side in sides:
        cases.setdefault(side.case, []).append(side)
    for case, compared in cases.items():
        reference = next((side for side in compared if side.is_reference), None)
        for number, side in enumerate(compared):
            shown = ", ".join([*map(str, side.figures.values()), *filter(None, [side.note])])
            ratios = " / ".join(_ratios(side, reference))
            lines.append(f"| {'' if number else case} | {side.who} | {shown} | {ratios} |")
    return "\n".join(lines)


def _ratios(side: Side, reference: Side | None) -> Iterator[str]:
    if side is reference:
        yield "1"
        return
    for name, figure in side.figures.items():
        floor = reference.figures.get(name) if reference else None
        ratio = figure.value / floor.value if floor and floor.value else None
        yield "-" if ratio is None else f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"


def to_json(sides: Iterable[Side]) -> list[list[object]]:
    """Return sides as they go from one process to another."""
    return [list(side) for side in sides]


def from_json(document: Iterable[list[object]]) -> list[Side]:
    """Return what another process has measured."""
    sides = []
    for case, who, figures, is_reference, note in document:
        assert isinstance(figures, dict)
        named = {name: Figure(*figure) for name, figure in figures.items()}
        sides.append(Side(str(case), str(who), named, bool(is_reference), str(note)))
    return sides
