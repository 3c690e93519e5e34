"""Sums of a Gaussian kernel over groups of rows, block by block: the whole matrix is never held. N rows, G groups."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
DOUBLE_UP_TO = 2_000
"""Rows up to which the kernel is computed in float64; beyond, in float32, to about 1e-6 of each value."""
_BLOCK_ROWS = 1_000
_MEDIAN_ROWS = 1_000


def kernel_sums(x_NF: Float64, bandwidth: float, rows_together: int, device: torch.device) -> Float64:
    """Sum exp(−|x − y|² / 2σ²) over all pairs of rows of each pair of groups.

    Parameters
    ----------
    x_NF : ndarray of float64, shape (N, F)
        Finite; N a multiple of `rows_together`.
    bandwidth : float
        σ, above 0.
    rows_together : int
        Rows of a group: those that follow one another.
    device : torch.device

    Returns
    -------
    ndarray of float64, shape (G, G)
        Symmetric; G = N / `rows_together`.

    Examples
    --------
    >>> kernel_sums(np.array([[0.0], [0.0], [1.0], [1.0]]), 1.0, 2, torch.device("cpu")).round(4)
    array([[4.    , 2.4261],
           [2.4261, 4.    ]])
    """
    rows = len(x_NF)
    dtype = torch.float64 if rows <= DOUBLE_UP_TO else torch.float32
    scaled_NF = torch.from_numpy((x_NF - x_NF.mean(axis=0)) / (bandwidth * np.sqrt(2))).to(device, dtype)
    square_N1, one_N1 = scaled_NF.square().sum(dim=1, keepdim=True), torch.ones(rows, 1, dtype=dtype, device=device)
    # −|x − y|² = 2xy − |x|² − |y|², in one product of matrices.
    left_NF = torch.cat([2 * scaled_NF, -square_N1, one_N1], dim=1)
    right_FN = torch.cat([scaled_NF, one_N1, -square_N1], dim=1).T.contiguous()
    sums_GG = torch.zeros(rows // rows_together, rows // rows_together, dtype=torch.float64, device=device)
    step = max(1, _BLOCK_ROWS // rows_together) * rows_together
    for i in range(0, rows, step):
        for j in range(i, rows, step):
            kernel_IJ = (left_NF[i : i + step] @ right_FN[:, j : j + step]).clamp_(max=0).exp_()
            of_groups = _sums(kernel_IJ, rows_together)
            down, across = (slice(k // rows_together, (k + step) // rows_together) for k in (i, j))
            sums_GG[down, across] = of_groups
            sums_GG[across, down] = of_groups.T
    return np.asarray(sums_GG.cpu().numpy())


def _sums(kernel_IJ: torch.Tensor, rows_together: int) -> torch.Tensor:
    rows, columns = kernel_IJ.shape
    of_rows = kernel_IJ.view(rows // rows_together, rows_together, columns).sum(dim=1)
    return of_rows.view(len(of_rows), columns // rows_together, rows_together).sum(dim=2)


def median_distance(x_NF: Float64, seed: int) -> float:
    """Bandwidth by the median heuristic: of the distances between up to 1,000 rows, drawn by the seed.

    Where more than half of them are 0, the mean of the others; where all are, 1.

    References
    ----------
    Gretton, A. et al. (2012). A kernel two-sample test. Journal of Machine Learning Research 13, section 8.

    Examples
    --------
    >>> median_distance(np.array([[0.0], [1.0], [3.0]]), seed=0)
    2.0
    """
    if len(x_NF) > _MEDIAN_ROWS:
        x_NF = x_NF[np.random.default_rng(seed).choice(len(x_NF), _MEDIAN_ROWS, replace=False)]
    distance_P = torch.pdist(torch.from_numpy(np.ascontiguousarray(x_NF))).numpy()
    median = float(np.median(distance_P)) if len(distance_P) else 0.0
    if median > 0:
        return median
    apart_P = distance_P[distance_P > 0]
    return float(apart_P.mean()) if len(apart_P) else 1.0
