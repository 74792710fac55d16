"""`python -m tests.engine.keras_suite`: Keras' own tests on lamina, as a table.

python -m tests.engine.keras_suite                     every family
python -m tests.engine.keras_suite losses layers/core  some, by folder or file below keras/src
python -m tests.engine.keras_suite --files layers      a line for each file
python -m tests.engine.keras_suite --failures losses   with what fails, and why
python -m tests.engine.keras_suite --real losses       Keras on its own tests, for comparison
"""

from __future__ import annotations

import argparse
from collections import Counter

from tests.engine.keras_suite.running import Tally, run_tests, table, tallies
from tests.engine.keras_suite.scope import FAMILIES


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", help="folders or files below keras/src")
    parser.add_argument("--files", action="store_true", help="a line for each file")
    parser.add_argument("--failures", action="store_true", help="list what fails")
    parser.add_argument("--real", action="store_true", help="run the tests on Keras itself")
    options = parser.parse_args()
    lines = run_tests(options.paths or FAMILIES, real=options.real)
    print(*table(tallies(lines, by_file=options.files)), sep="\n")
    every = Tally()
    for line in lines:
        every.add(line)
    print("\nout of scope:")
    for reason, count in Counter(every.out).most_common():
        print(f"{count:6} {reason}")
    if options.failures:
        print("\nfailed:")
        for place, why in every.failed:
            print(f"  {place}\n      {why}")


if __name__ == "__main__":
    main()
