<<<<<<< HEAD
"""The estimators around the main one: curves, conditional moments, rough densities, trajectories,
synthetic tables.
=======
"""Estimators around the main one, a folder each: they stand on the public names of motifnet.

Comes in: curves, instruments, trajectories, tables. Goes out: scikit-learn estimators and reports.
Never knows about: the inside of motifnet's other folders.
>>>>>>> functional
"""
