"""`Table`: the exports of a dataset, as text and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..api.models import ExportTask
from .card import Card, status_word
from .card_html import card_html, problem_html, progress_html, title_html
from .card_text import card_text
from .humanize import percentage, plural, quantity, shortened
from .labels import code_label
from .markup import escaped, isolated, tooltip
from .styles import LIVE, STATIC, Skin, theme
from .summary import counts, created, group, mode, samples, summary

PAGE = 10
"""Rows on a page of the live table."""
MAX_ROWS = 50
"""Rows of the static table: the newest, then those that have not succeeded; the others are counted."""
_COLUMNS = ("Task ID", "Created (UTC)", "Mode", "Path", "Samples", "Status", "Progress")
_PARTS = ("task", "created", "mode", "path", "samples", "state", "done")
_MAX_ID, _MAX_PATH, _MAX_WORD = 40, 60, 20


class Table(NamedTuple):
    """The data of a table: the exports, the page and the state of polling."""

    state: Card
    """The state of polling, with the dataset's ID in ``task_id``."""
    tasks: tuple[ExportTask, ...] | None = None
    """All exports, newest first; ``None`` before the first response."""
    matching: tuple[ExportTask, ...] = ()
    """The exports that match the filters."""
    page: int = 0
    """Current page, from 0."""
    selected: Card | None = None
    """The card of the selected export, shown in full."""

    @property
    def change_key(self) -> object:
        """Key that stays equal while only progress changes, so that such redraws can be throttled."""
        statuses = [(task.task_id, task.status) for task in self.matching]
        return self.state, self.headline(), statuses, self.page, self.selected and self.selected.change_key

    @property
    def rows(self) -> tuple[ExportTask, ...]:
        """Exports on the current page."""
        return self.matching[self.page * PAGE : (self.page + 1) * PAGE]

    @property
    def last_page(self) -> int:
        """Last page, from 0."""
        return max(0, -(-len(self.matching) // PAGE) - 1)

    def headline(self) -> str:
        """Return the counts by group, and the phase of polling unless it is polling or finished."""
        waiting = "no answer seen" if self.state.note else "waiting for the first answer"
        words = waiting if self.tasks is None else summary(self.tasks)
        return " · ".join(filter(None, [words, "" if self._is_over else self.state.badge]))

    @property
    def _is_over(self) -> bool:
        """Whether polling stopped because all exports had ended."""
        all_ended = self.tasks is not None and all(task.is_done for task in self.tasks)
        return all_ended and self.state.phase == "stopped" and self.state.error is None

    def position(self) -> str:
        """Return the range of rows shown, and a hint if the selected export is filtered out; empty if all are shown."""
        is_hidden = self.selected is not None and self.selected.task_id not in {task.task_id for task in self.matching}
        hidden = "the selected export is hidden by the filter" if is_hidden else ""
        return " · ".join(filter(None, [self._shown(), hidden]))

    def _shown(self) -> str:
        if self.tasks is None or (len(self.matching) == len(self.tasks) and not self.last_page):
            return ""
        if not self.matching:
            return "no export matches the filter"
        first = self.page * PAGE + 1
        last = min(first + PAGE - 1, len(self.matching))
        whole = plural(len(self.tasks), "export")
        if not self.last_page:
            return f"{quantity(last)} of {whole}"
        rows = f"{quantity(first)} to {quantity(last)} of "
        is_filtered = len(self.matching) < len(self.tasks)
        return rows + (f"{quantity(len(self.matching))} found in {whole}" if is_filtered else whole)


def table_html(table: Table, skin: Skin = LIVE) -> str:
    """Return the current page with its headline and error message, without the selected card."""
    words, end = table.position(), {0: "first", table.last_page: "last"}.get(table.page, "")
    position = f"<div{skin('position')}>{words}</div>" if words else ""
    pages = f"<div{skin('pages', end)}></div>" if table.last_page else ""
    return _head(table, skin) + _grid(table, table.rows, skin) + position + pages


def history_html(table: Table) -> str:
    """Return the table for a saved notebook, with the selected card below."""
    tasks, more = _telling(table.tasks or ())
    parts = [theme("theme", "columns"), _head(table, STATIC), _grid(table, tasks, STATIC)]
    parts += [f"<div{STATIC('next')}>{more}</div>" if more else ""]
    selected = card_html(table.selected) if table.selected else ""
    return f"<div{STATIC('static', 'wide')}>{''.join(parts)}{selected}</div>"


def history_text(table: Table) -> str:
    """Return the table as plain text, with the selected card below."""
    tasks, more = _telling(table.tasks or ())
    problem, next_step = table.state.problem(), table.state.next_step()
    lines = [f"Dataset exports {shortened(table.state.task_id, 60)}  {table.headline()}"]
    lines += [f"! {problem}" if problem else "", f"  {next_step}" if next_step else ""]
    cells = [_names(table), *(_cells(task, is_local=table.state.is_local) for task in tasks)]
    lines += _columns(cells) if tasks else []
    lines += [more, card_text(table.selected) if table.selected else ""]
    return "\n".join(filter(None, lines))


def _telling(tasks: Sequence[ExportTask]) -> tuple[tuple[ExportTask, ...], str]:
    """Return the newest exports and those that have not succeeded, in order, and a line that counts the others."""
    chosen = [task for place, task in enumerate(tasks) if place < PAGE or not task.succeeded][:MAX_ROWS]
    left = Counter(map(group, tasks)) - Counter(map(group, chosen))
    rest = plural(left.total(), "more export") + f" in history.tasks: {counts(left)}" if left else ""
    return tuple(chosen), rest


def _head(table: Table, skin: Skin) -> str:
    state = table.state
    title = title_html("Dataset exports", state, table.headline(), skin, state.phase)
    return title + problem_html(state, skin)


def _grid(table: Table, tasks: Sequence[ExportTask], skin: Skin) -> str:
    if not tasks:
        return ""
    selected = table.selected.task_id if table.selected else None
    heads = zip(_names(table), _PARTS, strict=True)
    names = "".join(f'<th scope="col"{skin(part)}>{name}</th>' for name, part in heads)
    is_local = table.state.is_local
    body = "".join(_row(task, skin, is_selected=task.task_id == selected, is_local=is_local) for task in tasks)
    drawn = f"<table{skin('table')}><thead><tr{skin('line')}>{names}</tr></thead><tbody>{body}</tbody></table>"
    reachable = ' role="group" aria-label="Exports" tabindex="0"' if skin is LIVE else ""  # tab to it to scroll
    return f"<div{skin('grid', f'of-{len(tasks)}')}{reachable}>{drawn}</div>"


def _row(task: ExportTask, skin: Skin, *, is_selected: bool, is_local: bool) -> str:
    name, date, kind, path, counted, word, _ = _cells(task, is_local=is_local)
    card = Card(name, task, "polling")
    reason = (task.error_msg if task.failed else None) or code_label("ExportTask", "status", task.status)
    status = f"<span{skin('status', card.severity)}{tooltip(reason)}>{isolated(word)}</span>"
    uri = task.obs_uri or ""
    whole = f' title="{escaped(uri)}"' if len(uri) > _MAX_PATH or skin is LIVE else ""
    cells = [date, isolated(kind, _MAX_WORD), f"<samp{whole}>{isolated(path, _MAX_PATH)}</samp>", counted, status]
    cells += [progress_html(card, skin, f"Progress of {name}", "short")]
    drawn = "".join(f"<td{skin(part)}>{cell}</td>" for part, cell in zip(_PARTS[1:], cells, strict=True))
    look = skin("line", "selected" if is_selected else "")
    return f'<tr{look}><th scope="row"{skin("task")}><samp>{isolated(name, _MAX_ID)}</samp></th>{drawn}</tr>'


def _names(table: Table) -> tuple[str, ...]:
    return tuple(name.replace("UTC", "local") for name in _COLUMNS) if table.state.is_local else _COLUMNS


def _cells(task: ExportTask, *, is_local: bool) -> tuple[str, ...]:
    return (
        shortened(task.task_id or "", _MAX_ID),
        created(task, is_local=is_local),
        shortened(mode(task), _MAX_WORD),
        shortened(task.obs_uri or "", _MAX_PATH),
        samples(task),
        status_word(task),
        percentage(task.fraction),
    )


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
