"""Reference vectors of learning curves: python learning_curve.py > ../learning_curve.json

Needs scipy (written with 1.17.1) and numpy.
"""

import json

import numpy as np
import scipy
from scipy.optimize import curve_fit


def law(count, plateau, amplitude, exponent):
    return plateau - amplitude * count**-exponent


cases = []
for seed, (plateau, amplitude, exponent, noise) in enumerate(
    [(0.95, 1.2, 0.6, 0.004), (0.8, 0.9, 0.3, 0.006), (1.0, 0.8, 0.25, 0.003), (0.7, 0.4, 1.1, 0.01)]
):
    random = np.random.default_rng(seed)
    counts = np.array([16, 32, 64, 128, 256, 512], dtype=float)
    sigma = noise * (counts / 16) ** -0.5
    scores = np.round(law(counts, plateau, amplitude, exponent) + sigma * random.normal(size=6), 5)
    best = None
    for start in [0.1, 0.3, 0.6, 1.0, 2.0]:
        found, _ = curve_fit(
            law,
            counts,
            scores,
            p0=[min(0.99, scores.max()), 0.5, start],
            sigma=sigma,
            bounds=([-np.inf, 0, 0.02], [1, np.inf, 4]),
            ftol=1e-14,
            xtol=1e-14,
            gtol=1e-14,
            max_nfev=100000,
        )
        loss = float(np.sum(((scores - law(counts, *found)) / sigma) ** 2))
        if best is None or loss < best[0]:
            best = (loss, found)
    cases.append(
        {
            "counts": counts.tolist(),
            "scores": scores.tolist(),
            "weights": (1 / sigma**2).tolist(),
            "plateau": best[1][0],
            "amplitude": best[1][1],
            "exponent": best[1][2],
            "loss": best[0],
        }
    )
print(json.dumps({"source": f"scipy {scipy.__version__}, curve_fit with bounds, best of 5 starts", "cases": cases}))
