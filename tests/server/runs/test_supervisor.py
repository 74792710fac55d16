"""The supervisor with real processes: starts, stops with growing force, and never leaves orphans."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from lamina_studio.runs import supervisor
from lamina_studio.runs.folders import Exit, Order, ProcessId, RunFolder, read_json

# What a trainer must do at the least: end when the lifeline ends.
TRAINER = """
import os, signal, sys, threading, time
def watch(lifeline):
    os.read(lifeline, 1)
    os._exit(70)
threading.Thread(target=watch, args=(int(sys.argv[-1]),), daemon=True).start()
def ready():
    open(sys.argv[1] + "/ready", "w").close()
"""
WAITS = TRAINER + "ready()\nwhile True: time.sleep(60)"
HEEDS_SIGTERM = (
    TRAINER + "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nready()\ntime.sleep(60)"
)
DEAF = (
    TRAINER + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nready()\nwhile True: time.sleep(60)"
)


class Supervised:
    def __init__(self, folder: RunFolder, program: str, **order) -> None:
        self.folder = folder
        self.attempt = folder.attempt(1)
        argv = [sys.executable, "-c", textwrap.dedent(program), str(folder.path)]
        patience = {"terminate_after_s": 10, "kill_after_s": 30}
        folder.prepare(1, spec={}, order=Order(argv=argv, **{**patience, **order}))
        self.process = start_supervisor(folder, 1)

    def pids(self):
        content = read_json(self.attempt.processes)
        return {who: ProcessId(**identity) for who, identity in content.items()}


def start_supervisor(folder, attempt):
    return subprocess.Popen(
        [sys.executable, "-m", "lamina_studio.runs.supervisor", str(folder.path), str(attempt)],
        start_new_session=True,
    )


@pytest.fixture
def supervise(tmp_path):
    started = []

    def start(program, **order):
        started.append(Supervised(RunFolder(tmp_path), program, **order))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_records_how_the_trainer_ended(supervise):
    run = supervise(TRAINER + "sys.exit(5)")
    assert run.process.wait(10) == 0
    assert Exit.read(run.attempt.exit) == Exit(code=5, signal=None)
    assert not run.folder.is_supervised()


def test_holds_the_lock_while_the_trainer_runs(supervise, until):
    run = supervise(WAITS)
    until((run.folder.path / "ready").exists)
    assert run.folder.is_supervised()
    assert all(identity.is_alive() for identity in run.pids().values())


def test_sigterm_means_stop_now_and_force_after_the_rest_of_the_patience(supervise, until):
    run = supervise(DEAF, terminate_after_s=10, kill_after_s=10.3)
    until((run.folder.path / "ready").exists)
    run.process.terminate()
    run.process.wait(10)
    assert Exit.read(run.attempt.exit) == Exit(code=None, signal=9, forced=True)


def test_waits_for_space_to_record_the_end(supervise, until):
    run = supervise(WAITS)
    until((run.folder.path / "ready").exists)
    run.attempt.exit.mkdir()  # stands in the way of the file
    os.kill(run.pids()["trainer"].pid, signal.SIGKILL)
    until(lambda: not run.pids()["trainer"].is_alive())
    assert run.folder.is_supervised()
    run.attempt.exit.rmdir()
    run.process.wait(10)
    assert Exit.read(run.attempt.exit) == Exit(code=None, signal=9)


def test_ends_when_the_folder_of_its_run_is_gone(supervise, until):
    run = supervise(WAITS)
    until((run.folder.path / "ready").exists)
    trainer = run.pids()["trainer"]
    shutil.rmtree(run.folder.path)
    trainer.send(signal.SIGKILL)
    assert run.process.wait(10) == 0


def test_a_killed_trainer_is_recorded_with_its_signal(supervise, until):
    run = supervise(WAITS)
    until(run.attempt.processes.exists)
    os.kill(run.pids()["trainer"].pid, signal.SIGKILL)
    run.process.wait(10)
    assert Exit.read(run.attempt.exit) == Exit(code=None, signal=9)


def test_a_stop_request_becomes_sigterm_after_a_while(supervise, until):
    run = supervise(HEEDS_SIGTERM, terminate_after_s=0.3, kill_after_s=30)
    until((run.folder.path / "ready").exists)
    run.attempt.stop.touch()
    run.process.wait(10)
    assert Exit.read(run.attempt.exit) == Exit(code=7, signal=None)


def test_a_deaf_trainer_is_killed_with_its_group(supervise, until):
    spawns = DEAF.replace(
        "ready()\n",
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "open(sys.argv[1] + '/child', 'w').write(str(child.pid))\n"
        "ready()\n",
    )
    run = supervise(spawns, terminate_after_s=0.1, kill_after_s=0.5)
    until((run.folder.path / "ready").exists)
    child = ProcessId.of(int((run.folder.path / "child").read_text()))
    run.attempt.stop.touch()
    run.process.wait(10)
    assert Exit.read(run.attempt.exit) == Exit(code=None, signal=9, forced=True)
    until(lambda: not child.is_alive())


def test_ends_what_the_trainer_left_in_its_group(supervise, until):
    leaves = TRAINER + (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "open(sys.argv[1] + '/child', 'w').write(str(child.pid))\n"
    )
    run = supervise(leaves)
    run.process.wait(10)
    child = ProcessId.of(int((run.folder.path / "child").read_text()))
    until(lambda: not child.is_alive())


def test_kill_9_of_the_supervisor_ends_the_trainer_too(supervise, until):
    run = supervise(DEAF)
    until((run.folder.path / "ready").exists)
    trainer = run.pids()["trainer"]
    run.process.kill()
    run.process.wait()
    until(lambda: not trainer.is_alive())
    assert not run.folder.is_supervised()
    assert not run.attempt.exit.exists()


def test_a_trainer_above_its_memory_limit_is_ended(supervise):
    hog = TRAINER + "block = bytearray(200 * 2**20)\nblock[::4096] = b'x' * len(block[::4096])\n"
    run = supervise(hog + "time.sleep(60)", memory_bytes=100 * 2**20)
    run.process.wait(10)
    assert Exit.read(run.attempt.exit) == Exit(code=None, signal=9, over_memory=True)


def test_an_older_attempt_does_not_start_any_more(tmp_path):
    folder = RunFolder(tmp_path)
    touch = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w')", str(tmp_path / "ran")]
    folder.prepare(1, spec={}, order=Order(touch, 10, 30))
    folder.prepare(2, spec={}, order=Order(touch, 10, 30))
    assert start_supervisor(folder, 1).wait(10) == supervisor.NOT_MY_TURN
    assert not (tmp_path / "ran").exists()


def test_a_second_supervisor_of_the_same_attempt_does_not_start_it_again(supervise):
    run = supervise(TRAINER + "open(sys.argv[1] + '/starts', 'a').write('x')")
    second = start_supervisor(run.folder, 1)
    run.process.wait(15)
    second.wait(15)
    assert (run.folder.path / "starts").read_text() == "x"


def test_outlives_the_end_of_whoever_started_it(supervise, until):
    run = supervise(WAITS)
    until(run.attempt.processes.exists)
    assert os.getsid(run.process.pid) == run.process.pid
    assert os.getpgid(run.pids()["trainer"].pid) != os.getpgid(run.process.pid)


def test_keeps_nothing_open_of_whoever_started_it(tmp_path, until):
    folder = RunFolder(tmp_path)
    argv = [sys.executable, "-c", WAITS, str(tmp_path)]
    folder.prepare(1, spec={}, order=Order(argv, 10, 30))
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = subprocess.Popen(
        [sys.executable, "-m", "lamina_studio.runs.supervisor", str(tmp_path), "1"],
        close_fds=False,
        start_new_session=True,
    )
    os.close(writing)
    try:
        until((tmp_path / "ready").exists)
        assert os.read(reading, 1) == b""  # the end: nobody holds the other side any more
    finally:
        process.kill()
        process.wait()
        os.close(reading)


def test_imports_nothing_but_the_standard_library():
    program = (
        "import sys, lamina_studio.runs.supervisor\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names - sys.stdlib_module_names - {'__main__', 'lamina_studio'}))"
    )
    # -S: what the site's .pth files import is no doing of the supervisor
    path = os.pathsep.join(entry for entry in sys.path if entry.endswith("server"))
    printed = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert printed.strip() == "[]"
