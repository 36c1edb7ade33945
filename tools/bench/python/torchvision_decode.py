"""Decodes image files to [1, size, size] with torchvision, over a DataLoader with a worker a core; prints images/s as JSON."""

import argparse
import json
import time
from pathlib import Path

import torch
import torchvision
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_image, read_file
from torchvision.transforms.v2 import functional as F


class Files(Dataset):
    def __init__(self, paths, size):
        self.paths, self.size = paths, size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        image = decode_image(read_file(str(self.paths[index])), mode=ImageReadMode.UNCHANGED)
        image = image[:1]
        if image.dtype == torch.uint16:
            image = image.to(torch.float32).div_(257)
        image = F.resize(image, [self.size, self.size], antialias=True)
        return image.to(torch.float32).div_(255).sub_(0.5).div_(0.25)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    paths = sorted(Path(arguments.folder).iterdir())
    loader = DataLoader(Files(paths, arguments.size), batch_size=16, num_workers=arguments.workers)
    began = time.perf_counter()
    first = None
    count = 0
    total = 0.0
    for number, batch in enumerate(loader, start=1):
        if number == max(1, arguments.workers):
            # Starting the workers is not counted: the clock runs from when each has made a batch, and so does the count.
            first = time.perf_counter()
        elif first is not None:
            count += len(batch)
        total += float(batch.mean())
    seconds = time.perf_counter() - first
    print(
        json.dumps(
            {
                "images_per_s": count / seconds,
                "mean": total / len(loader),
                "start_s": first - began,
                "torchvision": torchvision.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
