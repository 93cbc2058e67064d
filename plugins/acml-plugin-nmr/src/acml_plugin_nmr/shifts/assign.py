"""Which atom gives which peak: the likeliest pairing of a measured list with predicted shifts.

Every way to pair peaks with sites has a likelihood: a peak lies as far from its site's predicted
shift as the predicted width makes likely (Laplace; a wild one costs no more than ``outlier``), a site
may show no peak, a peak may belong to no site, and two sites may share a peak. The pairing that costs
least is found exactly (Jonker and Volgenant's algorithm, scipy's ``linear_sum_assignment``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field
from scipy.optimize import linear_sum_assignment

from acml_core.config import Settings
from acml_plugin_nmr.shifts.sets import Sites


class AssignSettings(Settings):
    """Costs, in negative log likelihood; the defaults are those fitted for 13C."""

    widen: float = Field(1.0, gt=0, description="predicted widths are multiplied by this")
    outlier: float = Field(17.5, gt=0, description="most that a peak far from its site costs")
    missing: float = Field(2.4, gt=0, description="a site that shows no peak")
    missing_exchangeable: float = Field(
        0.7, gt=0, description="hydrogens on N, O, S or another that show no peak"
    )
    extra: float = Field(15.0, gt=0, description="a peak that belongs to no site")
    shared: float = Field(4.0, gt=0, description="each further site or peak of a shared pair")
    mismatch: float = Field(3.0, gt=0, description="a multiplicity that is not the site's")


@dataclass(frozen=True)
class Peaks:
    """Distinct peaks of one nucleus.

    Attributes:
        shift: (n,) float [ppm].
        hydrogens: (n,) int64 hydrogens at the carbon by its multiplicity; -1 where not known.
    """

    shift: np.ndarray
    hydrogens: np.ndarray


@dataclass(frozen=True)
class Pairing:
    """The likeliest pairing.

    Attributes:
        cost: negative log likelihood.
        site_of: (n,) int64 site of each peak; -1 for none.
        gap: (n,) float measured minus predicted [ppm]; nan for none.
    """

    cost: float
    site_of: np.ndarray
    gap: np.ndarray


def pair(
    peaks: Peaks,
    sites: Sites,
    centre: np.ndarray,
    scale: np.ndarray,
    settings: AssignSettings,
    *,
    exchangeable: np.ndarray | None = None,
) -> Pairing:
    """Pair peaks with sites at least cost.

    Args:
        centre, scale: (m,) predicted shift and width of each site [ppm].
        exchangeable: (m,) bool, sites whose hydrogens come and go; none by default.
    """
    n, m = len(peaks.shift), len(sites)
    missing = np.full(m, settings.missing)
    if exchangeable is not None:
        missing[exchangeable] = settings.missing_exchangeable
    if not n or not m:
        return Pairing(
            float(missing.sum() + settings.extra * n), np.full(n, -1), np.full(n, np.nan)
        )
    width = scale * settings.widen
    gap = peaks.shift[:, None] - centre[None, :]
    cost = np.minimum(np.abs(gap) / width[None, :], settings.outlier) + np.log(2 * width)[None, :]
    told = (peaks.hydrogens >= 0)[:, None] & (peaks.hydrogens[:, None] != sites.kind[None, :])
    cost = cost + settings.mismatch * told
    # What stays alone either shares the other's partner or counts as missing or extra.
    alone_site = np.minimum(missing, cost.min(0) + settings.shared)
    alone_peak = np.minimum(settings.extra, cost.min(1) + settings.shared)
    whole = np.zeros((n + m, n + m))
    whole[:n, :m] = cost
    whole[:n, m:] = alone_peak[:, None]
    whole[n:, :m] = alone_site[None, :]
    rows, columns = linear_sum_assignment(whole)
    total = float(whole[rows, columns].sum())
    site_of = np.full(n, -1)
    paired = (rows < n) & (columns < m)
    site_of[rows[paired]] = columns[paired]
    for peak in np.flatnonzero(site_of < 0):
        if cost[peak].min() + settings.shared < settings.extra:
            site_of[peak] = int(cost[peak].argmin())
    found = np.where(site_of >= 0, gap[np.arange(n), site_of], np.nan)
    return Pairing(total, site_of, found)
