"""Writes image-processors.json: the pixel values that image processors make of made-up grey images.

    pip install transformers==4.46.3 "pillow<13" numpy
    python tools/golden/python/image_processors.py packages/image-backbone/test/fixtures/image-processors.json

Files of transformers go through its own classes. Those of open_clip and timm go through Pillow by the steps of torchvision, which
they use: Resize (longer side cut to whole pixels), CenterCrop (margin rounded half to even), ToTensor, Normalize.
Pillow 13 gives other values for some images, by a few grey levels; up to 12 rows are resized before columns, as they are here.
"""

import json
import math
import sys

import numpy as np
import transformers
from PIL import Image

SIZES = [(96, 48), (50, 75), (33, 64), (64, 64), (41, 57)]
PROBES = 24


def picture(width, height):
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return ((7 * x + 3 * y + (x * y) // 5) % 251).astype(np.uint8)


FILES = [
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 24, "width": 24}, "resample": 2, "do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]},
    {"image_processor_type": "ViTImageProcessor", "size": 24},
    {"feature_extractor_type": "ViTFeatureExtractor", "size": 20, "resample": 3, "do_normalize": False},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 24}, "crop_pct": 0.875, "resample": 3},
    {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 25, "crop_pct": 0.9},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "crop_pct": 0.875},
    {"image_processor_type": "LevitImageProcessor", "size": {"shortest_edge": 21}, "crop_size": {"height": 21, "width": 21}},
    {"image_processor_type": "LevitImageProcessor", "size": 28, "crop_size": 28, "resample": 3},
    {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 20}, "crop_size": {"height": 20, "width": 20}, "do_convert_rgb": True},
    {"image_processor_type": "CLIPImageProcessor", "size": 23, "crop_size": 17},
    {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 26}, "crop_size": {"height": 19, "width": 19}, "image_mean": [0.5307, 0.5307, 0.5307], "image_std": [0.2583, 0.2583, 0.2583]},
    {"image_processor_type": "DeiTImageProcessor", "size": {"height": 32, "width": 32}, "crop_size": {"height": 27, "width": 27}},
    {"image_processor_type": "DeiTImageProcessor", "size": 32, "crop_size": 28, "do_center_crop": False},
    {"image_processor_type": "BeitImageProcessor", "size": 30, "crop_size": 30, "do_center_crop": False},
    {"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 22, "width": 22}, "rescale_factor": 1 / 127.5, "rescale_offset": True, "include_top": False},
    {"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 22, "width": 22}, "resample": 2, "rescale_offset": False, "include_top": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.478, 0.473, 0.474]},
    {"image_processor_type": "PoolFormerImageProcessor", "size": {"shortest_edge": 22}, "crop_pct": 0.9, "crop_size": {"height": 22, "width": 22}},
    {"image_processor_type": "MobileNetV2ImageProcessor", "size": {"shortest_edge": 29}, "crop_size": {"height": 24, "width": 24}},
    {"image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 28}, "crop_size": {"height": 24, "width": 24}, "do_flip_channel_order": True},
    {"image_processor_type": "SiglipImageProcessor", "size": {"height": 24, "width": 24}, "resample": 3},
    {"image_processor_type": "DPTImageProcessor", "size": {"height": 24, "width": 24}, "keep_aspect_ratio": False, "ensure_multiple_of": 1, "do_pad": False},
    {"image_processor_type": "PvtImageProcessor", "size": {"height": 24, "width": 24}},
    {"image_processor_type": "SegformerImageProcessor", "size": 24, "do_reduce_labels": False},
    {"image_processor_type": "BlipImageProcessor", "size": {"height": 24, "width": 24}},
]
OTHERS = [
    ("open_clip_config.json", {"model_cfg": {"vision_cfg": {"image_size": 23}}, "preprocess_cfg": {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}}),
    ("open_clip_config.json", {"preprocess_cfg": {"size": [24, 24], "mode": "RGB", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear", "resize_mode": "squash", "fill_color": 0}}),
    ("config.json", {"architecture": "resnet18", "pretrained_cfg": {"input_size": [3, 21, 21], "interpolation": "bilinear", "crop_pct": 0.875, "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}),
    ("config.json", {"pretrained_cfg": {"input_size": [3, 24, 24], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "squash"}}),
    ("config.json", {"pretrained_cfg": {"input_size": [3, 22, 22], "crop_pct": 1.0}}),
]
FILTERS = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR}


def by_transformers(config, image):
    name = config.get("image_processor_type") or config["feature_extractor_type"].replace("FeatureExtractor", "ImageProcessor")
    options = {key: value for key, value in config.items() if not key.endswith("_type")}
    processor = getattr(transformers, name)(**options)
    pixels = np.asarray(processor(image, return_tensors="np")["pixel_values"][0], dtype=np.float64)
    return pixels[::-1] if options.get("do_flip_channel_order") else pixels


def by_torchvision(file, config, image):
    if file == "config.json":
        own = config["pretrained_cfg"]
        size, squash = own["input_size"][1], own.get("crop_mode") == "squash"
        resize = math.floor(size / own.get("crop_pct", 0.875))
        mean, std = own.get("mean", [0.485, 0.456, 0.406]), own.get("std", [0.229, 0.224, 0.225])
    else:
        own = config["preprocess_cfg"]
        size = own["size"][0] if "size" in own else config["model_cfg"]["vision_cfg"]["image_size"]
        resize, squash, mean, std = size, own.get("resize_mode") == "squash", own["mean"], own["std"]
    width, height = image.size
    shorter = min(width, height)
    to = (resize, resize) if squash else (int(resize * width / shorter), int(resize * height / shorter))
    resized = image.resize(to, FILTERS[own.get("interpolation", "bicubic")])
    left, top = (int(round((side - size) / 2.0)) for side in resized.size)
    pixels = np.asarray(resized.crop((left, top, left + size, top + size)), dtype=np.float64) / 255
    return ((pixels - mean) / std).transpose(2, 0, 1)


def cases():
    files = [("preprocessor_config.json", config) for config in FILES] + OTHERS
    # transformers 5 keeps it inside of the processor.
    files.append(("processor_config.json", {"processor_class": "CLIPProcessor", "image_processor": FILES[8]}))
    for file, config in files:
        for width, height in SIZES:
            image = Image.fromarray(picture(width, height)).convert("RGB")
            inner = config.get("image_processor", config)
            pixels = by_transformers(inner, image) if "_config.json" in file and "open" not in file and file != "config.json" else by_torchvision(file, config, image)
            size = pixels.shape[-1]
            assert pixels.shape == (3, size, size), pixels.shape
            at = [(i * size * size) // PROBES for i in range(PROBES)]
            yield {"file": file, "config": config, "image": [width, height], "size": size, "values": [[round(float(channel.flat[i]), 5) for i in at] for channel in pixels]}


if __name__ == "__main__":
    lines = [json.dumps(case, separators=(",", ":")) for case in cases()]
    with open(sys.argv[1], "w") as file:
        file.write('{"transformers": "%s", "probes": %d,\n"cases": [\n' % (transformers.__version__, PROBES))
        file.write(",\n".join(lines) + "\n]}\n")
    print(len(lines), "cases")
