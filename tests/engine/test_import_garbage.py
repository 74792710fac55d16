"""What an import makes is not gone through in the first steps of a training."""

import subprocess
import sys

SCRIPT = """
import gc
import lamina as keras
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
print(len(gc.get_objects(0)) + len(gc.get_objects(1)), len(gc.get_objects(2)), gc.get_freeze_count())
"""


def test_modules_are_among_the_old_objects():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    young, old, frozen = map(int, done.stdout.split())
    assert old > 50_000
    assert young < 10_000
    assert not frozen
