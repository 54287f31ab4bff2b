"""Models of other libraries as networks

`mimic` writes a fitted model of scikit-learn, LightGBM, XGBoost or CatBoost as a network, by
calculation alone. Nothing is trained. Here a pipeline with a support vector machine, and boosted
trees, of the diabetes data of scikit-learn; the network is compared with each on rows of the table
and far away from it.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from lightgbm import LGBMRegressor
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from motifnet import mimic

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
machine = make_pipeline(StandardScaler(), SVR(C=50)).fit(X, y)
trees = LGBMRegressor(n_estimators=30, num_leaves=6, n_jobs=1, verbose=-1).fit(X, y)

# %%
# The largest difference, in units of the target, whose standard deviation is 77:
rng = np.random.default_rng(0)
wild = X + 3 * X.std().to_numpy() * rng.normal(size=X.shape)  # rows far away from the data
networks = {}
for name, model in (("support vectors", machine), ("boosted trees", trees)):
    networks[name] = network = mimic(model, X)
    off = [abs(network(rows)[:, 0] - model.predict(rows)).max() for rows in (X, wild)]
    print(f"{name}: {off[0]:.0e} on the table, {off[1]:.0e} far away")
    print(network.certificate)

# %%
# A network has gradients. This is the change of the prediction with each column, at the first
# patient, of the support vector machine:
network = networks["support vectors"]
row = torch.tensor(network.encode(X[:1]), requires_grad=True)
(gradient,) = torch.autograd.grad(network.to_torch()(row).sum(), row)
slopes = dict(zip(X.columns, gradient[0].tolist(), strict=True))
print({name: round(slopes[name], 2) for name in ("bmi", "bp", "s5")})

# %%
# The first patient with another body mass index: both models, dashed, on top of their networks.
bmi = np.linspace(X.bmi.min(), X.bmi.max(), 400)
path = X.iloc[[0] * 400].assign(bmi=bmi)
fig, ax = plt.subplots(figsize=(5, 3.6))
for colour, (name, model) in enumerate((("support vectors", machine), ("boosted trees", trees))):
    ax.plot(bmi, networks[name](path), color=f"C{colour}", linewidth=6, alpha=0.35)
    ax.plot(bmi, model.predict(path), "--", color=f"C{colour}", label=name)
ax.set(xlabel="body mass index", ylabel="predicted progression")
ax.legend(frameon=False)
plt.show()
