"""Writes heads.json: fitted heads by scikit-learn, scipy and numpy, in float64.

    pip install numpy scipy scikit-learn
    python tools/golden/python/heads.py packages/heads/test/fixtures/heads.json
"""

import json
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.covariance import ledoit_wolf
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


def gaussian_case(n, dim, shrinkage, archive=0):
    x, y = made_up(n, dim, 2)
    more = rounded(rng.normal(size=(archive, dim)))
    every = np.vstack([x, more])
    std = every.std(0) * np.sqrt(dim)
    z_all, z = (every - every.mean(0)) / std, (x - every.mean(0)) / std
    s = z_all.T @ z_all / len(z_all)
    rho = ledoit_wolf(z_all, assume_centered=True)[1] if shrinkage == "ledoit-wolf" else shrinkage
    sigma = (1 - rho) * s + rho * np.trace(s) / dim * np.eye(dim)
    directions, offsets, priors = [], [], []
    for label in range(2):
        known = ~np.isnan(y[:, label])
        up, down = z[known & (y[:, label] == 1)], z[known & (y[:, label] == 0)]
        w = np.linalg.solve(sigma, up.mean(0) - down.mean(0))
        directions.append(w.tolist())
        offsets.append(float(-w @ (up.mean(0) + down.mean(0)) / 2))
        priors.append(float(np.log(len(up) / len(down))))
    return {"features": x.tolist(), "targets": as_list(y), "archive": more.tolist(), "shrinkage": shrinkage,
            "expected": {"shrinkage": float(rho), "directions": directions, "offsets": offsets, "priors": priors}}


def centred(x, mean):
    z = x - mean
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def cache_case(n, dim, count, beta):
    x, y = made_up(n, dim, 2)
    new = rounded(rng.normal(size=(5, dim)))
    cos = centred(new, x.mean(0)) @ centred(x, x.mean(0)).T
    share = np.nanmean(y, 0)
    logits = np.zeros((5, 2))
    for image in range(5):
        near = np.argsort(-cos[image])[: count or n]
        k = np.exp(beta * (cos[image, near] - cos[image].max()))
        for label in range(2):
            known = ~np.isnan(y[near, label])
            t = y[near, label]
            logits[image, label] = np.log((share[label] + k[known] @ t[known]) / (1 - share[label] + k[known] @ (1 - t[known])))
    return {"features": x.tolist(), "targets": as_list(y), "new": new.tolist(), "neighbours": count, "sharpness": beta,
            "expected": {"logits": logits.tolist(), "nearest": np.argsort(-cos[0])[:3].tolist(), "similarity": np.sort(cos[0])[::-1][:3].tolist()}}


def propagation_case(n, dim, count, beta, alpha, archive):
    x, y = made_up(n, dim, 2)
    more = rounded(rng.normal(size=(archive, dim)))
    new = rounded(rng.normal(size=(4, dim)))
    every = np.vstack([x, more])
    z = centred(every, every.mean(0))
    cos = z @ z.T
    total = n + archive
    w = np.zeros((total, total))
    for i in range(total):
        for j in [j for j in np.argsort(-cos[i]) if j != i][:count]:
            w[i, j] = w[j, i] = np.exp(beta * (cos[i, j] - 1))
    d = w.sum(1)
    s = w / np.sqrt(np.outer(d, d))
    t = np.full((total, 2), np.nan)
    t[:n] = y
    known = (~np.isnan(t)).astype(float)
    inverse = np.linalg.inv(np.eye(total) - alpha * s)
    f, k = inverse @ np.nan_to_num(t), inverse @ known
    share = np.nanmean(y, 0)
    eps = 0.1 * k.mean()
    to = centred(new, every.mean(0)) @ z.T
    logits = np.zeros((4, 2))
    for image in range(4):
        near = np.argsort(-to[image])[:count]
        a = np.exp(beta * (to[image, near] - to[image].max()))
        a /= a.sum()
        p, q = a @ f[near], a @ k[near]
        logits[image] = np.log((p + eps * share) / (q - p + eps * (1 - share)))
    return {"features": x.tolist(), "targets": as_list(y), "archive": more.tolist(), "new": new.tolist(), "neighbours": count,
            "sharpness": beta, "spread": alpha, "expected": {"logits": logits.tolist()}}


def csra_case(n, patches, dim):
    maps = np.float32(rng.normal(size=(n, patches, dim))).astype(float)
    y = (rng.uniform(size=n) > 0.5).astype(float)
    pooled = maps.mean(1)
    offset, divisor = pooled.mean(0), pooled.std(0) * np.sqrt(dim)
    v = rounded(rng.normal(size=dim + 1) * 3)
    penalty, attention, temperature = 0.1, 0.3, 2.0

    def value(v):
        s = ((maps - offset) / divisor) @ v[:-1]
        a = np.exp(temperature * (s - s.max(1, keepdims=True)))
        a /= a.sum(1, keepdims=True)
        logit = s.mean(1) + attention * (a * s).sum(1) + v[-1]
        loss = y * np.logaddexp(0, -logit) + (1 - y) * np.logaddexp(0, logit)
        return loss.mean() + penalty / 2 * v[:-1] @ v[:-1]

    steps = np.eye(dim + 1) * 1e-6
    gradient = [(value(v + h) - value(v - h)) / 2e-6 for h in steps]
    return {"maps": maps.tolist(), "targets": y.tolist(), "point": v.tolist(), "offset": offset.tolist(), "divisor": divisor.tolist(),
            "penalty": penalty, "attention": attention, "temperature": temperature,
            "expected": {"value": float(value(v)), "gradient": gradient}}


def text_case(n, dim):
    x, y = made_up(n, dim, 2, missing=0)
    t = rng.normal(size=(2, 2, dim))
    t = rounded(t / np.linalg.norm(t, axis=-1, keepdims=True))
    z = x / np.linalg.norm(x, axis=1, keepdims=True)
    combined, trained = [], []
    for label in range(2):
        members = [z[y[:, label] == 1], z[y[:, label] == 0]]
        centres = [t[c, label] + 1 / n * max(1 / len(m), 1e-3) ** -1 * m.sum(0) / 0.01 for c, m in enumerate(members)]
        centres = [c / np.linalg.norm(c) for c in centres]
        combined.append((centres[0] - centres[1]).tolist())
        v = np.array([m.mean(0) for m in members])
        own = t[:, label]
        alpha = np.full(2, 250 * np.mean([m @ own[c] for c in range(2) for m in [members[0].mean(0), members[1].mean(0)]]))
        step_v = 4 * n / np.linalg.eigvalsh(z.T @ z)[-1]
        step_a = n / (4 * max(((z @ own.T) ** 2).sum(0)))
        speed = np.zeros_like(v)
        one_hot = np.stack([y[:, label], 1 - y[:, label]], 1)
        for step in range(1, 301):
            logits = z @ (v + alpha[:, None] * own).T
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            g = (p - one_hot) / n
            speed = 0.9 * speed + g.T @ z
            v = v - step_v * speed
            if step % 10 == 0:
                alpha = alpha - step_a * (g * (z @ own.T)).sum(0)
        w = v + alpha[:, None] * own
        trained.append((w[0] - w[1]).tolist())
    return {"features": x.tolist(), "targets": as_list(y), "texts": t.tolist(), "expected": {"ss-text+": combined, "lp++": trained}}


cases = {
    "logistic": {
        "fewer images than features": logistic_case(12, 20, 0.05),
        "more images than features": logistic_case(60, 8, 0.01),
        "balanced": logistic_case(40, 6, 0.02, balanced=True),
        "soft targets": logistic_case(25, 30, 0.01, soft=True),
        "shrunk to prompts": logistic_case(30, 10, 0.1, texts=True),
    },
    "gaussian": {
        "shrinkage given": gaussian_case(12, 20, 0.3),
        "with an archive": gaussian_case(14, 6, 0.1, archive=20),
        "by Ledoit and Wolf": gaussian_case(30, 12, "ledoit-wolf"),
        "by Ledoit and Wolf, few images": gaussian_case(10, 25, "ledoit-wolf", archive=5),
    },
    "neighbours": {"all": cache_case(20, 6, 0, 5.0), "the nearest": cache_case(20, 6, 4, 10.0)},
    "propagation": {
        "images with labels alone": propagation_case(15, 5, 4, 3.0, 0.9, 0),
        "with an archive": propagation_case(10, 5, 3, 2.0, 0.8, 12),
    },
    "csra": {"objective": csra_case(6, 4, 5)},
    "texts": {"centroids": text_case(24, 8)},
}

with open(sys.argv[1], "w") as file:
    json.dump({"source": "tools/golden/python/heads.py", **cases}, file)
