"""Ship a model: its file, ONNX, plain Python, and a check of new rows

A model of concrete that is at most 28 days old is written in three forms, each of which gives its
predictions. Then older concrete arrives. A check, which needs no target, says that these rows are
not like those of the fit, and which column moved.
"""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import onnxruntime
import pandas as pd

from motifnet import MotifRegressor, load

table = pd.read_csv("examples/concrete.csv")
table = table.drop_duplicates(list(table.columns[:8]))  # one test a mixture and age
strength = table.pop("strength")
young = table.age <= 28
X, y = table[young], strength[young]
model = MotifRegressor(preset="fast").fit(X, y)
print(*model.scores_["strength"], sep=", ")

# %%
# One file of JSON and tensors. Loading it cannot run code, and gives the same bits.
model.save("concrete.motif")
print("same bits:", (load("concrete.motif").predict(X) == model.predict(X)).all())

# %%
# ONNX with the raw columns by name. onnxruntime compares the graph with the network before the file
# is written; here it is compared once more.
parity = model.to_onnx("concrete.onnx")
session = onnxruntime.InferenceSession("concrete.onnx")
columns = {name: X[[name]].to_numpy(float) for name in X}
(exported,) = session.run(["prediction"], columns)
print(f"ONNX: at most {abs(exported[:, 0] - model.predict(X)).max():.0e} MPa apart")

# %%
# One Python file that needs numpy alone. It takes the encoded matrix.
model.network_.to_python("concrete_model.py")
plain = runpy.run_path("concrete_model.py")["predict"](model.encode(X))
print(f"Python: at most {abs(plain[:, 0] - model.predict(X)).max():.0e} MPa apart")
for name in ("concrete.motif", "concrete.onnx", "concrete_model.py"):
    print(f"{name}: {Path(name).stat().st_size / 1000:.0f} kB")

# %%
# New rows: concrete of more than 28 days.
found = model.check_shift(table[~young])
print(found.verdict)

# %%
# Here the strengths are known, and the error is larger than that of the fit. The picture shows how
# far each column moved, in standard deviations, and its medians; red is beyond chance.
error = strength[~young] - model.predict(table[~young])
print(f"RMSE {(error**2).mean() ** 0.5:.2f} on older concrete")
fig, ax = plt.subplots(figsize=(5, 3.4))
found.plot(ax=ax).set_xlabel("distance from the rows of the fit, sd")
plt.show()
