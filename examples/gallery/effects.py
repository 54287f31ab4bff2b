"""What the model found: columns, pairs, groups

Concrete once more. The network is a closed formula of its columns, so that it can be taken apart:
how much each column matters on held-out rows, which pairs act together, what the effect of a column
looks like, where the errors are larger, and what one prediction is made of.
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
# What one prediction is made of: Shapley values, which add up from the mean prediction to that of
# the row.
row = model.explain_row(table.iloc[[0]])
print(row)

# %%
# Below, the same as a picture. Above, accumulated local effects on the strength in MPa, with 95 %
# bands: concrete hardens for some three months, quickly at first; more water for the same cement
# makes it weaker.
fig, axes = plt.subplot_mosaic("AB;CC", figsize=(6, 6.4), height_ratios=[1, 1.1])
axes["B"].sharey(axes["A"])
model.plot_effects(["age", "water"], ax=[axes["A"], axes["B"]])
axes["B"].set_ylabel("")
row.plot(ax=axes["C"])
plt.show()
