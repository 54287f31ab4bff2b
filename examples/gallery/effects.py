"""What the model found: columns, pairs, groups

Concrete once more. The network is a closed formula of its columns, so that it can be taken apart:
how much each column matters on held-out rows, which pairs act together, what the effect of a column
looks like, and where the errors are larger.
"""

import matplotlib.pyplot as plt
import pandas as pd

from motifnet import MotifRegressor

table = pd.read_csv("examples/concrete.csv")
table = table.drop_duplicates(list(table.columns[:8]))  # one test a mixture and age
strength = table.pop("strength")
model = MotifRegressor(preset="fast").fit(table, strength)
found = model.explain()

# %%
# Importance is what the squared error rises by when a column is shuffled, as a share of the
# variance of the target, on held-out rows. The shares do not add up to one.
importances = found.to_frame()[["column", "importance", "importance_se"]]
print(importances.head(5).round(2).to_string(index=False))

# %%
# Pairs of columns that act together, as a share of the variance of the network:
pairs = found.to_frame("interactions").sort_values("share_of_variance", ascending=False)
print(pairs.head(3).round(3).to_string(index=False))

# %%
# The groups of rows with the largest errors, as multiples of that of all rows. None is larger than
# chance allows, so none is marked as worse.
groups = found.to_frame("groups").sort_values("ratio", ascending=False)
print(groups[["column", "label", "rows", "ratio", "worse"]].head(3).round(2).to_string(index=False))

# %%
# Accumulated local effects on the strength in MPa, with 95 % bands. Concrete hardens for some three
# months, quickly at first. More water for the same cement makes it weaker.
fig, axes = plt.subplots(1, 2, figsize=(5, 3.2), sharey=True)
model.plot_effects(["age", "water"], ax=list(axes))
axes[1].set_ylabel("")
plt.show()
