"""Maximum mean discrepancy: do two samples differ in any way, over all columns together?

Not rows but groups of rows that follow one another are permuted, so that the kernel is summed once, and a hundred
permutations cost next to nothing. The p-value is exact for that: at most α in a share α of windows that differ in
nothing. Since neighbours stay together, it holds also where rows depend on others nearby, as in a real stream.
Memory is bounded by the blocks of the kernel (4 MB) and (2 · groups)² sums; 10,000 against 10,000 rows take about a
second on one core.

References
----------
Gretton, A. et al. (2012). A kernel two-sample test. Journal of Machine Learning Research 13.
Domingo-Enrich, C., Dwivedi, R. and Mackey, L. (2025). Cheap permutation testing. arXiv:2502.07672.
Hemerik, J. and Goeman, J. (2018). Exact testing with random permutations. TEST 27.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.drift.statistics.kernel_sums import Float64, kernel_sums, median_distance

_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class MmdTest:
    """Unbiased squared discrepancy, about 0 where nothing differs; its chance; and how it was taken."""

    statistic: float
    p_value: float
    bandwidth: float
    rows_together: int


def mmd_test(
    reference_RF: NDArray[np.floating],
    window_WF: NDArray[np.floating],
    seed: int,
    permutations: int = 100,
    groups: int = 200,
    bandwidth: float | None = None,
    device: torch.device | None = None,
) -> MmdTest:
    """Test two samples with a Gaussian kernel, by permutation.

    A sample of up to `groups` rows is permuted row by row; the last rows of a larger one that fill no group are left
    out, as is any row with a value that is not finite. Columns should be of one scale: see `standardised`.

    Parameters
    ----------
    reference_RF, window_WF : ndarray of floats, shapes (R, F) and (W, F)
    seed : int
        Of the permutations, and of the rows that the bandwidth is taken from.
    permutations : int
        The p-value is a multiple of 1 / (permutations + 1).
    groups : int
        About as many in the smaller sample.
    bandwidth : float, optional
        σ; by default the median distance.
    device : torch.device, optional
        By default the GPU, if there is one.

    Returns
    -------
    MmdTest
        Statistic 0 and p-value 1 where one has fewer than two rows: nothing can be told.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> one, other = random.normal(0, 1, (300, 2)), random.normal(0, 2, (300, 2))
    >>> mmd_test(one[:150], one[150:], seed=0).p_value > 0.05, mmd_test(one, other, seed=0).p_value < 0.01
    (True, True)
    """
    reference_RF, window_WF = _complete(reference_RF), _complete(window_WF)
    together = max(1, min(len(reference_RF), len(window_WF)) // groups)
    sizes = len(reference_RF) // together, len(window_WF) // together
    if min(sizes) * together < 2:
        return MmdTest(0.0, 1.0, bandwidth or 1.0, together)
    x_NF = np.concatenate([reference_RF[: sizes[0] * together], window_WF[: sizes[1] * together]])
    width = bandwidth or median_distance(x_NF, seed)
    sums_GG = kernel_sums(x_NF, width, together, device or _fastest_device())
    statistic, p_value = _tested(sums_GG, _permuted(*sizes, permutations, seed), together)
    return MmdTest(statistic, p_value, width, together)


def standardised(
    reference_RF: NDArray[np.floating], window_WF: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring columns to mean 0 and deviation 1 over both samples together, which favours neither; constants become 0.

    Examples
    --------
    >>> standardised(np.array([[0.0, 5.0]]), np.array([[4.0, 5.0]]))
    (array([[-1.,  0.]]), array([[1., 0.]]))
    """
    both_NF = np.concatenate([reference_RF, window_WF]).astype(np.float64)
    finite_NF = np.isfinite(both_NF)
    rows_F = np.maximum(finite_NF.sum(axis=0), 1)
    centred_NF = both_NF - np.where(finite_NF, both_NF, 0.0).sum(axis=0) / rows_F
    spread_F = np.sqrt(np.where(finite_NF, np.square(centred_NF), 0.0).sum(axis=0) / rows_F)
    scaled_NF = centred_NF / np.where(spread_F > 0, spread_F, 1.0)
    return scaled_NF[: len(reference_RF)], scaled_NF[len(reference_RF) :]


def _complete(x_NF: NDArray[np.floating]) -> Float64:
    return np.asarray(x_NF[np.isfinite(x_NF).all(axis=1)], np.float64)


def _fastest_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _permuted(reference_groups: int, window_groups: int, permutations: int, seed: int) -> Float64:
    """Which groups are the window's: float64, shape (G, 1 + permutations); first as they are."""
    is_window_G = np.repeat([0.0, 1.0], [reference_groups, window_groups])
    shuffled_PG = np.random.default_rng(seed).permuted(np.tile(is_window_G, (permutations, 1)), axis=1)
    return np.concatenate([is_window_G[None], shuffled_PG]).T


def _tested(sums_GG: Float64, is_window_GP: Float64, together: int) -> tuple[float, float]:
    """Statistic of the groups as they are, and the share of all permutations, it among them, that lie as far apart."""
    statistic_P = _discrepancies(sums_GG, is_window_GP, together)
    as_far_P = statistic_P >= statistic_P[0] - _TIE
    return float(statistic_P[0]), float(as_far_P.mean())


def _discrepancies(sums_GG: Float64, is_window_GP: Float64, together: int) -> Float64:
    """Mean kernel within each sample, a row with itself left out, less that between them: shape (P,)."""
    window = float(is_window_GP[:, 0].sum()) * together
    reference = len(sums_GG) * together - window
    within_P = (is_window_GP * (sums_GG @ is_window_GP)).sum(axis=0)
    with_all_P = sums_GG.sum(axis=1) @ is_window_GP
    between_P = with_all_P - within_P
    others_P = sums_GG.sum() - with_all_P - between_P
    within_window_P = (within_P - window) / (window * (window - 1))
    within_reference_P = (others_P - reference) / (reference * (reference - 1))
    return np.asarray(within_window_P + within_reference_P - 2 * between_P / (window * reference))
