from __future__ import annotations

import threading

import pytest

from modelarts_widgets.polling.speed import MAX_POINTS, STALLED_AFTER, Point, Speed, SpeedEstimator


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
def test_too_little_or_no_move_forward_gives_no_speed(moves: list[tuple[float, float]]) -> None:
    assert Speed.of(points(*moves), 9.0) is None


def test_the_speed_is_the_mean_from_first_to_last() -> None:
    speed = Speed.of(points((100.0, 0.25), (101.0, 0.26), (110.0, 0.5)), 110.0)
    assert speed is not None
    assert speed.share_per_second == pytest.approx(0.025)
    assert speed.seconds_left == pytest.approx(20.0)
    assert speed.stalled_for is None


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
    speed = Speed.of(moves, 2 * gap + silence)
    assert speed is not None
    assert speed.stalled_for == (silence if is_stalled else None)


def test_a_stall_is_seen_on_our_clock_though_the_services_stands_still() -> None:
    moves = [Point(1.0, 0.1, 50.0), Point(2.0, 0.2, 51.0), Point(3.0, 0.3, 52.0)]
    speed = Speed.of(moves, 52.0 + STALLED_AFTER)
    assert speed is not None
    assert speed.stalled_for == STALLED_AFTER


def test_an_estimator_keeps_the_last_moves_only() -> None:
    estimator = SpeedEstimator()
    for second in range(10 * MAX_POINTS):
        estimator.add(float(second), min(second, 200) / 1_000, float(second))  # it stands still from 0.2 on
    speed = estimator.speed(200.0)
    assert speed is not None
    assert speed.share_per_second == pytest.approx(0.001)
    assert speed.seconds_left == pytest.approx(800.0)


@pytest.mark.parametrize("point", [(None, 0.5, 3.0), (3.0, None, 3.0), (3.0, 0.3, 3.0)], ids=repr)
def test_a_point_that_is_unknown_or_no_move_is_left_out(point: tuple[float | None, float | None, float]) -> None:
    estimator = SpeedEstimator()
    for second in (1.0, 2.0, 3.0):
        estimator.add(second, second / 10, second)
    before = estimator.speed(3.0)
    assert before is not None
    estimator.add(*point)
    assert estimator.speed(3.0) == before


def test_a_speed_is_read_while_points_are_added() -> None:
    estimator = SpeedEstimator()
    for second in range(MAX_POINTS):
        estimator.add(float(second), second / 100, float(second))
    errors: list[Exception] = []
    is_over = threading.Event()

    def read() -> None:
        try:
            while not is_over.is_set():
                estimator.speed(100.0)
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for second in range(MAX_POINTS, 20_000):
        estimator.add(float(second), second / 20_000, float(second))
    is_over.set()
    for reader in readers:
        reader.join()
    assert not errors
