"""Reference vectors of confident learning for one label: python confident_learning.py > ../confident_learning.json

Needs cleanlab (written with 2.9.0) and numpy.
"""

import json

import cleanlab
import numpy as np
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

cases = []
for seed, (rows, prevalence, sharpness) in enumerate([(40, 0.4, 1.5), (60, 0.15, 1.0), (50, 0.5, 3.0)]):
    random = np.random.default_rng(seed)
    true = (random.random(rows) < prevalence).astype(int)
    logits = (2 * true - 1) * sharpness + random.normal(size=rows) + 0.5 * np.log(prevalence / (1 - prevalence))
    present = np.round(1 / (1 + np.exp(-logits)), 4)
    given = true.copy()
    flipped = random.choice(rows, 5, replace=False)
    given[flipped] = 1 - given[flipped]
    both = np.c_[1 - present, present]
    cases.append(
        {
            "targets": given.tolist(),
            "probabilities": present.tolist(),
            # [absent, present]
            "thresholds": get_confident_thresholds(given, both).tolist(),
            # [given][confidently]
            "counts": compute_confident_joint(given, both, calibrate=False).tolist(),
            "rounded_joint": compute_confident_joint(given, both, calibrate=True).tolist(),
            "suspects": np.where(find_label_issues(given, both, filter_by="confident_learning", n_jobs=1))[0].tolist(),
            "quality": get_label_quality_scores(given, both).tolist(),
        }
    )
print(json.dumps({"source": f"cleanlab {cleanlab.__version__}", "cases": cases}))
