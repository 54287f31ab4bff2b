"""Benchmarks on real tables.

Run from the root of the repository: `python -m benchmarks.accuracy`, `python -m benchmarks.curves`, or both: `python -m benchmarks`.
"""

import os

# threads that wait by spinning multiply the seconds of any method where another process wants a core
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
