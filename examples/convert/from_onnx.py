#!/usr/bin/env python3
"""Converts an ONNX file with float weights to an int8 .tflite file, as Inlay takes it: by way of PyTorch.

usage: from_onnx.py MODEL.onnx OUT.tflite     needs what from_pytorch.py does, and onnx, onnx2torch and torchvision

onnx2torch (tried: 1.5.15) knows the operators of opset 13; stripes.onnx is the network of from_pytorch.py, by
torch.onnx.export with opset_version=13.
"""
import sys

import onnx
import onnx2torch

from from_pytorch import convert
from stripes import stripes

# Yours: some hundred inputs as in training, with the channels last. The file's own has them first, as ONNX does.
pictures, _ = stripes(200, seed=1)
convert(onnx2torch.convert(onnx.load(sys.argv[1])).eval(), pictures, sys.argv[2])
