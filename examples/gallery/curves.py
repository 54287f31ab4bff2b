"""Curves: the fat of meat from its spectrum

One row is a curve: absorbances at sixty wavelengths. The spectra are simulated in the manner of an
instrument: fat absorbs around 930 nm and water around 970 nm, and each sample scatters light, which
moves its whole curve and stretches it.
"""

import matplotlib.pyplot as plt
import numpy as np

from motifnet import MotifRegressor
from motifnet.functional import FunctionalMotifRegressor

rng = np.random.default_rng(0)
n, nm = 240, np.linspace(850, 1050, 60)
fat = rng.uniform(1, 50, n)  # per cent
water = 78 - 0.8 * fat + rng.normal(0, 2, n)
absorbed = fat[:, None] * np.exp(-(((nm - 930) / 14) ** 2)) / 200
absorbed += water[:, None] * np.exp(-(((nm - 970) / 30) ** 2)) / 120
scatter, tilt = rng.normal(3, 0.5, (n, 1)), rng.normal(0, 0.15, (n, 1))
path = rng.uniform(0.8, 1.25, (n, 1))
spectra = scatter + tilt * (nm - 950) / 100 + path * absorbed + rng.normal(0, 0.002, (n, 60))
train, test = np.arange(160), np.arange(160, n)

# %%
# The network smooths the curves, and chooses whether it takes them, their first or their second
# derivatives, and how many principal components. First derivatives leave out how high a curve lies.
curves = FunctionalMotifRegressor(grid=nm).fit(spectra[train], fat[train])
print(f"derivative {curves.derivative_}, {curves.n_components_} components")

# %%
# Held-out samples, beside a network that takes the sixty wavelengths as unrelated columns:
columns = MotifRegressor(preset="fast").fit(spectra[train], fat[train])
for name, model in (("curves", curves), ("columns", columns)):
    error = model.predict(spectra[test]) - fat[test]
    print(f"{name:<8} RMSE {np.sqrt(np.mean(error**2)):.2f} % of fat")

# %%
# Intervals for nine tenths of new samples:
low, high = curves.predict_interval(spectra[test], coverage=0.9).T
print(f"inside: {np.mean((low <= fat[test]) & (fat[test] <= high)):.0%}")

# %%
# The spectra, coloured by fat, and the predictions of held-out samples with their intervals.
fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.8))
colours = plt.get_cmap("viridis")(fat / 50)
for i in train[:16]:
    left.plot(nm, spectra[i], color=colours[i], linewidth=0.8)
left.set(xlabel="wavelength in nm", ylabel="absorbance")
middle = curves.predict(spectra[test])
right.axline((25, 25), slope=1, color="0.6", linewidth=0.8)
right.errorbar(
    fat[test],
    middle,
    yerr=[middle - low, high - middle],
    fmt="none",
    ecolor="C0",
    alpha=0.4,
)
right.scatter(fat[test], middle, c=colours[test], s=12, zorder=3)
right.set(xlabel="fat in %", ylabel="predicted fat in %")
plt.show()
