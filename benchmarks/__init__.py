"""Benchmarks on real tables.

Run from the root of the repository: `python -m benchmarks.field`, `.accuracy`, `.curves`, or all:
`python -m benchmarks`. Keep the machine free of other work: threads that wait by spinning multiply
the seconds of methods with two threads where another process wants a core.
"""
