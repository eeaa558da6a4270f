from __future__ import annotations

import pytest

from modelarts_widgets.polling.speed import STALLED_AFTER, Pace, Point


def points(*moves: tuple[float, float]) -> list[Point]:
    """Make points whose time on our clock is that on the service's."""
    return [Point(moment, share, moment) for moment, share in moves]


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [(0.0, 0.1)],
        [(0.0, 0.1), (5.0, 0.2)],
        [(0.0, 0.1), (0.0, 0.2), (0.0, 0.3)],
        [(0.0, 0.3), (5.0, 0.2), (9.0, 0.1)],
        [(0.0, 0.1), (5.0, 0.2), (9.0, 0.1)],
        [(9.0, 0.1), (5.0, 0.2), (0.0, 0.3)],
        [(0.0, 0.0), (5.0, 1e-323), (9.0, 5e-324)],
    ],
)
def test_too_little_or_no_move_forward_gives_no_pace(moves: list[tuple[float, float]]) -> None:
    assert Pace.of(points(*moves), 9.0) is None


def test_the_pace_is_the_mean_from_first_to_last() -> None:
    pace = Pace.of(points((100.0, 0.25), (101.0, 0.26), (110.0, 0.5)), 110.0)
    assert pace is not None
    assert pace.share_per_second == pytest.approx(0.025)
    assert pace.seconds_left == pytest.approx(20.0)
    assert pace.stalled_for is None


@pytest.mark.parametrize(
    ("gap", "silence", "is_stalled"),
    [
        (2.0, STALLED_AFTER - 1, False),
        (2.0, STALLED_AFTER, True),
        (60.0, STALLED_AFTER, False),
        (60.0, 299.0, False),
        (60.0, 300.0, True),
    ],
)
def test_a_silence_is_a_stall_when_it_is_long_for_this_export(gap: float, silence: float, is_stalled: bool) -> None:  # noqa: FBT001
    moves = points((0.0, 0.1), (gap, 0.2), (2 * gap, 0.3))
    pace = Pace.of(moves, 2 * gap + silence)
    assert pace is not None
    assert pace.stalled_for == (silence if is_stalled else None)


def test_a_stall_is_seen_on_our_clock_though_the_services_stands_still() -> None:
    moves = [Point(1.0, 0.1, 50.0), Point(2.0, 0.2, 51.0), Point(3.0, 0.3, 52.0)]
    pace = Pace.of(moves, 52.0 + STALLED_AFTER)
    assert pace is not None
    assert pace.stalled_for == STALLED_AFTER
