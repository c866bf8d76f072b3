#!/usr/bin/env python3
"""Trains a PyTorch network and converts it to an int8 .tflite file, as Inlay takes it.

usage: from_pytorch.py OUT.tflite     needs the packages litert-torch and ai-edge-quantizer (tried: 0.10.0 of both)
"""
import sys
import tempfile

import litert_torch
import numpy as np
import torch
from ai_edge_quantizer import quantizer, recipe
from torch import nn

from stripes import KINDS, stripes


def train() -> nn.Module:
    """Yours: the network, and its training. Maps are channels first, as PyTorch has them."""
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, len(KINDS)),
    )
    pictures, kinds = map(torch.from_numpy, stripes(2000, seed=1))
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for epoch in range(10):
        for batch in torch.randperm(len(kinds)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(pictures[batch].permute(0, 3, 1, 2)), kinds[batch]).backward()
            optimizer.step()
    network.eval()
    unseen, right = map(torch.from_numpy, stripes(500, seed=2))
    print("accuracy:", (network(unseen.permute(0, 3, 1, 2)).argmax(1) == right).float().mean().item())
    return network


def convert(network: nn.Module, pictures: np.ndarray, out: str) -> None:
    """Pictures are some hundred inputs as in training. The ranges of all activations come from them: random ones give
    nonsense."""
    # With this the file's inputs are height × width × channels, as Inlay's are; without it every layer gets a TRANSPOSE.
    channels_last = litert_torch.to_channel_last_io(network, args=[0])
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        # The sample's batch is the file's: one.
        litert_torch.convert(channels_last, (torch.from_numpy(pictures[:1]),)).export(file.name)
        to_int8 = quantizer.Quantizer(file.name, recipe.static_wi8_ai8())
        inputs = {"serving_default": [{"args_0": picture[np.newaxis]} for picture in pictures]}
        quantised = to_int8.quantize(to_int8.calibrate(inputs))
    quantised.export_model(out, overwrite=True)


if __name__ == "__main__":
    convert(train(), stripes(200, seed=1)[0], sys.argv[1])
