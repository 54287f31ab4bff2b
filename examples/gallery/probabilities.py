"""Classes with probabilities that hold

Breast cancer Wisconsin, from scikit-learn: 569 tumours, 30 measurements of each, benign or
malignant. The fit checks its probabilities on held-out rows. A set of classes says where one class
is certain enough.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from motifnet import MotifClassifier

data = load_breast_cancer(as_frame=True)
names = data.target.map({0: "malignant", 1: "benign"})
X, X_new, y, y_new = train_test_split(data.data, names, test_size=0.25, random_state=0)
model = MotifClassifier(preset="fast").fit(X, y)

# %%
# Scores of the fit on its held-out rows, and the accuracy on 143 rows that it never saw:
print(*model.scores_["target"], sep=", ")
print(f"accuracy {model.score(X_new, y_new):.3f} on new rows")

# %%
# `predict_set` gives the classes that are possible at a requested coverage. At 99 % some rows keep
# both: these are for a second look.
possible = model.predict_set(X_new, coverage=0.99)
both = possible.all(axis=1)
wrong = model.predict(X_new) != y_new.values
print(f"{both.sum()} of {both.size} tumours keep both classes")
print(f"{wrong.sum()} predictions are wrong, {(wrong & both).sum()} of them there")

# %%
# The reliability curve of held-out rows: what is calibrated lies on the diagonal. The bars are 95 %
# intervals; few rows have a probability in the middle.
fig, ax = plt.subplots(figsize=(5, 4))
model.plot_calibration(ax=ax)
plt.show()
