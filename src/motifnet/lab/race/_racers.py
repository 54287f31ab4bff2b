"""Who races: each takes a task and a budget of seconds, and leaves the curve of the best model at hand. A further one is a function and a line below.

Where a method has settings that its users would choose (rates, widths, gammas), it tries them in turn and chooses by rows held out, within its own
seconds; RealMLP is run with three lengths of its schedule, as far as its budget goes, and each is a curve of its own, so that the best of them
counts in hindsight.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from io import StringIO
from itertools import product
from typing import Any

import numpy as np
import torch

from motifnet.lab.race._best_so_far import BestSoFar, Task
from motifnet.lab.race._descent import Descent
from motifnet.lab.race._mlp import mlp
from motifnet.lab.race._projected import projected
from motifnet.lab.race._split import Split

RATES, BATCHES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), (64, 256, 1024)
PROJECTED_RATES = (3e-3, 1e-2, 3e-2)
WIDTHS = (256, 1024, 4096)
EPOCHS = (32, 96, 256)
CLOCK = time.process_time  # with one thread the seconds of a clock, unless other work wants the core
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Start:
    """What every racer gets: the encoded task, the raw rows, the seconds it may take, and the parameters of our network."""

    task: Task
    raw: Split
    budget: float
    parameters: int


Racer = Callable[[Start], Iterator[tuple[str, Points]]]


def _relu_network(s: Start) -> Iterator[tuple[str, Points]]:
    build = partial(mlp, s.task.X.shape[1], s.parameters)
    run = Descent(s.task, build, 1e-2, RATES, s.budget, BATCHES, clock=CLOCK).run()
    yield f"rate {run.chosen[0]:g}, batch {run.chosen[1]}, {run.epochs} epochs", run.course.end()


def _projected(s: Start) -> Iterator[tuple[str, Points]]:
    course, rate = projected(s.task, PROJECTED_RATES, s.budget, CLOCK)
    yield f"rate {rate:g}", course.end()


def _realmlp(s: Start) -> Iterator[tuple[str, Points]]:
    from motifnet.compare import METHODS, Setting

    columns, default = s.raw.columns, METHODS["realmlp"]

    def build(setting: Setting, epochs: int) -> Any:
        return default.build(setting).set_params(n_epochs=epochs)

    def fit(epochs: int, rows: int) -> Any:
        train = s.raw.train[:rows]
        method = replace(default, build=partial(build, epochs=epochs))
        return method.fit(train[columns], train["target"].to_numpy(dtype=float), Setting(0, 1, 0))

    def silent_fit(epochs: int, rows: int) -> Any:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # its trainer advertises
            warnings.simplefilter("ignore")
            return fit(epochs, rows)

    silent_fit(1, 100)  # loads what is loaded at the first fit
    first = CLOCK()
    for epochs in EPOCHS:
        start = CLOCK()
        if start - first > s.budget:
            break
        fitted = silent_fit(epochs, len(s.raw.train))
        seconds = CLOCK() - start
        yield f"{epochs} epochs", [(seconds, s.raw.nrmse(fitted.predict(s.raw.test[columns])))]


def _swim(s: Start) -> Iterator[tuple[str, Points]]:
    from sklearn.pipeline import Pipeline
    from swimnetworks import Dense, Linear

    def network(width: int, cut: float, layers: int) -> Any:
        hidden = [(f"dense{i}", Dense(layer_width=width, activation="tanh", parameter_sampler="tanh", random_seed=i)) for i in range(layers)]
        return Pipeline([*hidden, ("linear", Linear(regularization_scale=cut))])

    yield "widths, cuts, layers", _tried(s, [partial(network, *setting) for setting in product(WIDTHS, (1e-2, 1e-4, 1e-8), (1, 2))])


def _random_features(s: Start) -> Iterator[tuple[str, Points]]:
    from sklearn.kernel_approximation import RBFSampler
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline

    scale = float(torch.pdist(s.task.X[:500]).median()) ** -2

    def network(width: int, factor: float) -> Any:
        sampler = RBFSampler(gamma=factor * scale, n_components=width, random_state=0)
        return make_pipeline(sampler, RidgeCV(alphas=np.logspace(-5, 2, 8)))

    yield "widths, gammas", _tried(s, [partial(network, *setting) for setting in product(WIDTHS, (0.3, 1.0, 3.0))])


def _tried(s: Start, candidates: list[Callable[[], Any]]) -> Points:
    """Candidates with scikit-learn's interface, one after the other, chosen by held-out rows."""
    train, valid = s.task.held_out()
    course = BestSoFar(s.task, CLOCK)
    for build in candidates:
        if course.seconds > s.budget:
            break
        X, y = s.task.X.double().numpy(), s.task.y.double().numpy()
        model = build().fit(X[train], y[train])
        predict = partial(_predict, model)
        course.offer(float(np.mean((predict(s.task.X[valid]).reshape(-1, 1) - y[valid]) ** 2)), predict)
    return course.end()


def _predict(model: Any, X: torch.Tensor) -> np.ndarray:
    predict = model.predict if hasattr(model[-1], "predict") else model.transform
    return np.asarray(predict(X.double().numpy()))


def _gaussian_process(s: Start) -> Iterator[tuple[str, Points]]:
    """An exact GP with a Matérn kernel and a length scale a column, by Adam on its marginal likelihood, which also chooses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is built with a compiler that torch has given up
        import gpytorch

    X, y = s.task.X.double(), s.task.y.double().ravel()
    course = BestSoFar(s.task, CLOCK)

    class Model(gpytorch.models.ExactGP):
        def __init__(self, likelihood: Any) -> None:
            super().__init__(X, y, likelihood)
            self.mean = gpytorch.means.ConstantMean()
            self.kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(nu=2.5, ard_num_dims=X.shape[1]))

        def forward(self, x: torch.Tensor) -> Any:
            return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))

    def predict(X_new: torch.Tensor) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            return model(X_new.double()).mean.numpy()

    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    model = Model(likelihood).double()
    likelihood.double()
    marginal = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    step = 0
    with warnings.catch_warnings(), gpytorch.settings.fast_computations(False, False, False):
        warnings.simplefilter("ignore")
        while course.seconds < s.budget and step < 200:
            model.train()
            optimiser.zero_grad()
            loss = -marginal(model(X), y)
            loss.backward()
            if step % 10 == 0:
                course.offer(float(loss), predict)
            optimiser.step()
            step += 1
    yield f"{step} steps", course.end()


RACERS: dict[str, Racer] = {
    "ReLU network, AdamW": _relu_network,
    "RealMLP": _realmlp,
    "random start, variable projection": _projected,
    "SWIM": _swim,
    "random features, ridge": _random_features,
    "Gaussian process, ARD": _gaussian_process,
}
NEEDS = {"RealMLP": "pytabkit", "SWIM": "swimnetworks", "Gaussian process, ARD": "gpytorch"}
GRADIENT = ("ReLU network, AdamW", "RealMLP", "random start, variable projection")


def installed(method: str) -> bool:
    """Whether the library of a racer is there: those of the extras `peers` and `race` may not be."""
    return method not in NEEDS or find_spec(NEEDS[method]) is not None
