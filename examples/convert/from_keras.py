#!/usr/bin/env python3
"""Converts a Keras network to an int8 .tflite file, as Inlay takes it.

usage: from_keras.py OUT.tflite     needs the package tensorflow-cpu (tried: 2.19.1)
"""
import sys

import numpy as np
import tensorflow as tf

# Yours: the trained network, and some hundred inputs like those that it will see, scaled as in training.
network = tf.keras.Sequential([
    tf.keras.Input((32, 32, 3)),
    tf.keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.ReLU(),
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(4, activation="softmax"),
])
samples = np.random.default_rng(1).uniform(-1, 1, (100, 32, 32, 3)).astype(np.float32)

# One sample at a time: without batch_size the file has a batch of any size, and operators that work out shapes.
one = tf.keras.Input(network.input_shape[1:], batch_size=1)
converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(one, network(one)))
converter.optimizations = [tf.lite.Optimize.DEFAULT]
# The ranges of all activations come from these: random ones give a network that answers nonsense.
converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
# Without this an operator that has no int8 kernel stays float, silently; some do even so: look with inlay-inspect.
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
# Otherwise inputs and outputs stay float: QUANTIZE and DEQUANTIZE at the ends, which Inlay computes as well.
converter.inference_input_type = converter.inference_output_type = tf.int8
converted = converter.convert()
with open(sys.argv[1], "wb") as file:
    file.write(converted)
