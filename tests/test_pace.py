from __future__ import annotations

import pytest

from modelarts_widgets.pace import Pace, Point


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0.0, 0.1)],
        [(0.0, 0.1), (0.0, 0.2)],
        [(0.0, 0.1), (5.0, 0.1)],
        [(0.0, 0.2), (5.0, 0.1)],
        [(5.0, 0.1), (0.0, 0.2)],
        [(0.0, 0.0), (5.0, 5e-324)],
    ],
)
def test_points_that_show_no_move_forward_give_no_pace(points: list[Point]) -> None:
    assert Pace.of(points) is None


def test_the_pace_is_the_mean_from_first_to_last() -> None:
    pace = Pace.of([(100.0, 0.25), (101.0, 0.26), (110.0, 0.5)])
    assert pace is not None
    assert pace.share_per_second == pytest.approx(0.025)
    assert pace.seconds_left == pytest.approx(20.0)
