"""Writes an image encoder of a Python library as ONNX to a folder that cxr-align reads: model.onnx and preprocess.json.

    python export_encoder.py transformers:DIR_OR_NAME --out encoders/rad-dino
    python export_encoder.py torchvision:vit_b_16 --random --out encoders/random-vit

The model has an input pixel_values float32 [batch, channels, size, size] and the outputs features [batch, dim] and, where the
network has one, feature_map [batch, dim, grid, grid]. The export is checked: ONNX Runtime's features, where it is installed,
must equal PyTorch's.
"""

import argparse
import json
import warnings
from pathlib import Path

import torch
from torch import nn

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


class Outputs(nn.Module):
    """A network as a function of pixels to features and, where `with_map`, a map."""

    def __init__(self, network, forward, with_map):
        super().__init__()
        self.network, self.function, self.with_map = network, forward, with_map

    def forward(self, pixel_values):
        return self.function(self.network, pixel_values)


def tokens_to_map(tokens, extra):
    """[batch, extra + grid², dim] → [batch, dim, grid, grid]."""
    places = tokens[:, extra:]
    grid = int(places.shape[1] ** 0.5)
    return places.transpose(1, 2).reshape(places.shape[0], places.shape[2], grid, grid)


def preprocessing(size, resample=2, rescale=1 / 255, crop=None, **normalise):
    content = {"size": size, "resample": resample, "rescale_factor": rescale, **normalise}
    if crop is not None:
        content.update(size={"shortest_edge": size}, do_center_crop=True, crop_size=crop)
    return content


def from_torchvision(name, random):
    import torchvision

    weights = None if random else "DEFAULT"
    network = torchvision.models.get_model(name, weights=weights)
    if name.startswith("vit"):
        size = network.image_size

        def forward(net, pixels):
            tokens = net._process_input(pixels)
            tokens = torch.cat([net.class_token.expand(tokens.shape[0], -1, -1), tokens], dim=1)
            tokens = net.encoder(tokens)
            return tokens[:, 0], tokens_to_map(tokens, 1)

        return Outputs(network, forward, True), 3, preprocessing(size, **IMAGENET)
    body = nn.Sequential(*list(network.children())[:-2]) if name.startswith("resnet") else network.features

    def forward(net, pixels):
        feature_map = net(pixels)
        return feature_map.mean((2, 3)), feature_map

    return Outputs(body, forward, True), 3, preprocessing(256, crop=224, **IMAGENET)


def from_timm(name, random):
    import timm

    network = timm.create_model(name, pretrained=not random, num_classes=0)
    data = timm.data.resolve_model_data_config(network)
    channels, size, _ = data["input_size"]
    resample = {"bilinear": 2, "bicubic": 3, "lanczos": 1}[data["interpolation"]]

    def forward(net, pixels):
        hidden = net.forward_features(pixels)
        features = net.forward_head(hidden, pre_logits=True)
        if hidden.ndim == 3:
            return features, tokens_to_map(hidden, net.num_prefix_tokens)
        return features, hidden

    content = preprocessing(size, resample, image_mean=list(data["mean"]), image_std=list(data["std"]))
    return Outputs(network, forward, True), channels, content


def from_transformers(name, random):
    from transformers import AutoConfig, AutoImageProcessor, AutoModel, CLIPVisionConfig, CLIPVisionModelWithProjection

    if random and name == "clip":
        # A CLIP vision tower as large as OpenAI's ViT-B/32, of random weights: needs no file.
        network = CLIPVisionModelWithProjection(CLIPVisionConfig(projection_dim=512))
        clip = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
        content = preprocessing(224, 3, crop=224, **clip)
    else:
        config = AutoConfig.from_pretrained(name)
        if hasattr(config, "vision_config"):
            network = CLIPVisionModelWithProjection.from_pretrained(name) if config.model_type == "clip" else AutoModel.from_pretrained(name).vision_model
        else:
            network = AutoModel.from_config(config) if random else AutoModel.from_pretrained(name)
        content = AutoImageProcessor.from_pretrained(name).to_dict()

    def forward(net, pixels):
        result = net(pixel_values=pixels)
        hidden = result.last_hidden_state
        embeds = getattr(result, "image_embeds", None)
        pooled = embeds if embeds is not None else getattr(result, "pooler_output", None)
        if hidden.ndim == 4:
            return (pooled.flatten(1) if pooled is not None else hidden.mean((2, 3))), hidden
        places = int(hidden.shape[1] ** 0.5) ** 2
        return (pooled if pooled is not None else hidden[:, 0]), tokens_to_map(hidden, hidden.shape[1] - places)

    return Outputs(network, forward, True), 3, content


def from_open_clip(name, random):
    import open_clip

    architecture, _, pretrained = name.partition("/")
    network, _, transform = open_clip.create_model_and_transforms(
        architecture, pretrained=None if random else pretrained or None
    )
    visual = network.visual
    size = visual.image_size[0] if isinstance(visual.image_size, tuple) else visual.image_size
    mean, std = (list(getattr(visual, f"image_{kind}", None) or IMAGENET[f"image_{kind}"]) for kind in ("mean", "std"))
    forward = lambda net, pixels: (net(pixels),)  # noqa: E731
    return Outputs(visual, forward, False), 3, preprocessing(size, 3, crop=size, image_mean=mean, image_std=std)


def from_torchxrayvision(name, random):
    import torchxrayvision

    network = torchxrayvision.models.DenseNet(weights=None if random else name)

    def forward(net, pixels):
        feature_map = torch.relu(net.features(pixels))
        return feature_map.mean((2, 3)), feature_map

    # Grey values 0 to 255 become −1024 to 1024.
    content = preprocessing(224, crop=224, rescale=1, image_mean=[127.5], image_std=[127.5 / 1024])
    return Outputs(network, forward, True), 1, content


SOURCES = {
    "torchvision": from_torchvision,
    "timm": from_timm,
    "transformers": from_transformers,
    "open_clip": from_open_clip,
    "torchxrayvision": from_torchxrayvision,
}


def side(content):
    size = content.get("crop_size") or content["size"]
    return size if isinstance(size, int) else size.get("height") or size["shortest_edge"]


def export(model, channels, content, out):
    model.eval()
    # The exporter knows attention by its parts, not as one operation.
    torch.backends.mha.set_fastpath_enabled(False)
    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    out.mkdir(parents=True, exist_ok=True)
    size = side(content)
    pixels = torch.randn(2, channels, size, size)
    names = ["features", "feature_map"][: 2 if model.with_map else 1]
    with torch.no_grad():
        expected = model(pixels)
        torch.onnx.export(
            model,
            (pixels,),
            str(out / "model.onnx"),
            input_names=["pixel_values"],
            output_names=names,
            dynamic_axes={name: {0: "batch"} for name in ["pixel_values", *names]},
            opset_version=17,
            dynamo=False,
        )
    (out / "preprocess.json").write_text(json.dumps(content, indent=1, default=str) + "\n")
    shapes = {name: list(value.shape) for name, value in zip(names, expected)}
    print(f"{out}: {shapes}")
    try:
        import onnxruntime
    except ImportError:
        print("onnxruntime is not installed: the export was not checked")
        return
    session = onnxruntime.InferenceSession(str(out / "model.onnx"), providers=["CPUExecutionProvider"])
    got = session.run(names, {"pixel_values": pixels.numpy()})
    for name, ours, theirs in zip(names, got, expected):
        difference = float((torch.from_numpy(ours) - theirs).abs().max() / theirs.abs().max())
        if not difference < 1e-3:
            raise SystemExit(f"{name}: expected what PyTorch says, got a relative difference of {difference}")
        print(f"{name}: equal to PyTorch's to {difference:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="SOURCE:NAME, SOURCE one of " + ", ".join(SOURCES))
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--random", action="store_true", help="random weights: nothing is downloaded")
    arguments = parser.parse_args()
    source, _, name = arguments.model.partition(":")
    if source not in SOURCES or not name:
        parser.error(f"expected SOURCE:NAME with a source of {', '.join(SOURCES)}, got {arguments.model}")
    torch.manual_seed(0)
    export(*SOURCES[source](name, arguments.random), arguments.out)


if __name__ == "__main__":
    main()
