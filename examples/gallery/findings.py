"""Structure of a table: symmetry and a jump

A house with three equal rooms, simulated, so that the truth is known: the energy use depends on the
temperatures of the rooms in any order, and on the wind; where the mean is below 17 °C a second
boiler starts. `profile` looks for such structure, and a fit builds it into its network where
held-out rows gain.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from motifnet import MotifRegressor, profile

rng = np.random.default_rng(0)
rooms = rng.uniform(12, 22, size=(4000, 3))
wind = rng.gamma(4, 2, 4000)
cold = np.clip(20 - rooms, 0, None)
truth = cold.sum(axis=1) * (0.5 + 0.05 * wind) + 6.0 * (rooms.mean(axis=1) < 17)
table = pd.DataFrame(rooms, columns=["kitchen", "living", "bedroom"]).assign(wind=wind)
energy = truth + rng.normal(0, 1, 4000)
X, y = table[:2000], energy[:2000]

# %%
# Each detector measures, with an interval, and says what it would change:
found = profile(X, y)
for finding in (found[name] for name in ("singularity", "invariance", "intrinsic dimension")):
    print(f"{finding.detector}: {finding.verdict}. {finding.sentence}\n")

# %%
# A fit does this by itself (`profile="auto"` is the default). The ledger says which layers stayed.
# The errors are root mean squares against the truth at 2,000 new rows.
fitted = MotifRegressor(preset="fast").fit(X, y)
without = MotifRegressor(preset="fast", profile=None).fit(X, y)
print(fitted.ledger_.to_frame()[["stage", "error", "kept"]].to_string(index=False))
for name, model in (("with structure", fitted), ("without", without)):
    error = model.predict(table[2000:]) - truth[2000:]
    print(f"{name}: {np.sqrt(np.mean(error**2)):.2f}")

# %%
# All rooms equally warm, with the same wind: the network with structure jumps where the truth does.
line = np.linspace(13, 21, 200)
path = pd.DataFrame(dict.fromkeys(X.columns[:3], line)).assign(wind=8.0)
true = 3 * np.clip(20 - line, 0, None) * 0.9 + 6.0 * (line < 17)
fig, ax = plt.subplots(figsize=(5, 3.6))
ax.plot(line, true, color="0.6", linewidth=5, label="truth")
ax.plot(line, without.predict(path), color="C1", label="without structure")
ax.plot(line, fitted.predict(path), color="C0", label="with structure")
ax.set(xlabel="temperature of all rooms, °C", ylabel="energy use")
ax.legend(frameon=False)
plt.show()
