"""Rows that belong together: scores for new mixtures

The 1,030 rows of the table of concrete are 427 mixtures, many of them tested at several ages. A
random fold keeps some ages of a mixture for the fit and scores the others: the error is that for a
known mixture at another age. Who wants to predict new mixtures says so by `groups=`.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from motifnet import MotifRegressor

table = pd.read_csv("examples/concrete.csv")
table = table.drop_duplicates(list(table.columns[:8]))  # one test a mixture and age
mixture = table.groupby(list(table.columns[:7])).ngroup()
X, y = table.drop(columns="strength"), table.strength
chosen = np.random.default_rng(0).permutation(mixture.max() + 1)
new = mixture.isin(chosen[:100])  # mixtures of which the fits see no age

# %%
# The same rows twice, once as if each were a mixture of its own:
fits = {
    "random folds": MotifRegressor(preset="fast").fit(X[~new], y[~new]),
    "groups": MotifRegressor(preset="fast").fit(X[~new], y[~new], groups=mixture[~new]),
}
expected, seen = [], []
for name, model in fits.items():
    _, rmse = model.scores_["strength"]
    error = np.sqrt(np.mean((model.predict(X[new]) - y[new]) ** 2))
    ends = model.predict_interval(X[new], coverage=0.9)
    held = np.mean((ends[:, 0] <= y[new]) & (y[new] <= ends[:, 1]))
    print(f"{name}: expects {rmse}, new mixtures {error:.2f}, 90 % intervals hold {held:.0%}")
    expected.append(rmse)
    seen.append(error)

# %%
# Random folds expect an error that is too small for new mixtures. With groups the expected error is
# the one that comes, within its ±, and the intervals are as wide as new mixtures need. What is
# predicted is nearly the same: `groups=` is for the scores and the intervals.
fig, ax = plt.subplots(figsize=(5, 2.6))
place = [1, 0]
ax.errorbar(
    [score.value for score in expected],
    place,
    xerr=[2 * score.error for score in expected],
    fmt="o",
    color="C0",
    capsize=4,
    label="expected by the fit, ± 2 standard errors",
)
ax.plot(seen, place, "D", color="C1", label="on 100 new mixtures")
ax.set(yticks=place, yticklabels=list(fits), ylim=(-0.5, 1.9), xlabel="RMSE, MPa")
ax.legend(frameon=False, loc="upper right", fontsize=8)
plt.show()
