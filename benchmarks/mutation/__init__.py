"""Mutation score: small faults are put into the code one at a time, and the share of them is
counted that some test notices.

mutmut and cosmic-ray, which are well kept, do not fit: mutmut leaves decorated functions alone, and
here a family registers itself by a decorator; cosmic-ray starts Python anew for each mutant.
Neither takes a seeded sample or chooses tests by the line that was changed.
"""
