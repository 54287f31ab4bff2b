"""The Fisher information: its spectrum, how many parameters the rows determine, and a criterion.

The Gauss–Newton (Fisher) matrix of N = rows · outputs in p parameters has a bulk like that of pure
noise, and spikes outside it. Independent features of variance v have their non-zero eigenvalues
between v(1 − √q)² and v(1 + √q)², q = p/N (Marchenko, Pastur). v is set so that the median of that
law is the observed one. Spikes are eigenvalues above the upper edge, taken at the 99 % quantile of
Tracy and Widom. Effective ranks are Σλ/λ₁ and (Σλ)²/Σλ². Spectra of networks often fall over many
orders without a bulk. Then most of the upper half counts as spikes, and the effective ranks say
more.

With H the Gauss–Newton matrix of the negative log-likelihood, C₂ = (1/n) Σ_i g_i g_iᵀ and a prior
or weight decay λ, the effective dimension and Takeuchi's information criterion are

    d_eff = tr H (H + λI)⁻¹,   TIC = n · mean negative log-likelihood + tr C₂ (H + λI)⁻¹

If the model is right, C₂ = H at the optimum, the penalty is the number of parameters and TIC is
AIC/2. Squared loss is read as a Gaussian likelihood of estimated variance σ². The variance is one
more parameter; its share of the penalty is Var ‖e‖²/(2Kσ⁴) for K outputs with residuals e. A large
network is scored by its last layer. Both measures need the fitted optimum, and both are expansions
for many rows a parameter. TIC means nothing where the residuals vanish. Where parameters were more
than a tenth of the rows, the penalty was far too small on held-out rows, and TIC chose the widest
network.

**Gradient noise**, and its alignment with the curvature:

    C = (1/n) Σ_i (g_i − ḡ)(g_i − ḡ)ᵀ,   g_i the gradient of the loss of row i
    alignment = tr(CH) / (‖C‖_F ‖H‖_F) ∈ [−1, 1];   along a unit direction v the noise is vᵀCv

A batch of B rows gives gradients of covariance C/B. For a likelihood of a right model C = H at the
truth; for squared loss with noise variance σ² it is 2σ² H. Where C follows H, the walk of
stochastic gradient descent is widest where the bowl is steepest, and the time to leave it depends
on λ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.landscape._gauss_newton import factor
from motifnet.landscape._hessian import Curvature, hessian_matrix
from motifnet.landscape._risk import CHUNK, Risk

GRID = 20_001
RANK = 1e-12
TRACY_WIDOM = 2.02  # 99 % quantile
INTERPOLATES = 1e-8  # residual variance as a share of that of y
MAX_RATIO = 0.1  # of parameters to rows, up to which the criterion is trusted
MAX_NOISE_ROWS = 100  # whose gradients are multiplied by H where H is too large to be formed


@dataclass(frozen=True)
class FisherSpectrum:
    """The spectrum of the Fisher matrix, as `fisher_spectrum` returns it.

    Attributes
    ----------
    values : tensor
        Non-zero eigenvalues, largest first.
    ratio : float
        q, parameters to rows · outputs.
    edge : float
        The end of the bulk.
    spikes : int
        Number of eigenvalues above it.
    effective_ranks : pair of float
        Σλ/λ₁ and (Σλ)²/Σλ².

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import fisher_spectrum
    >>> found = fisher_spectrum(risk)
    >>> bool(found.values[0] >= found.values[-1])
    True
    """

    values: Tensor
    ratio: float
    edge: float
    spikes: int
    effective_ranks: tuple[float, float]

    @property
    def sentence(self) -> str:
        """The values in words."""
        first, second = self.effective_ranks
        bulk = f"{self.spikes} of {len(self.values)} non-zero eigenvalues stand out of the bulk"
        return (
            f"Fisher spectrum at {self.ratio:.2f} parameters a row and output: {bulk}; "
            f"effective ranks {first:.1f} and {second:.1f}."
        )


def fisher_spectrum(risk: Risk) -> FisherSpectrum:
    """The spectrum of the Fisher matrix at the parameters of the module.

    Parameters
    ----------
    risk : Risk

    Returns
    -------
    FisherSpectrum

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import fisher_spectrum
    >>> print(fisher_spectrum(risk).sentence)
    Fisher spectrum at 0.21 parameters a row and output: ...
    """
    F = factor(risk)
    values = torch.linalg.eigvalsh(F @ F.T if len(F) <= risk.p else F.T @ F).flip(0)
    values = values[values > RANK * values[0]]
    q = risk.p / len(F)
    edge = float(values.median()) / _median(q) * _edge(len(F), risk.p)
    total = float(values.sum())
    return FisherSpectrum(
        values,
        q,
        edge,
        int((values > edge).sum()),
        (total / float(values[0]), total**2 / float(values.square().sum())),
    )


def _edge(N: int, p: int) -> float:
    """The 99 % quantile of the largest eigenvalue for v = 1."""
    roots = math.sqrt(N) + math.sqrt(p)
    return (roots**2 + TRACY_WIDOM * roots * (1 / math.sqrt(N) + 1 / math.sqrt(p)) ** (1 / 3)) / N


def _median(q: float) -> float:
    """Median of the non-zero part of the Marchenko–Pastur law for v = 1."""
    low, high = (1 - math.sqrt(q)) ** 2, (1 + math.sqrt(q)) ** 2
    # x = mean − half width · cos(angle) removes the root singularities
    angle = np.linspace(0, math.pi, GRID)
    x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
    mass = np.cumsum(np.sin(angle) ** 2 / np.maximum(x, 1e-12))
    return float(np.interp(0.5, mass / mass[-1], x))


@dataclass(frozen=True)
class Information:
    """Effective dimension and information criteria, as `information` returns them.

    Attributes
    ----------
    effective_dimension : float
        Number of parameters that the rows determine.
    penalty : float
        That of Takeuchi's criterion.
    criterion : float
        n · NLL plus the penalty; NaN where the residuals vanish.
    akaike : float
        n · NLL plus the number of parameters; NaN where the residuals vanish.
    parameters : int
    decay : float
        The λ that was used.
    part : str
        Whole network, or last layer.
    ratio : float
        Parameters of the whole network to rows.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import information
    >>> found = information(risk)
    >>> 0 < found.effective_dimension <= found.parameters
    True
    """

    effective_dimension: float
    penalty: float
    criterion: float
    akaike: float
    parameters: int
    decay: float
    part: str
    ratio: float

    @property
    def trusted(self) -> bool:
        """Whether the ratio is small enough for the criterion to choose between networks."""
        return self.ratio <= MAX_RATIO and not math.isnan(self.criterion)

    @property
    def sentence(self) -> str:
        """The values in words."""
        of = f"{self.parameters:,} parameters" + (
            "" if self.part == "whole" else f" of the {self.part}"
        )
        head = f"The rows determine {self.effective_dimension:.1f} of {of} (decay {self.decay:.2g})"
        if math.isnan(self.criterion):
            return (
                f"{head}; the residuals vanish, so an information criterion says nothing: use "
                "held-out error."
            )
        values = (
            f"Takeuchi's criterion {self.criterion:.5g} with penalty {self.penalty:.1f} "
            f"(AIC/2: {self.akaike:.5g})"
        )
        if not self.trusted:
            return (
                f"{head}; {values}. Warning: {self.ratio:.2g} parameters a row; above "
                f"{MAX_RATIO:g} the criterion is too kind to large networks: use held-out error."
            )
        return f"{head}; {values}. On the same rows smaller is better."


def information(risk: Risk, decay: float | None = None) -> Information:
    """Effective dimension and Takeuchi's criterion at the fitted parameters.

    Parameters
    ----------
    risk : Risk
    decay : float, optional
        λ; None is 1/n, a prior of variance one.

    Returns
    -------
    Information

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import information
    >>> information(risk).parameters
    21
    """
    outputs = risk.outputs(risk.theta, risk.X[:1]).numel()
    scored, part = (
        (risk, "whole") if risk.n * outputs * risk.p <= CHUNK else (_last_layer(risk), "last layer")
    )
    lam = 1 / risk.n if decay is None else decay
    nll, scale, extra = _likelihood(risk)
    _, s, V = torch.linalg.svd(factor(scored) * scale**0.5, full_matrices=False)
    keep = s > 1e-10 * s[0]
    values = s[keep].square()
    scores = scored.row_gradients(scored.theta) @ V[keep].T * scale
    penalty = float((scores.square().mean(0) / (values + lam)).sum()) + (extra or 0.0)
    count = scored.p + (0 if extra is None else 1)
    return Information(
        float((values / (values + lam)).sum()),
        penalty,
        nll + penalty,
        nll + count,
        scored.p,
        lam,
        part,
        risk.p / risk.n,
    )


def _likelihood(risk: Risk) -> tuple[float, float, float | None]:
    """n · NLL, the factor that makes the loss an NLL, and the share of the variance parameter in
    the penalty, None without one.
    """
    if risk.likelihood != "squared":
        return risk.n * float(risk.value(risk.theta)), 1.0, None
    F = risk.outputs(risk.theta, risk.X)
    y = risk.y.reshape(F.shape)
    squares, K = (F - y).square().flatten(1).sum(1), F[0].numel()
    variance = float(squares.mean()) / K
    floor = INTERPOLATES * float(y.var()) + 1e-300
    if variance <= floor:
        return float("nan"), 1 / (2 * floor), float("nan")
    return (
        risk.n * K / 2 * (math.log(2 * math.pi * variance) + 1),
        1 / (2 * variance),
        float(squares.var(correction=0)) / (2 * K * variance**2),
    )


def _last_layer(risk: Risk) -> Risk:
    """The same risk as a function of the parameters of the last module that has some."""
    owner = list(risk.shapes)[-1].rpartition(".")[0]
    return risk.of([name for name in risk.shapes if name.rpartition(".")[0] == owner])


@dataclass(frozen=True)
class GradientNoise:
    """The noise of stochastic gradients, as `gradient_noise` returns it.

    Attributes
    ----------
    total : float
        tr C.
    alignment : float
        cos(C, H).
    along : tensor with shape (k,)
        vᵀCv for the directions of the curvature.
    gradient_norm : float
        Norm of the mean gradient.
    rows : int
        Number of rows of C.
    exact : bool
        False where random probes give ‖H‖_F.

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import curvature, gradient_noise
    >>> noise = gradient_noise(risk, curvature(risk))
    >>> noise.along.shape, noise.exact
    (torch.Size([5]), True)
    """

    total: float
    alignment: float
    along: Tensor
    gradient_norm: float
    rows: int
    exact: bool

    @property
    def sentence(self) -> str:
        """The values in words."""
        source = "" if self.exact else f" (from {self.rows:,} rows, ‖H‖ by probes)"
        follows = (
            "the noise follows the curvature"
            if self.alignment > 0.5
            else "the noise does not follow the curvature"
        )
        sizes = f"trace {self.total:.4g}, gradient norm {self.gradient_norm:.2g}"
        return (
            f"Gradient noise of one row: {sizes}; alignment with the Hessian "
            f"{self.alignment:.2f}{source}: {follows}."
        )


def noise_factor(risk: Risk, theta: Tensor, rows: int | None = None) -> Tensor:
    """A with shape (m, p) and C = AᵀA, from m evenly spaced rows (all when None)."""
    keep = (
        slice(None)
        if rows is None or risk.n <= rows
        else torch.linspace(0, risk.n - 1, rows).round().long()
    )
    gradients = risk.row_gradients(theta)[keep]
    return (gradients - gradients.mean(0)) / len(gradients) ** 0.5


def gradient_noise(
    risk: Risk, top: Curvature, *, exact_up_to: int = 2_000, probes: int = 100, seed: int = 0
) -> GradientNoise:
    """The covariance C of the gradient of one row, and its alignment with H.

    Parameters
    ----------
    risk : Risk
    top : Curvature
        That of the risk.
    exact_up_to : int, default 2,000
        Number of parameters up to which the alignment is exact.
    probes : int, default 100
        Random probes beyond.
    seed : int, default 0
        Seed of the probes.

    Returns
    -------
    GradientNoise

    Examples
    --------
    Here `risk` is what `risk_of` returns for a small network.

    >>> from motifnet.landscape import curvature, gradient_noise
    >>> -1 <= gradient_noise(risk, curvature(risk)).alignment <= 1
    True
    """
    exact = risk.p <= exact_up_to
    A = noise_factor(risk, risk.theta, None if exact else MAX_NOISE_ROWS)
    if exact:
        H = hessian_matrix(risk)
        cross, squared_norm = float(((A @ H) * A).sum()), float(H.square().sum())
    else:
        cross = float((risk.hessian_products(A) * A).sum())
        squared_norm = _squared_norm(risk, probes, seed)
    size = float(torch.linalg.matrix_norm(A @ A.T)) * squared_norm**0.5
    return GradientNoise(
        total=float(A.square().sum()),
        alignment=cross / size if size > 0 else float("nan"),
        along=(A @ top.directions.T).square().sum(0),
        gradient_norm=float(risk.gradient(risk.theta).norm()),
        rows=len(A),
        exact=exact,
    )


def _squared_norm(risk: Risk, probes: int, seed: int) -> float:
    """‖H‖_F² = E ‖Hz‖² over random signs z."""
    Z = (
        torch.randint(0, 2, (probes, risk.p), generator=torch.Generator().manual_seed(seed)).to(
            risk.theta
        )
        * 2
        - 1
    )
    return float(risk.hessian_products(Z).square().sum() / probes)
