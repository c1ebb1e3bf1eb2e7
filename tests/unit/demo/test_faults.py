"""Faults on demand, limits and the tally, without a server."""

import pytest

from lib.demo.faults import ANSWERS, DATA, INSIDE, KINDS, WIRE, Fault, FaultBook, refusal_of
from lib.demo.limits import Limiter, Tally


def test_a_fault_hits_its_path_so_many_times():
    """Twice on the paths that contain its part, then never again."""
    book = FaultBook()
    book.add(Fault(kind="500", path="/latest", times=2))
    kinds = frozenset(ANSWERS)
    asked = ["/a", "/latest", "/latest/", "/latest"]
    assert [book.take(path, kinds) is not None for path in asked] == [False, True, True, False]
    assert book.listed() == []


def test_without_times_it_lasts_until_healed():
    """Healing one kind leaves the others."""
    book = FaultBook()
    book.add(Fault(kind="slow"))
    book.add(Fault(kind="srm"))
    assert all(book.take("/x", WIRE) for _ in range(5))
    book.heal("slow")
    assert book.take("/x", WIRE) is None
    assert [f.kind for f in book.take_all("/x", DATA)] == ["srm"]
    book.heal()
    assert book.listed() == []


def test_an_unknown_fault_is_refused():
    """With the kinds that there are."""
    with pytest.raises(ValueError, match="no such fault: 418"):
        FaultBook().add(Fault(kind="418"))


def test_every_answer_carries_its_status():
    """The kinds named after a status answer with it."""
    for kind in ANSWERS:
        found = refusal_of(Fault(kind=kind, seconds=7))
        assert not kind.isdigit() or found.status == int(kind)
    assert refusal_of(Fault(kind="429", seconds=7)).headers == {"Retry-After": "7"}
    assert refusal_of(Fault(kind="429_bare")).headers == {}
    assert len(KINDS) == len(ANSWERS) + len(WIRE) + len(INSIDE) + len(DATA)


class At:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def test_the_minute_and_the_hour_are_counted():
    """480 a minute, then a wait until the first of them is a minute old; 4,800 an hour."""
    now = At()
    limiter = Limiter(now)
    assert {limiter.wait_s("k", is_query=False) for _ in range(480)} == {0}
    assert limiter.wait_s("k", is_query=False) == 60
    assert limiter.wait_s("other", is_query=False) == 0
    assert limiter.wait_s("k", is_query=True) == 0
    for _ in range(9):
        now.seconds += 60.5
        assert {limiter.wait_s("k", is_query=False) for _ in range(480)} == {0}
    now.seconds += 60.5
    assert limiter.wait_s("k", is_query=False) == 3600 - 605
    now.seconds += 3600
    assert limiter.wait_s("k", is_query=False) == 0


def test_the_tally_counts_paths_keys_and_statuses():
    """And begins again when it is cleared."""
    tally = Tally()
    tally.count("GET", "/a", "phx_demo")
    tally.count("GET", "/a", "none")
    tally.answered(200)
    assert tally.told() == {
        "total": 2,
        "paths": {"GET /a": 2},
        "keys": {"phx_demo": 1, "none": 1},
        "statuses": {"200": 1},
    }
    tally.clear()
    assert tally.told()["total"] == 0
