"""States of a run, the reasons why one fails, and which state may follow which.

QUEUED → STARTING → RUNNING → FINALIZING → SUCCEEDED is the ordinary way. Every live state can turn
into STOPPING, FAILED or LOST. SUCCEEDED, STOPPED and FAILED are final.
"""

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    FINALIZING = "FINALIZING"
    STOPPING = "STOPPING"
    LOST = "LOST"
    SUCCEEDED = "SUCCEEDED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class Reason(StrEnum):
    """Why a run ended as FAILED."""

    USER_ERROR = "user_error"
    SPEC_INVALID = "spec_invalid"
    DOWNLOAD_FAILED = "download_failed"
    OOM_RAM = "oom_ram"
    OOM_GPU = "oom_gpu"
    DISK_FULL = "disk_full"
    KILLED_SIGNAL = "killed_signal"
    START_TIMEOUT = "start_timeout"
    STALLED = "stalled"
    DEADLINE = "deadline"
    LOST = "lost"
    NON_FINITE_LOSS = "non_finite_loss"
    INTERNAL = "internal"


ENDED = frozenset({RunState.SUCCEEDED, RunState.STOPPED, RunState.FAILED})
# A process exists, or is about to, or may have been left behind.
ATTACHED = frozenset(RunState) - ENDED - {RunState.QUEUED}

_FOLLOWERS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.STOPPED, RunState.FAILED}),
    RunState.STARTING: frozenset(
        {RunState.RUNNING, RunState.FINALIZING, RunState.STOPPING, RunState.LOST, RunState.FAILED}
        | {RunState.STOPPED, RunState.SUCCEEDED}
    ),
    RunState.RUNNING: frozenset(
        {RunState.FINALIZING, RunState.STOPPING, RunState.LOST, RunState.FAILED, RunState.STOPPED}
        | {RunState.SUCCEEDED}
    ),
    RunState.FINALIZING: frozenset(
        {RunState.SUCCEEDED, RunState.STOPPED, RunState.FAILED, RunState.LOST}
    ),
    RunState.STOPPING: frozenset(
        {RunState.FINALIZING, RunState.STOPPED, RunState.SUCCEEDED, RunState.FAILED, RunState.LOST}
    ),
    RunState.LOST: frozenset({RunState.QUEUED, RunState.FAILED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.STOPPED: frozenset(),
    RunState.FAILED: frozenset(),
}


def may_follow(current: RunState, following: RunState) -> bool:
    """Whether a run in `current` may become `following`."""
    return following in _FOLLOWERS[current]
