#!/usr/bin/env python3
"""Times the training of one network in the engine and in PyTorch (where it is installed), on one core.

    python speed.py BIN      prints milliseconds of processor time a picture as JSON

BIN is where libinlay-train.so is. PyTorch runs in float and in bfloat16 (autocast), as it is and compiled.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from trainer.network import Engine, Network, open_library, to_bf16  # noqa: E402

BATCH, STEPS = 32, 10
STAGES = [(8, 1, 1)] + [(16, 4, 2), (16, 4, 1)] + [(24, 4, 2)] + 2 * [(24, 4, 1)] + [(40, 4, 2)] + 2 * [(40, 4, 1)] + \
    2 * [(56, 4, 1)] + [(96, 4, 2), (96, 4, 1)]
TOPOLOGY = {"input": [96, 96, 3], "blocks": [
    {"kind": "conv2d", "filters": 16, "kernel": 3, "stride": 2, "clamp": "relu6"},
    *({"kind": "inverted_residual", "filters": filters, "expansion": expansion, "kernel": 3, "stride": stride}
      for filters, expansion, stride in STAGES),
    {"kind": "global_average_pool"}, {"kind": "dense", "units": 2}]}


def timed(step):
    for _ in range(3):
        step()
    began = time.process_time()
    for _ in range(STEPS):
        step()
    return round(1000 * (time.process_time() - began) / STEPS / BATCH, 2)


def engine(library):
    network = Network(TOPOLOGY)
    parameters, statistics, _ = network.initial(1)
    gradients = np.zeros_like(parameters)
    ready = Engine(open_library(library), network, BATCH)
    ready.pictures[:] = to_bf16(np.random.default_rng(1).normal(0, 1, ready.pictures.shape))
    by_scores = np.full((BATCH, 2), 0.01, np.float32)

    def step():
        ready.forward(parameters, statistics, False)
        ready.backward(parameters, gradients, by_scores)
    return network.macs(), timed(step)


def pytorch(bfloat16, compiled):
    import torch
    from torch import nn

    def layer(inputs, outputs, kernel=1, stride=1, groups=1, clamp=True):
        parts = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
        return nn.Sequential(*parts, *([nn.ReLU6()] if clamp else []))

    class Block(nn.Module):
        def __init__(self, inputs, outputs, expansion, stride):
            super().__init__()
            inside = inputs * expansion
            self.layers = nn.Sequential(*([layer(inputs, inside)] if expansion > 1 else []),
                                        layer(inside, inside, 3, stride, inside), layer(inside, outputs, clamp=False))
            self.skips = stride == 1 and inputs == outputs

        def forward(self, x):
            return x + self.layers(x) if self.skips else self.layers(x)

    torch.set_num_threads(1)
    parts, channels = [layer(3, 16, 3, 2)], 16
    for filters, expansion, stride in STAGES:
        parts.append(Block(channels, filters, expansion, stride))
        channels = filters
    network = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2))
    network = network.to(memory_format=torch.channels_last)
    pictures = torch.randn(BATCH, 3, 96, 96).to(memory_format=torch.channels_last)
    run = torch.compile(network) if compiled else network

    def step():
        network.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            scores = run(pictures)
        scores.float().sum().backward()
    return timed(step)


def main():
    macs, milliseconds = engine(Path(sys.argv[1]) / "libinlay-train.so")
    out = {"macs": macs, "batch": BATCH, "engine": milliseconds}
    try:
        import torch
        out["torch"] = torch.__version__
        for name, *how in (("float", False, False), ("bfloat16", True, False), ("float compiled", False, True),
                           ("bfloat16 compiled", True, True)):
            out[f"torch {name}"] = pytorch(*how)
    except ImportError:
        pass
    print(json.dumps(out))


if __name__ == "__main__":
    main()
