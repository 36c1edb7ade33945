"""Times scikit-learn and numpy at what tools/bench/src/metrics.ts times: JSON of milliseconds on stdout."""

import json
import sys
import time

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score


def main() -> None:
    rows, labels, patients, draws = (int(arg) for arg in sys.argv[1:5])
    random = np.random.default_rng(0)
    targets = (random.random((rows, labels)) < 0.05).astype(int)
    models = [random.normal(size=(rows, labels)) + targets for _ in range(2)]
    began = time.perf_counter()
    for label in range(labels):
        roc_auc_score(targets[:, label], models[0][:, label])
        average_precision_score(targets[:, label], models[0][:, label])
    points = 1000 * (time.perf_counter() - began)

    of_row = random.integers(patients, size=rows)
    rows_of = np.split(np.argsort(of_row, kind="stable"), np.cumsum(np.bincount(of_row, minlength=patients))[:-1])
    began = time.perf_counter()
    for _ in range(draws):
        drawn = np.concatenate([rows_of[p] for p in random.integers(patients, size=patients)])
        for scores in models:
            np.mean([roc_auc_score(targets[drawn, label], scores[drawn, label]) for label in range(labels)])
    bootstrap = 1000 * (time.perf_counter() - began) / draws
    print(json.dumps({"points": points, "bootstrapDraw": bootstrap}))


main()
