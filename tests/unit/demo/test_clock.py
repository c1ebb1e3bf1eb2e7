"""The stand-in's clock."""

import pytest

from lib.demo.clock import ServerClock, day_of, http_date, iso

START = 1_800_000_000.25  # 2027-01-15T08:00:00.25Z


class Real:
    def __init__(self):
        self.seconds = START

    def __call__(self):
        return self.seconds


@pytest.fixture
def real():
    return Real()


def test_time_runs_at_its_speed_from_a_whole_second(real):
    """Ten real seconds at 720x are two hours."""
    clock = ServerClock(now=real, speed=720)
    assert clock.now() == clock.anchor == 1_800_000_000
    real.seconds += 10
    assert clock.now() == clock.anchor + 7200


@pytest.mark.parametrize("speed", [0.5, 1, 720, 7200])
def test_a_run_finishes_every_ten_real_seconds(real, speed):
    """The cut-off stands still between two runs, whatever the speed."""
    clock = ServerClock(now=real, speed=speed)
    seen = []
    for _ in range(31):
        seen.append(clock.last_run())
        real.seconds += 1
    assert sorted(set(seen)) == [clock.anchor + 10 * speed * k for k in range(4)]
    assert seen == sorted(seen)


def test_no_run_lies_in_the_future(real):
    """A cut-off is never after the server's now."""
    clock = ServerClock(now=real, speed=720)
    for _ in range(200):
        assert clock.last_run() <= clock.now()
        real.seconds += 0.37


def test_a_jump_moves_now_and_the_runs(real):
    """A test may move the server's time at once."""
    clock = ServerClock(now=real, speed=1)
    clock.jump(86_400)
    assert clock.now() == clock.last_run() == clock.anchor + 86_400


def test_a_restart_can_go_on(real):
    """With the moment at which the first one began, the second one tells the same time."""
    first = ServerClock(now=real, speed=720)
    real.seconds += 300.5
    second = ServerClock(now=real, speed=720, since=first.began)
    assert second.now() == first.now()
    assert second.last_run() == first.last_run()
    assert second.anchor == first.anchor


def test_real_time_going_back_does_not_take_the_server_with_it(real):
    """A corrected system clock never yields a moment before the start."""
    clock = ServerClock(now=real, speed=720)
    real.seconds -= 100
    assert clock.now() == clock.anchor


def test_moments_are_written_as_posthog_writes_them():
    """Microseconds only where there are some, Z at the end; the header as HTTP wants it."""
    assert iso(1_800_000_000) == "2027-01-15T08:00:00Z"
    assert iso(1_800_000_000.5) == "2027-01-15T08:00:00.500000Z"
    assert day_of(1_800_000_000) == "2027-01-15"
    assert http_date(1_800_000_000) == "Fri, 15 Jan 2027 08:00:00 GMT"
