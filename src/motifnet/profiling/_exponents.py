"""What theory promises, as exponents r of n^(−r) for the integrated squared error; constants are not known and never printed.

β is the smoothness of the function, α that of the surface across which it jumps, D the number of columns, d the intrinsic dimension.

    network, and the best possible            min{2β/(2β + D), α/(α + D − 1)}         Imaizumi and Fukumizu
    linear in y, direction of the jump known  min{2β/(2β + D), α/(2α + D − 1)}
    linear in y, any direction                min{2β/(2β + D), 1/(D + 1)}
    tensor wavelets, thresholded              min{2β/(2β + D), 1/D}
    curvelets                                 min{2β/(2β + D), 2/(D + 1)}, at best
    network on a set of dimension d           2β/(2β + d)                              Nakada and Imaizumi
"""

from __future__ import annotations


def smooth_exponent(beta: float, d: float) -> float:
    """2β/(2β + d)."""
    return 2 * beta / (2 * beta + d)


def rows_to_halve(beta: float, d: float) -> float:
    """The factor of rows that halves the error: 2^{(2β + d)/2β}."""
    return float(2 ** (1 / smooth_exponent(beta, d)))


def singularity_exponents(alpha: float, beta: float, D: int) -> dict[str, float]:
    """The first five rows of the table above."""
    smooth = smooth_exponent(beta, D)
    boundary = {
        "network": alpha / (alpha + D - 1),
        "linear_known_direction": alpha / (2 * alpha + D - 1),
        "linear": 1 / (D + 1),
        "wavelet": 1 / D,
        "curvelet": 2 / (D + 1),
    }
    return {name: min(smooth, value) for name, value in boundary.items()}


def phase(alpha: float, beta: float, D: int) -> str:
    """Which part limits the error: a tie of all methods, the smooth pieces, or the boundary."""
    if beta <= alpha * D / (2 * (alpha + D - 1)):
        return "tie"
    return "function-limited" if D == 1 or beta <= alpha * D / (2 * (D - 1)) else "boundary-limited"
