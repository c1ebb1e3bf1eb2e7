"""kill -9 in the middle of writing; ``tests/bench/crash.py`` does it 50 times."""

from tests.bench.crash import kill_often


def test_a_killed_writer_leaves_whole_polls(database_url):
    """After each of five kills the store opens, every poll said is there, none is there in half."""
    assert kill_often(database_url, times=5) >= 5
