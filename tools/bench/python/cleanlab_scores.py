"""Label quality scores of cleanlab for each label: JSON of [{"targets", "probabilities"}] on stdin, of [{"quality", "adjusted"}] on stdout."""

import json
import sys

import numpy as np
from cleanlab.rank import get_label_quality_scores

answers = []
for label in json.load(sys.stdin):
    given = np.array(label["targets"], dtype=int)
    present = np.array(label["probabilities"])
    both = np.c_[1 - present, present]
    if len(set(given)) < 2:
        # It refuses a class without rows.
        quality = both[np.arange(len(given)), given]
        adjusted = quality
    else:
        quality = get_label_quality_scores(given, both)
        adjusted = get_label_quality_scores(given, both, adjust_pred_probs=True)
    answers.append({"quality": quality.tolist(), "adjusted": adjusted.tolist()})
print(json.dumps(answers))
