"""Features of image files by an ONNX encoder: decoded and resized by Pillow in threads, encoded by onnxruntime; prints images/s.

    onnxruntime_extract.py ENCODER FOLDER

ENCODER has model.onnx and preprocess.json as Hugging Face writes it. The peer of `cxr-align extract`: batches of 16, decoded ahead
of those that are encoded, the clock from the first file to the last feature.
"""
import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import onnxruntime
from PIL import Image

BATCH = 16
AHEAD = 4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("encoder")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    spec = json.loads((Path(arguments.encoder) / "preprocess.json").read_text())
    size = (spec["size"]["width"], spec["size"]["height"])
    mean, deviation = spec["image_mean"][0], spec["image_std"][0]
    session = onnxruntime.InferenceSession(str(Path(arguments.encoder) / "model.onnx"), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    files = sorted(Path(arguments.folder).rglob("*.png"))

    def decode(path):
        image = Image.open(path).convert("L").resize(size, Image.Resampling(spec["resample"]))
        gray = (numpy.asarray(image, numpy.float32) * spec["rescale_factor"] - mean) / deviation
        return numpy.broadcast_to(gray, (3, *gray.shape))

    began = time.perf_counter()
    total = 0.0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        batches = [files[i : i + BATCH] for i in range(0, len(files), BATCH)]
        ahead = [[pool.submit(decode, one) for one in batch] for batch in batches[:AHEAD]]
        for i in range(len(batches)):
            if i + AHEAD < len(batches):
                ahead.append([pool.submit(decode, one) for one in batches[i + AHEAD]])
            pixels = numpy.stack([one.result() for one in ahead[i]])
            ahead[i] = None
            total += float(numpy.asarray(session.run(None, {name: pixels})[0]).mean())
    seconds = time.perf_counter() - began
    version = f"onnxruntime {onnxruntime.__version__}, Pillow {Image.__version__}"
    print(json.dumps({"images_per_s": len(files) / seconds, "mean": total / len(batches), "versions": version}))


main()
