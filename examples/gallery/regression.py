"""A regression and its report

The strength of concrete from its mixture and its age: 1,030 rows, eight columns of numbers, 824 to
fit and 206 held out. A fit needs no settings. It tells what each of its stages is worth on rows
that took no part in it, and writes a report of one page.
"""

import matplotlib.pyplot as plt
import pandas as pd

from motifnet import MotifRegressor

table = pd.read_csv("examples/concrete.csv").sample(frac=1, random_state=0)
strength = table.pop("strength")
X, y, X_new, y_new = table[:824], strength[:824], table[824:], strength[824:]
model = MotifRegressor(preset="fast").fit(X, y)

# %%
# The warning is about mixtures that the table holds twice; [groups](groups.md) says what to do.
# The first line has the scores of the fit on its held-out rows, the second that of rows which it
# never saw. It is a little better, as the networks of the folds have fewer rows, and by the luck of
# one split.
print(*model.scores_["strength"], sep=", ")
print(f"R² {model.score(X_new, y_new):.3f} on new rows")

# %%
# The ledger has a row for each stage. The error is a share of the standard deviation of the target.
# A stage that does not lower it on held-out rows is left out.
print(model.ledger_.to_frame()[["stage", "error", "parameters", "kept"]].to_string(index=False))

# %%
# The report is one HTML file without scripts: verdict, network, effects of the columns, groups of
# rows with larger errors, coverage, certificate.
report = model.report("concrete.html", overwrite=True)
print(*report.facts["verdict"]["sentences"], sep="\n")

# %%
# The picture shows the 206 held-out mixtures. Those more than 10 MPa off are red.
predicted = model.predict(X_new)
far = abs(predicted - y_new) > 10
fig, ax = plt.subplots(figsize=(5, 4))
ax.plot([0, 85], [0, 85], color="0.6", linewidth=1)
ax.plot(predicted[~far], y_new[~far], "o", color="C0", markersize=4, alpha=0.7)
ax.plot(predicted[far], y_new[far], "o", color="C1", markersize=5)
ax.set(xlabel="predicted strength, MPa", ylabel="measured strength, MPa")
plt.show()
