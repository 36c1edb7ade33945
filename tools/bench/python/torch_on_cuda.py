"""Runs the PyTorch peer of `bench -- step`, which is written for processors, on a CUDA device.

    torch_on_cuda.py FLAGS OF THE PEER

BENCH_PEER names the peer, ../shared/bench/torch_baseline.py unless given. Tensors are made on the device, clocks wait for it,
AdamW is PyTorch's fused one, attention its own, and products have the precision that BENCH_PRECISION names: float32, tf32, or
bf16, which is autocast of everything the peer computes. With BENCH_COMPILE=1 its losses are compiled by torch.compile. The JSON names the device; its peak memory is what the device has in use at the end, of all processes.
"""
import importlib.util
import io
import json
import os
import sys
import time
from contextlib import redirect_stdout

import torch

peer = os.environ.get("BENCH_PEER", "../shared/bench/torch_baseline.py")
torch.set_default_device("cuda")
precision = os.environ.get("BENCH_PRECISION", "float32")
torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
if precision == "bf16":
    torch.autocast("cuda", dtype=torch.bfloat16).__enter__()

clock = time.perf_counter


def waiting_clock():
    torch.cuda.synchronize()
    return clock()


time.perf_counter = waiting_clock


def on_device(made):
    """The peer makes its inputs by generators of the processor."""
    return lambda *sizes, generator=None, device="cuda", **rest: made(*sizes, device=device, **rest)


torch.randn, torch.rand = on_device(torch.randn), on_device(torch.rand)
adamw = torch.optim.AdamW
torch.optim.AdamW = lambda parameters, foreach=False, **rest: adamw(parameters, fused=True, **rest)

sys.argv = [peer, *sys.argv[1:], "--adam", "foreach", "--attention", "torch", "--malloc", "stock", "--blas", "default"]
printed = io.StringIO()
code = 0
with redirect_stdout(printed):
    try:
        spec = importlib.util.spec_from_file_location("peer", peer)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if os.environ.get("BENCH_COMPILE") == "1":
            module.batched_losses = torch.compile(module.batched_losses)
        code = module.main(module.options())
    except SystemExit as ended:
        code = ended.code or 0
lines = printed.getvalue().splitlines()
if code == 0:
    result = json.loads(lines[-1])
    result["compiled"] = os.environ.get("BENCH_COMPILE") == "1"
    result["device"] = torch.cuda.get_device_name()
    free, total = torch.cuda.mem_get_info()
    result["peak_rss_mib"] = (total - free) / 2**20
    print(json.dumps(result))
sys.exit(code)
