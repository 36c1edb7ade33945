"""Writes heads.json: fitted heads by scikit-learn, scipy and numpy, in float64.

    pip install numpy scipy scikit-learn
    python tools/golden/python/heads.py packages/heads/test/fixtures/heads.json
"""

import json
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(3)


def rounded(values):
    return np.round(np.asarray(values, dtype=float), 6)


def standardized(x):
    std = x.std(0)
    return (x - x.mean(0)) / (std * np.sqrt(x.shape[1]))


def made_up(n, dim, labels, missing=0.2):
    x = rounded(rng.normal(size=(n, dim)) * rng.uniform(0.2, 3, dim) + rng.normal(size=dim))
    w = rng.normal(size=(dim, labels))
    y = (((x - x.mean(0)) / x.std(0)) @ w + rng.normal(size=(n, labels)) * 2 > 0.8).astype(float)
    y[rng.uniform(size=y.shape) < missing] = np.nan
    return x, y


def as_list(y):
    return [[None if np.isnan(v) else float(v) for v in row] for row in np.atleast_2d(y)]


def logistic_objective(z, t, present, absent, penalty, prior):
    mass = np.sum(present * t + absent * (1 - t))

    def cost(v):
        w, b = v[:-1], v[-1]
        s = z @ w + b
        loss = present * t * np.logaddexp(0, -s) + absent * (1 - t) * np.logaddexp(0, s)
        slope = absent * (1 - t) * expit(s) - present * t * expit(-s)
        d = w - prior
        return loss.sum() / mass + penalty / 2 * d @ d, np.append(z.T @ slope / mass + penalty * d, slope.sum() / mass)

    return cost


def optimum(cost, size, start=None):
    found = minimize(cost, np.zeros(size) if start is None else start, jac=True, method="BFGS", options={"gtol": 1e-12, "maxiter": 10000})
    return found.x


def balance(t):
    positives, negatives = t.sum(), (1 - t).sum()
    half = (positives + negatives) / 2
    return half / positives, half / negatives


def logistic_case(n, dim, penalty, balanced=False, soft=False, texts=False):
    x, y = made_up(n, dim, 3)
    if soft:
        known = ~np.isnan(y)
        y[known] = np.clip(rounded(y[known] * 0.8 + rng.uniform(0, 0.2, known.sum())), 0, 1)
    z = standardized(x)
    case = {"features": x.tolist(), "targets": as_list(y), "penalty": penalty, "balance": "balanced" if balanced else "none"}
    if texts:
        t = rng.normal(size=(2, 3, dim))
        t = rounded(t / np.linalg.norm(t, axis=-1, keepdims=True))
        case["texts"] = t.tolist()
    weights, bias, scales = [], [], []
    for label in range(3):
        known = ~np.isnan(y[:, label])
        t_, z_ = y[known, label], z[known]
        present, absent = balance(t_) if balanced else (1.0, 1.0)
        prior = np.zeros(dim)
        if texts:
            u = (t[0, label] - t[1, label]) * x.std(0) * np.sqrt(dim)
            along = (z_ @ u)[:, None]
            spread = np.mean((z @ u) ** 2)
            scale = max(0.0, optimum(logistic_objective(along, t_, present, absent, 1e-3 * spread, np.zeros(1)), 2)[0])
            prior = scale * u
            scales.append(scale)
        found = optimum(logistic_objective(z_, t_, present, absent, penalty, prior), dim + 1, np.append(prior, 0))
        weights.append(found[:-1].tolist())
        bias.append(float(found[-1]))
        if not (balanced or soft or texts):
            sk = LogisticRegression(C=1 / (penalty * known.sum()), tol=1e-10, max_iter=100000, solver="lbfgs").fit(z_, t_)
            assert np.allclose(sk.coef_[0], found[:-1], atol=1e-5), np.abs(sk.coef_[0] - found[:-1]).max()
    return {**case, "expected": {"weights": weights, "bias": bias, **({"scales": scales} if texts else {})}}


cases = {
    "logistic": {
        "fewer images than features": logistic_case(12, 20, 0.05),
        "more images than features": logistic_case(60, 8, 0.01),
        "balanced": logistic_case(40, 6, 0.02, balanced=True),
        "soft targets": logistic_case(25, 30, 0.01, soft=True),
        "shrunk to prompts": logistic_case(30, 10, 0.1, texts=True),
    },
}

with open(sys.argv[1], "w") as file:
    json.dump({"source": "tools/golden/python/heads.py", **cases}, file)
