#!/usr/bin/env python3
"""The formulas of the losses package in PyTorch, timed: python3 torch_losses.py BATCH LABELS DIM

reads lines of {"loss": NAME, "ms": MILLISECONDS} and answers each with its medians as a line of JSON.

Written from the formulas, by the same names as in src/loss-cases.ts; each is batched as one would write it there.
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

B, L, D = (int(x) for x in sys.argv[1:4])
torch.manual_seed(1)
embeddings, logits, images, texts = torch.randn(B, L, D), torch.randn(B, L), torch.randn(B, D), torch.randn(B, D)
positive, negative = torch.randn(L, D), torch.randn(L, D)
targets, mask = (torch.randn(B, L) > 0.8).float(), (torch.randn(B, L) < 1).float()
half = torch.randn(L, L)
similarity = torch.sigmoid(half + half.T)
own, own_batch = torch.eye(L), torch.eye(B)
related = (similarity > 0.9).float() * (1 - own)
reach = [[i] + [i + k for k in (1, 2)[: 2 - i % 3] if i + k < L] for i in range(L)]
width = max(map(len, reach))
reach_index = torch.tensor([r + [r[0]] * (width - len(r)) for r in reach])
edges = [(r[0], r[1]) for r in reach if len(r) > 1]
parents, children = (torch.tensor(x) for x in zip(*edges))
counts = 10.0 * (torch.arange(L) + 1)
kappa = 1 / 0.07
unit = lambda x: F.normalize(x, dim=-1)


def masked(values):
    return (values * mask).sum() / mask.sum()


def diagonal(z):
    return -torch.diagonal(F.log_softmax(z, -1), dim1=-2, dim2=-1)


def label_conditioned(x):
    u = unit(x)
    z = kappa * (u * (unit(positive) - unit(negative))).sum(-1)
    present = targets * mask
    scores = kappa * u @ unit(positive).T - 1e4 * related
    return masked(F.softplus((1 - 2 * targets) * z)) + 0.5 * (diagonal(scores) * present).sum() / present.sum()


def label_contrastive(x, normalize=False):
    z = kappa * unit(x) @ unit(positive).T
    rows, columns = (unit(z), unit(z.transpose(1, 2))) if normalize else (z, z.transpose(1, 2))
    return (diagonal(rows).mean() + diagonal(columns).mean()) / 2


def image_text(x):
    z = kappa * unit(x) @ unit(texts).T
    return (diagonal(z).mean() + diagonal(z.T).mean()) / 2


def supervised(x):
    u = unit(x)
    z = u @ u.T / 0.1 - 1e4 * own_batch
    shared = targets @ targets.T
    n = targets.sum(1, keepdim=True)
    overlap = shared / (n + n.T - shared).clamp(min=1) * (1 - own_batch)
    total = overlap.sum(1)
    return -((overlap * F.log_softmax(z, -1)).sum(1) / total.clamp(min=1e-6)).sum() / (total > 0).sum()


def gram(x):
    u = unit(x)
    return u @ u.transpose(-1, -2)


def correlation(x):
    n = L * (L - 1)
    centre = lambda m: (m * (1 - own) - (m * (1 - own)).sum((-2, -1), keepdim=True) / n) * (1 - own)
    a, b = centre(gram(x)), centre(similarity)
    return (1 - (a * b).sum((-2, -1)) / ((a * a).sum((-2, -1)) * (b * b).sum()).sqrt()).mean()


def kernel(x):
    centre = lambda m: (m - m.mean(-1, keepdim=True)) - (m - m.mean(-1, keepdim=True)).mean(-2, keepdim=True)
    a, b = centre(gram(x)), centre(similarity)
    return (1 - (a * b).sum((-2, -1)) / ((a * a).sum((-2, -1)) * (b * b).sum()).sqrt()).mean()


def divergence(x):
    shut = -1e4 * own
    t, s = F.log_softmax(similarity / 0.2 + shut, -1), F.log_softmax(gram(x) / 0.2 + shut, -1)
    return (t.exp() * (t - s) * (1 - own)).sum(-1).mean()


def redundancy(x):
    standard = lambda v: (v - v.mean(0)) / (v.var(0, unbiased=False) + 1e-6).sqrt()
    c = standard(x).T @ standard(texts) / B
    eye = torch.eye(D)
    return (eye * (1 - c) ** 2).sum() + 0.005 * ((1 - eye) * c**2).sum()


def covariance(x):
    c = x - x.mean(0)
    c = c.T @ c / (B - 1)
    return ((c * (1 - torch.eye(D))) ** 2).sum() / D


def focal(x):
    right = x * (2 * targets - 1)
    return masked(torch.sigmoid(-right) ** 2 * F.softplus(-right) * (0.75 - 0.5 * targets))


def asymmetric(x):
    p = torch.sigmoid(x)
    q = (1 - p + 0.05).clamp(max=1)
    loss = targets * F.logsigmoid(x) * (1 - p) + (1 - targets) * q.clamp(min=1e-8).log() * (1 - q) ** 4
    return masked(-loss)


def robust(x):
    p = torch.sigmoid(x)
    m = (p - 0.05).clamp(min=0)
    pos = F.logsigmoid(x) + (1 - p) - 1.25 * (1 - p) ** 2
    neg = (1 - m).clamp(min=1e-8).log() * m**4 * (1.5 - m) * m**2 * (m + 0.5)
    return masked(-(targets * pos + (1 - targets) * neg))


def ldam(x):
    margins = counts**-0.25
    z = 30 * (x - targets * 0.5 * margins / margins.max())
    return masked(F.binary_cross_entropy_with_logits(z, targets, reduction="none"))


def balanced(x):
    inverse = 1 / counts
    total = (targets * mask * inverse).sum(-1, keepdim=True)
    share = torch.where(total > 0, inverse / total.clamp(min=1e-12), torch.full_like(x, 1 / L))
    weight = 0.1 + torch.sigmoid(10 * (share - 0.2))
    z = x - 0.05 * (100 * L / counts - 1).log()
    return masked(weight * (targets * F.softplus(-z) + (1 - targets) * F.softplus(2 * z) / 2))


def max_constraint(x):
    reached = lambda v: v[:, reach_index].max(-1).values
    absent, present = F.softplus(reached(x)), F.softplus(-reached(x - 1e4 * (1 - targets)))
    return masked(targets * present + (1 - targets) * absent)


def hinge(x):
    p = torch.sigmoid(x)
    return (p[:, children] - p[:, parents]).clamp(min=0).mean()


sign = 2 * own_batch - 1
CASES = {
    "labelConditionedAlignmentLoss": (embeddings, label_conditioned),
    "labelContrastiveLoss": (embeddings, label_contrastive),
    "referenceLabelContrastiveLoss": (embeddings, lambda x: label_contrastive(x, True)),
    "imageTextContrastiveLoss": (images, image_text),
    "sigmoidContrastiveLoss": (images, lambda x: F.softplus(-sign * (10 * unit(x) @ unit(texts).T - 10)).sum() / B),
    "supervisedContrastiveLoss": (images, supervised),
    "orthogonalLoss": (positive, lambda x: ((gram(x) * (1 - own)) ** 2).sum() / (L * (L - 1))),
    "absoluteCosineLoss, batch": (embeddings, lambda x: (gram(x) * (1 - own)).abs().sum((-2, -1)).mean() / (L * (L - 1))),
    "identityCrossEntropyLoss, batch": (embeddings, lambda x: diagonal(kappa * gram(x)).mean()),
    "vicregCovarianceLoss": (images, covariance),
    "barlowTwinsLoss": (images, redundancy),
    "graphAlignmentLoss, correlation": (embeddings, correlation),
    "graphAlignmentLoss, kernel": (embeddings, kernel),
    "gramMatrixLoss": (embeddings, lambda x: (((gram(x) - similarity) * (1 - own)) ** 2).sum() / (B * L * (L - 1))),
    "neighbourDivergenceLoss": (embeddings, divergence),
    "binaryCrossEntropyLoss": (logits, lambda x: masked(F.binary_cross_entropy_with_logits(x, targets, reduction="none"))),
    "focalLoss": (logits, focal),
    "asymmetricLoss": (logits, asymmetric),
    "robustAsymmetricLoss": (logits, robust),
    "multiLabelLdamLoss": (logits, ldam),
    "distributionBalancedLoss": (logits, balanced),
    "maxConstraintLoss": (logits, max_constraint),
    "hierarchyViolationLoss": (logits, hinge),
}


def times_ms(work, budget):
    for _ in range(4):
        work()
    times, until = [], time.perf_counter() + budget / 1000
    while len(times) < 3 or (time.perf_counter() < until and len(times) < 200):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times)


def both(x, loss):
    leaf = x.detach().requires_grad_()
    loss(leaf).backward()


def forward(x, loss):
    with torch.no_grad():
        loss(x)


for line in sys.stdin:
    asked = json.loads(line)
    x, loss = CASES[asked["loss"]]
    alone = times_ms(lambda: forward(x, loss), asked["ms"])
    times = times_ms(lambda: both(x, loss), asked["ms"])
    medians = {"forward": alone[len(alone) // 2], "forwardBackward": times[len(times) // 2]}
    print(json.dumps({**medians, "fastest": times[0], "version": torch.__version__}), flush=True)
