"""Helpers of the tests of runs: wait on conditions, never on time."""

import time

import pytest

DEADLINE_S = 20.0


@pytest.fixture
def until():
    """Return the first true value of a condition, or fail when it stays false for too long."""

    def wait(condition, deadline_s=DEADLINE_S):
        end = time.monotonic() + deadline_s
        while not (value := condition()):
            assert time.monotonic() < end, f"still waiting for {condition}"
            time.sleep(0.01)
        return value

    return wait
