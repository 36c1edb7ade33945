"""Writes dicom-grey-scale.json: what pydicom shows of made-up pixels, on a grid of DICOM headers.

    pip install pydicom numpy
    python tools/golden/python/dicom_grey_scale.py packages/image-backbone/test/fixtures/dicom-grey-scale.json

A case is a header and the shares of white its pixels are shown with. Values come from pydicom's
apply_modality_lut and apply_voi_lut; the last steps, from the range of their results to [0, 255] and MONOCHROME1, are here, for
pydicom leaves them to the viewer (PS3.3 C.7.6.3.1.2).
"""

import json
import sys
import warnings
from itertools import product

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

PIXELS = 7


def table(first, bits, entries):
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new(0x00283006, "US", [int(entry) for entry in entries])
    return Sequence([item])


def modalities(low, high):
    """Rescales and modality LUTs, by name, of stored values from low to high."""
    count = min(high - low + 1, 256)
    ramp = np.linspace(0, 1, count)
    return {
        "none": {},
        "rising": {"slope": 2, "intercept": -1000},
        "fraction": {"slope": 0.25, "intercept": 10.5},
        "negative": {"slope": -1, "intercept": high},
        "steep": {"slope": -10, "intercept": 3000},
        "lut-rising": {"lut": {"first": low, "bits": 16, "entries": np.round(4095 * ramp**2).astype(int).tolist()}},
        "lut-falling": {"lut": {"first": low, "bits": 16, "entries": np.round(60000 * (1 - ramp)).astype(int).tolist()}},
        "lut-bent": {"lut": {"first": low + 3, "bits": 16, "entries": np.round(1023 * np.abs(1 - 2 * ramp)).astype(int).tolist()}},
    }


def interests(values):
    """VOI LUTs and windows that lie on the values, by name."""
    low, high = float(values.min()), float(values.max())
    width = max(2.0, high - low)
    first = int(np.floor(low + width / 4))
    ramp = np.linspace(0, 1, 64)
    return {
        "none": {},
        "linear": {"window": {"center": low + width / 2, "width": width + 1}},
        "linear-narrow": {"window": {"center": low + width / 3, "width": max(2.0, width / 4)}},
        "linear-exact": {"window": {"center": low + width / 2, "width": width / 2, "kind": "LINEAR_EXACT"}},
        "sigmoid": {"window": {"center": low + width / 2, "width": width / 2, "kind": "SIGMOID"}},
        "lut-12": {"lut": {"first": first, "bits": 12, "entries": np.round(4095 * ramp).astype(int).tolist()}},
        # Of 8 bits pydicom's own indices overflow.
        "lut-10-falling": {"lut": {"first": first, "bits": 10, "entries": np.round(1023 * (1 - ramp)).astype(int).tolist()}},
    }


def shown(stored, case):
    """Shares of white of each pixel, in [0, 1]."""
    header = Dataset()
    header.PixelRepresentation = int(case["signed"])
    header.BitsStored = case["bitsStored"]
    header.PhotometricInterpretation = case["photometric"]
    modality, voi = case["modality"], case["voi"]
    if "lut" in modality:
        header.ModalityLUTSequence = table(**modality["lut"])
    elif modality:
        header.RescaleSlope, header.RescaleIntercept = modality["slope"], modality["intercept"]
    values = np.asarray(apply_modality_lut(stored, header))
    if "lut" in voi:
        header.VOILUTSequence = table(**voi["lut"])
        out = apply_voi_lut(values.astype(np.float64), header)
        share = out / (2 ** voi["lut"]["bits"] - 1)
    elif voi:
        window = voi["window"]
        header.WindowCenter, header.WindowWidth = window["center"], window["width"]
        header.VOILUTFunction = window.get("kind", "LINEAR")
        out = apply_voi_lut(values, header)
        # The ends of pydicom's result are those that it shows far below and far above the window.
        far = float(abs(window["center"]) + 100 * window["width"]) * np.array([-1.0, 1.0])
        low, high = apply_voi_lut(far, header)
        share = (out - low) / (high - low)
    elif case["bitsStored"] <= 8 and not case["signed"] and not modality:
        share = values / (2 ** case["bitsStored"] - 1)
    else:
        low, high = values.min(), values.max()
        share = (values.astype(np.float64) - low) / (high - low)
    return 1 - share if case["photometric"] == "MONOCHROME1" else share


def cases():
    for (allocated, bits), signed in product([(8, 8), (16, 12), (16, 16)], [False, True]):
        low = -(2 ** (bits - 1)) if signed else 0
        high = low + 2**bits - 1
        used = [low, high] if bits < 16 else [low // 4, high // 4]
        stored = np.round(np.linspace(used[0] + 5, used[1] - 7, PIXELS)).astype(np.int32)
        for name, modality in modalities(low, high).items():
            if "lut" in modality:
                modality["lut"]["first"] = max(low, int(stored[PIXELS // 2]) - 128)
            case = {"bitsAllocated": allocated, "bitsStored": bits, "signed": signed, "modality": modality, "voi": {}}
            values = np.asarray(shown_modality(stored, case))
            for kind, voi in interests(values).items():
                first = voi.get("lut", {}).get("first", 0)
                if not -32768 <= first <= 65535:
                    continue
                for photometric in ["MONOCHROME1", "MONOCHROME2"]:
                    whole = {**case, "photometric": photometric, "voi": voi, "stored": stored.tolist()}
                    share = np.clip(shown(stored, whole), 0, 1)
                    yield {**whole, "name": f"{name}, {kind}", "shown": [round(255 * float(s), 2) for s in share]}


def shown_modality(stored, case):
    header = Dataset()
    if "lut" in case["modality"]:
        header.ModalityLUTSequence = table(**case["modality"]["lut"])
    elif case["modality"]:
        header.RescaleSlope, header.RescaleIntercept = case["modality"]["slope"], case["modality"]["intercept"]
    return apply_modality_lut(stored, header)


if __name__ == "__main__":
    # Of float inputs, which is what a rescale gives, and of sigmoids far from their centre.
    warnings.simplefilter("ignore")
    grid = list(cases())
    # Tables are long and few: each is written once.
    tables = []

    def numbered(part):
        if "lut" not in part:
            return part
        entries = part["lut"]["entries"]
        if entries not in tables:
            tables.append(entries)
        return {"lut": {**part["lut"], "entries": tables.index(entries)}}

    lines = [json.dumps({**case, "modality": numbered(case["modality"]), "voi": numbered(case["voi"])}, separators=(",", ":")) for case in grid]
    with open(sys.argv[1], "w") as file:
        file.write('{"pydicom": "%s", "tables": %s,\n"cases": [\n' % (pydicom.__version__, json.dumps(tables)))
        file.write(",\n".join(lines) + "\n]}\n")
    print(len(grid), "cases")
