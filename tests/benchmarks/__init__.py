"""How fast the engine is, against a loop by hand and against its peers. `python -m benchmarks --help`, or `make bench`.

Nothing here is a test of time: a busy machine makes every number worthless. The suite's own logic is tested in
`tests/benchmarks/test_suite.py` on workloads that take a moment.
"""
