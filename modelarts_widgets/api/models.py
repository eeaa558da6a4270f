"""The documents of the API page *Querying the Status of a Dataset Export Task*, Tables 2 to 7.

Values are coerced, since the service sends other JSON types than its tables declare: a value is converted
where that is lossless, and is ``None`` otherwise. ``raw`` keeps every document as received.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from .coercion import Document, boolean, field, integer, many, moment, number, one, text, text_lists, texts
from .errors import ExportFailedError
from .text import printable

_MAX_COUNT = 2**53  # beyond, a double is not exact: nobody has counted that


@dataclasses.dataclass(frozen=True)
class SearchLabel(Document):
    """One label that samples are searched by (Table 6). Every field is ``None`` when the service does not send it.

    Examples
    --------
    >>> SearchLabel.from_json({"name": "cat", "property": {"@modelarts:shape": ["bndbox"]}}).name
    'cat'
    """

    name: str | None = field(text, "Name of the label")
    op: str | None = field(text, "How several attributes combine")
    """``AND`` or ``OR``."""
    property: dict[str, tuple[str, ...] | None] | None = field(
        text_lists, "Attributes of the label, each with the values that match", hashed=False
    )
    """Attribute name to accepted values; a value of ``None`` accepts any."""
    type: int | None = field(integer, "Kind of label")
    """A code, 0 to 600."""


@dataclasses.dataclass(frozen=True)
class SearchLabels(Document):
    """The labels that samples are searched by (Table 5).

    Examples
    --------
    >>> searched = SearchLabels.from_json({"op": "OR", "labels": [{"name": "cat"}, {"name": "dog"}]})
    >>> [label.name for label in searched.labels]
    ['cat', 'dog']
    """

    labels: tuple[SearchLabel, ...] | None = field(many(SearchLabel), "The labels that are searched for")
    op: str | None = field(text, "How several labels combine")
    """``AND`` or ``OR``; ``None`` is usual for a single label."""


@dataclasses.dataclass(frozen=True)
class SearchProp(Document):
    """The sample attributes that are searched by (Table 7).

    Examples
    --------
    >>> SearchProp.from_json({"op": "AND", "props": {"size": ["big", "huge"], "colour": None}}).props
    {'size': ('big', 'huge'), 'colour': None}
    """

    op: str | None = field(text, "How several attributes combine")
    """``AND`` or ``OR``."""
    props: dict[str, tuple[str, ...] | None] | None = field(
        text_lists, "Attributes of the sample, each with the values that match", hashed=False
    )
    """Attribute name to accepted values; a value of ``None`` accepts any."""


@dataclasses.dataclass(frozen=True)
class SearchCondition(Document):
    """One search condition (Table 4). All that is set in one condition must hold; several conditions are OR-ed.

    Examples
    --------
    >>> condition = SearchCondition.from_json({"hard": "1", "label_list": {"labels": [{"name": "cat"}]}})
    >>> condition.hard, condition.label_list.labels[0].name, condition.score
    ('1', 'cat', None)
    """

    coefficient: str | None = field(text, "Coefficient of difficulty")
    frame_in_video: int | None = field(integer, "Frame of a video")
    """Its number."""
    hard: str | None = field(text, "Whether the sample is a hard one")
    """``0`` for samples that are not hard, ``1`` for hard ones."""
    import_origin: str | None = field(text, "Where the sample came from")
    kvp: str | None = field(text, "Dosage of a CT scan")
    label_list: SearchLabels | None = field(one(SearchLabels), "Labels of the sample")
    labeler: str | None = field(text, "Who labeled the sample")
    metadata: SearchProp | None = field(one(SearchProp), "Attributes of the sample")
    parent_sample_id: str | None = field(text, "ID of the sample that this one was made from")
    sample_dir: str | None = field(text, "Directory of the sample, without its subdirectories")
    """Ends in a slash."""
    sample_name: str | None = field(text, "Name of the sample, with its extension")
    sample_time: str | None = field(text, "When the sample was added, to the day")
    """``month``, ``day`` or a range ``yyyyMMdd-yyyyMMdd`` of at most 30 days."""
    score: str | None = field(text, "Confidence")
    slice_thickness: str | None = field(text, "Thickness of a DICOM slice")
    study_date: str | None = field(text, "When the DICOM scan was made")
    time_in_video: str | None = field(text, "Moment in a video")


@dataclasses.dataclass(frozen=True)
class ExportParams(Document):
    """The parameters of an export (Table 3). Every field is ``None`` when the service does not send it.

    Examples
    --------
    >>> params = ExportParams.from_json({"export_dest": "DIR", "clear_hard_property": "true", "novel": 1})
    >>> params.export_dest, params.clear_hard_property, params.samples, params.raw["novel"]
    ('DIR', True, None, 1)
    """

    clear_hard_property: bool | None = field(
        boolean, "Whether hard-example marks are removed from the exported samples"
    )
    """The service's default is true."""
    export_dataset_version_format: str | None = field(text, "Format of the dataset version that is exported to")
    export_dataset_version_name: str | None = field(text, "Name of the dataset version that is exported to")
    export_dest: str | None = field(text, "Kind of destination")
    """``DIR`` (an OBS directory; the default) or ``NEW_DATASET``."""
    export_new_dataset_name: str | None = field(text, "Name of the new dataset")
    export_new_dataset_work_path: str | None = field(text, "Working directory of the new dataset")
    ratio_sample_usage: bool | None = field(
        boolean, "Whether samples are allocated at random to a training and a validation set"
    )
    """The service's default is false."""
    sample_state: str | None = field(text, "State of the samples that are exported")
    """A code such as ``__ALL__``; often sent empty."""
    samples: tuple[str, ...] | None = field(texts, "IDs of the exported samples")
    search_conditions: tuple[SearchCondition, ...] | None = field(
        many(SearchCondition), "Samples that meet any one of these conditions are exported"
    )
    train_sample_ratio: float | None = field(number, "Share of the samples that becomes the training set")
    """0 to 1. Documented as a string, sent as a number."""


@dataclasses.dataclass(frozen=True, repr=False)
class ExportTask(Document):
    """One dataset export task (Table 2). Every field is ``None`` when the service does not send it.

    Examples
    --------
    >>> task = ExportTask.from_json({"task_id": "t", "status": "RUNNING", "progress": 42, "path": "/bucket/out/"})
    >>> task, task.fraction, task.is_done, task.obs_uri
    (<ExportTask t RUNNING 42.0 %>, 0.42, False, 'obs://bucket/out/')
    """

    FINAL_STATUSES: ClassVar[frozenset[str]] = frozenset({"SUCCESSED", "FAILED"})
    """The two status words after which nothing changes; all others, unknown ones too, are not final."""

    _renderer: ClassVar[Callable[[ExportTask], dict[str, str]]] = staticmethod(lambda task: {"text/plain": repr(task)})
    # Set by the package, so that api imports nothing of rendering. Why not register formatters with IPython? marimo
    # and Sphinx look for the methods of the object.

    create_time: int | None = field(integer, "When the task was created")
    """In milliseconds since 1970 UTC."""
    error_code: str | None = field(text, "Code of the failure")
    """Some codes accompany success: decide on `status`."""
    error_msg: str | None = field(text, "The service's words on the failure")
    export_format: int | None = field(integer, "Layout of the exported directory")
    """1 tree structure, 2 tile structure (flat)."""
    export_params: ExportParams | None = field(one(ExportParams), "What was asked of this export")
    export_type: int | None = field(integer, "Which samples are exported")
    """0 labelled, 1 unlabelled, 2 all, 3 by search conditions."""
    finished_sample_count: int | None = field(integer, "Samples exported so far")
    """The real service may send it only at the end."""
    path: str | None = field(text, "Where the export is written")
    """In the form ``/bucket/directory/``."""
    progress: float | None = field(number, "Share of the work that is done, in percent")
    """0 to 100. May stay 0.0 until it jumps to 100.0."""
    status: str | None = field(text, "State of the task")
    """``INIT``, ``RUNNING``, ``SUCCESSED`` (so spelled) or ``FAILED``; unknown words are kept."""
    task_id: str | None = field(text, "ID of the export task")
    total_sample_count: int | None = field(integer, "Samples to export")
    """The real service may send it only at the end."""
    update_time: int | None = field(integer, "When the task last changed")
    """In milliseconds since 1970 UTC."""
    version_format: str | None = field(text, "Format of the dataset version")
    """``Default``, ``CarbonData`` or ``CSV``."""
    version_id: str | None = field(text, "ID of the dataset version")

    def to_dict(self) -> dict[str, Any]:
        """Return the task for ``json.dumps``: all fields under the API's own names, with `created_at` and `updated_at`.

        Those two are ISO 8601 texts in UTC. Declared fields are ``None`` where the service sent none of their type;
        undeclared ones are as received. Values that JSON cannot hold (infinity, more than 100 levels) are ``None``.

        Examples
        --------
        >>> task = ExportTask.from_json({"status": "RUNNING", "create_time": 1606103424662})
        >>> task.to_dict()["status"], task.to_dict()["created_at"]
        ('RUNNING', '2020-11-23T03:50:24.662000+00:00')
        """
        times = {"created_at": self.created_at, "updated_at": self.updated_at}
        return {**super().to_dict(), **{name: when and when.isoformat() for name, when in times.items()}}

    @property
    def created_at(self) -> datetime | None:
        """`create_time` as an aware UTC datetime."""
        return moment(self.create_time)

    @property
    def updated_at(self) -> datetime | None:
        """`update_time` as an aware UTC datetime."""
        return moment(self.update_time)

    @property
    def fraction(self) -> float | None:
        """Share done, 0 to 1, or ``None`` while it is unknown.

        A progress of 0.0 without sample counts means nothing: the service may send it until the end.
        """
        return min(max(self.progress / 100, 0.0), 1.0) if self.progress else self.counted_fraction

    @property
    def sample_counts(self) -> tuple[int | None, int | None]:
        """Finished and total samples, each ``None`` if unknown or if it cannot be meant: below 0 or above 2**53."""
        finished, total = (
            count if count is not None and 0 <= count <= _MAX_COUNT else None
            for count in (self.finished_sample_count, self.total_sample_count)
        )
        return finished, total

    @property
    def counted_fraction(self) -> float | None:
        """Share done by the `sample_counts`, 0 to 1, or ``None`` without them; finer than `progress`."""
        finished, total = self.sample_counts
        return min(finished, total) / total if finished is not None and total else None

    @property
    def reached(self) -> tuple[float | None, float | None]:
        """A measurement for the speed: `updated_at` in seconds since 1970 UTC, and the most precise share done."""
        share = self.fraction if self.counted_fraction is None else self.counted_fraction
        return self.updated_at.timestamp() if self.updated_at else None, share

    @property
    def is_done(self) -> bool:
        """Whether `status` is final."""
        return self.status in self.FINAL_STATUSES

    @property
    def succeeded(self) -> bool:
        """Whether the export succeeded."""
        return self.status == "SUCCESSED"

    @property
    def failed(self) -> bool:
        """Whether the export failed."""
        return self.status == "FAILED"

    @property
    def obs_uri(self) -> str | None:
        """`path` in the form ``obs://bucket/directory/``."""
        if not self.path:
            return None
        return "obs://" + self.path.split("://", 1)[-1].lstrip("/")

    def raise_for_status(self) -> None:
        """Raise if the export failed; return silently for every other status.

        Raises
        ------
        ExportFailedError
            With the service's ``error_code`` and ``error_msg``.

        Examples
        --------
        >>> ExportTask.from_json({"task_id": "t", "status": "FAILED", "error_msg": "no space"}).raise_for_status()
        Traceback (most recent call last):
        modelarts_widgets.api.errors.ExportFailedError: Export t failed: the service says "no space"
        """
        if self.failed:
            message = f"Export {self.task_id or 'task'} failed"
            raise ExportFailedError(message, error_code=self.error_code, error_msg=self.error_msg)

    def __repr__(self) -> str:
        share = None if self.fraction is None else f"{100 * self.fraction:.1f} %"
        words = " ".join(word for word in (self.task_id, self.status, share) if word)
        return printable(f"<ExportTask {words}>")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return type(self)._renderer(self)

    def _repr_html_(self) -> str | None:
        return type(self)._renderer(self).get("text/html")
