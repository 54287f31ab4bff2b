"""Estimators around the main one, a folder each: they stand on the public names of motifnet.

Comes in: curves, instruments, tables without smoothness, trajectories, synthetic tables. Goes out:
scikit-learn estimators and reports. Never knows about: the inside of motifnet's other folders.
"""
