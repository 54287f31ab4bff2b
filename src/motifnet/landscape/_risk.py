"""The training risk of a network as a function of its parameters, and its derivatives.

    R(θ) = (1/n) Σ_i ℓ(f_θ(x_i), y_i),   θ with shape (p,): all trainable parameters in turn

The risk holds a copy of the module, in evaluation mode (no dropout, fixed batch statistics) and in
float64. So results are exact to rounding, and the user's own module does not change. Rows must not
act on each other.

`TwiceDistance` replaces our distance motif, since torch's own distances have no second derivative.
As there, the subgradient is 0 where a row lies on a centre, and so is the curvature. Its memory is
O(batch × centres × columns).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, vjp, vmap

from motifnet.engine import DataError, UsageError
from motifnet.motifs import Distance

RowLoss = Callable[[Tensor, Tensor], Tensor]
CHUNK = 20_000_000  # values in memory at once


def squared(output: Tensor, target: Tensor) -> Tensor:
    """Mean over rows of Σ_k (f_k − y_k)²."""
    return (output - target.reshape(output.shape)).square().flatten(1).sum(1).mean()


LOSSES: dict[str, RowLoss] = {"squared": squared, "cross_entropy": nn.functional.cross_entropy}


@dataclass(frozen=True)
class Risk:
    """The training risk R(θ) of a module, its gradient and its Hessian, as `risk_of` returns it.

    Attributes
    ----------
    module : torch.nn.Module
        A copy in float64.
    shapes : dict
        Shape of each parameter tensor, by name.
    theta : tensor with shape (p,)
        The parameters of the module as one vector.
    X, y : tensors with n rows
    loss : callable
        Takes outputs and targets of a batch and gives the mean over its rows.
    likelihood : str
        The likelihood that the loss belongs to.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> risk.n, risk.p
    (100, 21)
    >>> risk.gradient(risk.theta).shape, risk.row_gradients(risk.theta).shape
    (torch.Size([21]), torch.Size([100, 21]))
    """

    module: nn.Module
    shapes: dict[str, torch.Size]
    theta: Tensor
    X: Tensor
    y: Tensor
    loss: RowLoss
    likelihood: str

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def p(self) -> int:
        """Number of parameters."""
        return len(self.theta)

    def named(self, theta: Tensor) -> dict[str, Tensor]:
        """A vector as named parameters.

        Parameters
        ----------
        theta : tensor with shape (p,)

        Returns
        -------
        dict of tensors
        """
        parts = torch.split(theta, [shape.numel() for shape in self.shapes.values()])
        return {
            name: part.view(shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def of(self, names: list[str]) -> Risk:
        """The same risk as a function of some parameters; the others stay fixed.

        Parameters
        ----------
        names : list of str

        Returns
        -------
        Risk
        """
        named = self.named(self.theta)
        return replace(
            self,
            shapes={name: self.shapes[name] for name in names},
            theta=torch.cat([named[name].reshape(-1) for name in names]),
        )

    def outputs(self, theta: Tensor, X: Tensor) -> Tensor:
        """f_θ of a batch.

        Parameters
        ----------
        theta : tensor with shape (p,)
        X : tensor with m rows

        Returns
        -------
        tensor with shape (m, outputs)
        """
        return functional_call(self.module, self.named(theta), (X,))

    def value(self, theta: Tensor) -> Tensor:
        """R(θ).

        Parameters
        ----------
        theta : tensor with shape (p,)

        Returns
        -------
        tensor with shape ()
        """
        return self.loss(self.outputs(theta, self.X), self.y)

    def gradient(self, theta: Tensor) -> Tensor:
        """∇R(θ).

        Parameters
        ----------
        theta : tensor with shape (p,)

        Returns
        -------
        tensor with shape (p,)
        """
        return grad(self.value)(theta)

    def hessian_products(self, V: Tensor) -> Tensor:
        """H v for each row v of V, with H = ∇²R.

        Parameters
        ----------
        V : tensor with shape (m, p)

        Returns
        -------
        tensor with shape (m, p)
        """
        return self._second_products(self.value, V)

    def remainder_products(self, V: Tensor) -> Tensor:
        """S v for each row v of V, with S = H − G the network's own curvature and G the
        Gauss–Newton matrix.

        S is the Hessian of θ ↦ (1/n) Σ_i ⟨∂ℓ/∂f at row i, f_θ(x_i)⟩ with the gradients of the loss
        held fixed.

        Parameters
        ----------
        V : tensor with shape (m, p)

        Returns
        -------
        tensor with shape (m, p)
        """
        fixed: Tensor = grad(lambda f: self.loss(f, self.y))(self.outputs(self.theta, self.X))
        return self._second_products(lambda theta: (fixed * self.outputs(theta, self.X)).sum(), V)

    def _second_products(self, function: Callable[[Tensor], Tensor], V: Tensor) -> Tensor:
        pull = vjp(grad(function), self.theta)[1]
        # an estimate: units are fewer than weights
        activations = self.n * (self.X[0].numel() + self.p // 10)
        return vmap(lambda v: pull(v)[0], chunk_size=max(1, min(len(V), CHUNK // activations)))(V)

    def row_gradients(self, theta: Tensor) -> Tensor:
        """The gradient of the loss of each row.

        Parameters
        ----------
        theta : tensor with shape (p,)

        Returns
        -------
        tensor with shape (n, p)
        """
        return vmap(grad(self._row_loss), (None, 0, 0), chunk_size=self._rows_at_once(1))(
            theta, self.X, self.y
        )

    def jacobian(self, X: Tensor) -> Tensor:
        """∂f_k(x_i)/∂θ.

        Parameters
        ----------
        X : tensor with m rows

        Returns
        -------
        tensor with shape (m, outputs, p)
        """
        one = self._row_outputs
        return vmap(
            jacrev(one), (None, 0), chunk_size=self._rows_at_once(len(one(self.theta, X[0])))
        )(self.theta, X)

    def output_curvature(self) -> Tensor:
        """A_i = ∂²ℓ/∂f² at each row, with shape (n, outputs, outputs)."""
        F = self.outputs(self.theta, self.X)
        if self.loss is squared:
            return (2 * torch.eye(F[0].numel(), dtype=F.dtype)).expand(self.n, -1, -1)
        A: Tensor = vmap(jacrev(grad(self._score_loss)))(F, self.y)
        width = F[0].numel()
        return A.reshape(self.n, width, width)

    def _row_outputs(self, theta: Tensor, x: Tensor) -> Tensor:
        return self.outputs(theta, x[None])[0].reshape(-1)

    def _score_loss(self, f: Tensor, t: Tensor) -> Tensor:
        return self.loss(f[None], t[None])

    def _row_loss(self, theta: Tensor, x: Tensor, t: Tensor) -> Tensor:
        return self.loss(self.outputs(theta, x[None]), t[None])

    def _rows_at_once(self, outputs: int) -> int:
        return max(1, min(self.n, CHUNK // (self.p * outputs)))


def risk_of(module: nn.Module, X: Any, y: Any, loss: str | RowLoss = "squared") -> Risk:
    """The training risk of a torch module, which is copied, set to evaluation mode and taken in
    float64.

    Parameters
    ----------
    module : torch.nn.Module
        With second derivatives; rows must not act on each other.
    X, y : arrays or tensors with rows first
    loss : {"squared", "cross_entropy"} or callable, default "squared"
        With "cross_entropy" y holds class numbers; a function such as `nn.HuberLoss()` gives the
        mean over the rows of a batch.

    Returns
    -------
    Risk

    Raises
    ------
    UsageError
        For an unknown loss, a module without parameters, rows that act on each other, and a module
        that cannot be differentiated twice.
    DataError
        For missing or infinite values, and unequal numbers of rows.

    Examples
    --------
    >>> import torch
    >>> from motifnet.landscape import risk_of
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> risk = risk_of(net, X, y[:, None])
    >>> risk.p
    21
    """
    if isinstance(loss, str) and loss not in LOSSES:
        raise UsageError(
            f"loss={loss!r} is not known. Use one of {', '.join(LOSSES)}, or a "
            "function of outputs and targets that gives their mean."
        )
    twin = copy.deepcopy(module).double().eval()
    make_twice_differentiable(twin)
    named = {name: value.detach() for name, value in twin.named_parameters() if value.requires_grad}
    if not named:
        raise UsageError(
            "The module has no parameter with requires_grad; an audit needs at least "
            "one. Unfreeze what you want to study."
        )
    inputs, targets = _rows(X, "X"), _rows(y, "y")
    if len(inputs) != len(targets):
        raise DataError(
            f"X has {len(inputs)} rows and y has {len(targets)}. Give one target a row."
        )
    if loss == "cross_entropy":
        targets = targets.long().ravel()
    theta = torch.cat([value.reshape(-1) for value in named.values()])
    risk = Risk(
        twin.requires_grad_(False),
        {name: value.shape for name, value in named.items()},
        theta,
        inputs,
        targets,
        LOSSES[loss] if isinstance(loss, str) else loss,
        loss if isinstance(loss, str) else "given",
    )
    _check_rows(risk)
    _check_derivatives(replace(risk, X=risk.X[:1], y=risk.y[:1]))
    return risk


def _rows(values: Any, name: str) -> Tensor:
    """As a float64 tensor with rows first."""
    rows = torch.as_tensor(values).detach().double()
    if rows.ndim == 0 or not len(rows):
        raise DataError(f"{name} has shape {tuple(rows.shape)}. Give at least one row.")
    if not torch.isfinite(rows).all():
        raise DataError(f"{name} has missing or infinite values. Fill or drop them first.")
    return rows


def _check_rows(risk: Risk) -> None:
    """Refuse a risk that is not a mean over rows."""
    X, y = risk.X[:3], risk.y[:3]
    batch = risk.loss(risk.outputs(risk.theta, X), y)
    single = torch.stack(
        [risk._row_loss(risk.theta, x, t) for x, t in zip(X, y, strict=True)]
    ).mean()
    if batch.ndim or not torch.isfinite(batch):
        raise UsageError(
            f"The loss of a batch is {batch}. It must be one finite number, the mean over the rows."
        )
    if not torch.isclose(batch, single, rtol=1e-6):
        raise UsageError(
            f"The loss of three rows together is {float(batch):.6g}, the mean of their single "
            f"losses {float(single):.6g}. Give a module whose rows do not act on each other and a "
            "loss that is a mean over rows."
        )


def _check_derivatives(risk: Risk) -> None:
    """Refuse a module without second derivatives."""
    try:
        risk.hessian_products(torch.zeros_like(risk.theta)[None])
    except (NotImplementedError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"The module cannot be differentiated twice ({reason}). Replace that operation, "
            "torch.cdist by differences for example."
        ) from None


class TwiceDistance(nn.Module):
    """‖x − c_j‖_p with the parameters of a `Distance`."""

    def __init__(self, distance: Distance) -> None:
        super().__init__()
        self.centres, self.p = distance.centres, distance.p

    def forward(self, x: Tensor) -> Tensor:
        difference = x[:, None] - self.centres
        if self.p == 1:
            return difference.abs().sum(2)
        squares = difference.square().sum(2)
        apart = squares > 0
        return torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0)


def make_twice_differentiable(module: nn.Module) -> None:
    """Replace every distance motif inside the module by its twice differentiable form."""
    for name, child in module.named_children():
        if isinstance(child, Distance):
            module._modules[name] = TwiceDistance(child)
        else:
            make_twice_differentiable(child)
