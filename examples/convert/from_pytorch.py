#!/usr/bin/env python3
"""Converts a PyTorch network to an int8 .tflite file, as Inlay takes it.

usage: from_pytorch.py OUT.tflite     needs the packages litert-torch and ai-edge-quantizer (tried: 0.10.0 of both)
"""
import sys
import tempfile

import litert_torch
import torch
from ai_edge_quantizer import quantizer, recipe
from torch import nn

# Yours: the trained network, and some hundred inputs like those that it will see, scaled as in training.
network = nn.Sequential(
    nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.Conv2d(8, 8, 3, padding=1, groups=8),
    nn.ReLU6(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, 4),
).eval()
samples = torch.rand(100, 32, 32, 3) * 2 - 1

# PyTorch's maps are channels first; with this the file's inputs are height × width × channels, as Inlay's are.
channels_last = litert_torch.to_channel_last_io(network, args=[0])
with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
    # The sample's batch is the file's: one.
    litert_torch.convert(channels_last, (samples[:1],)).export(file.name)
    to_int8 = quantizer.Quantizer(file.name, recipe.static_wi8_ai8())
    signature = {"serving_default": [{"args_0": sample[None].numpy()} for sample in samples]}
    quantised = to_int8.quantize(to_int8.calibrate(signature))
quantised.export_model(sys.argv[1], overwrite=True)
