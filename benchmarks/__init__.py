"""Benchmarks on real tables.

Run from the root of the repository: `python -m benchmarks.accuracy`, `python -m benchmarks.curves`, or both: `python -m benchmarks`.
"""
