"""The estimators around the main one: curves, conditional moments, rough densities, trajectories,
synthetic tables.
"""
