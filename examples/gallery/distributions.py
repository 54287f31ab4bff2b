"""A distribution for every row

Progression of diabetes within a year, from scikit-learn: 442 patients, ten columns, and much that
these do not tell. A single number says little here. `predict_distribution` gives the whole law of
the next observation at each row, wider where errors are larger.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from motifnet import MotifRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X, X_new, y, y_new = train_test_split(X, y, test_size=0.3, random_state=0)
model = MotifRegressor(preset="fast").fit(X, y)
law = model.predict_distribution(X_new)

# %%
# Mean, standard deviation, median and the probability of more than 200, of the first three rows:
first = law.to_frame()[["mean", "sd", "q0.5"]].head(3)
print(first.assign(above_200=1 - law.cdf(200)[:3]).round(2).to_string(index=False))

# %%
# Does it hold? Shares of 133 new patients inside intervals, and the mean CRPS, which is a distance
# between the law and the observation in the unit of the target. Beside it stands the CRPS of the law
# of all patients of the fit, which knows no columns.
for coverage in (0.5, 0.8, 0.9):
    low, high = model.predict_interval(X_new, coverage=coverage).T
    print(f"{coverage:.0%} intervals hold {np.mean((low <= y_new) & (y_new <= high)):.0%}")
apart = np.abs(np.subtract.outer(y.values, y.values)).mean() / 2
blind = np.abs(np.subtract.outer(y_new.values, y.values)).mean() - apart
print(f"CRPS {law.crps(y_new).mean():.1f}, without columns {blind:.1f}")

# %%
# New patients by their predicted median: half of the law is in the dark band, nine tenths in the
# pale one. Observations outside of the pale one are red.
low, q1, q3, high = law.quantile([0.05, 0.25, 0.75, 0.95]).T
order = np.argsort(law.quantile(0.5))
place = np.arange(len(order))
out = ((y_new < low) | (y_new > high)).values[order]
fig, ax = plt.subplots(figsize=(5, 4))
ax.fill_between(place, low[order], high[order], color="C0", alpha=0.2, linewidth=0)
ax.fill_between(place, q1[order], q3[order], color="C0", alpha=0.4, linewidth=0)
ax.plot(place[~out], y_new.values[order][~out], "o", color="C0", markersize=3)
ax.plot(place[out], y_new.values[order][out], "o", color="C1", markersize=5)
ax.set(xlabel="new patients, by predicted median", ylabel="progression of diabetes")
plt.show()
