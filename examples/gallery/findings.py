"""Structure of a table: a symmetry and a jump

Two simulated tables, so that the truth is known. In the first, three equal rooms lose heat, and it
does not matter which of them is called first. In the second, a second boiler starts when it is cold
and windy. `profile` looks for such structure, and a fit builds it into its network where held-out
rows gain.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from motifnet import MotifRegressor, profile

rng = np.random.default_rng(0)
rooms = pd.DataFrame(rng.uniform(12, 22, (1400, 3)), columns=["kitchen", "living", "bedroom"])
loss = 0.02 * rooms.prod(axis=1) ** (2 / 3) + 0.3 * (rooms.max(axis=1) - rooms.min(axis=1))

weather = pd.DataFrame({"outside": rng.uniform(-5, 20, 3000), "wind": rng.gamma(4, 2, 3000)})
power = 0.1 * (20 - weather.outside) * (4 + 0.5 * weather.wind)
power += 6.0 * (weather.outside - 0.8 * weather.wind < 2)
tables = {
    "invariance": (rooms, loss, (loss + 0.3 * rng.normal(size=1400)).rename("loss")),
    "singularity": (weather, power, (power + rng.normal(size=3000)).rename("power")),
}

# %%
# Each detector measures with an interval, tests at a stated level, and says what it would change.
# The last 1,000 rows of each table are kept for a comparison.
for name, (X, _, y) in tables.items():
    print(profile(X[:-1000], y[:-1000])[name].sentence)

# %%
# A fit looks by itself: `profile="auto"` is the default. Its ledger has a row for each layer that it
# builds from a finding. The errors are root mean squares against the truth, with and without.
models = {}
for name, (X, truth, y) in tables.items():
    for option in ("auto", None):
        model = MotifRegressor(preset="fast", profile=option).fit(X[:-1000], y[:-1000])
        error = np.sqrt(np.mean((model.predict(X[-1000:]) - truth[-1000:]) ** 2))
        kept = [row.stage for row in model.ledger_ if row.kept]
        built = " ".join({"sorting layer", "step"} & {*kept}) or "no layer"
        print(f"{name}, profile={option!r}: {error:.3f}, {built}")
        models[name, option] = model

# %%
# The second table at a wind of 8 m/s: the network with a step jumps where the truth does.
line = pd.DataFrame({"outside": np.linspace(5, 12, 300), "wind": 8.0})
true = 0.1 * (20 - line.outside) * 8 + 6.0 * (line.outside < 8.4)
fig, ax = plt.subplots(figsize=(5, 3.6))
ax.plot(line.outside, true, color="0.7", linewidth=5, label="truth")
ax.plot(line.outside, models["singularity", None].predict(line), color="C1", label="profile=None")
ax.plot(line.outside, models["singularity", "auto"].predict(line), color="C0", label="with a step")
ax.set(xlabel="temperature outside, °C", ylabel="power")
ax.legend(frameon=False)
plt.show()
