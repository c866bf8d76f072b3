#!/usr/bin/env python3
"""Trains a Keras network and converts it to an int8 .tflite file, as Inlay takes it.

usage: from_keras.py OUT.tflite     needs the package tensorflow-cpu (tried: 2.19.1)
"""
import sys

import numpy as np
import tensorflow as tf

from stripes import KINDS, stripes

# Yours: the network, and its training.
tf.keras.utils.set_random_seed(1)
network = tf.keras.Sequential([
    tf.keras.Input((32, 32, 3)),
    tf.keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.ReLU(),
    tf.keras.layers.DepthwiseConv2D(3, padding="same"),
    tf.keras.layers.ReLU(6),
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(len(KINDS), activation="softmax"),
])
pictures, kinds = stripes(2000, seed=1)
network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
network.fit(pictures, kinds, epochs=10, verbose=0)
print("accuracy:", network.evaluate(*stripes(500, seed=2), verbose=0)[1])

# One sample at a time: without batch_size the file has a batch of any size, and operators that work out shapes.
one = tf.keras.Input(network.input_shape[1:], batch_size=1)
converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(one, network(one)))
converter.optimizations = [tf.lite.Optimize.DEFAULT]
# Some hundred inputs as in training. The ranges of all activations come from them: random ones give nonsense.
converter.representative_dataset = lambda: ([picture[np.newaxis]] for picture in pictures[:200])
# Without this an operator that has no int8 kernel stays float, silently; some do even so: look with inlay-inspect.
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
# Otherwise inputs and outputs stay float: QUANTIZE and DEQUANTIZE at the ends, which Inlay computes as well.
converter.inference_input_type = converter.inference_output_type = tf.int8
converted = converter.convert()
with open(sys.argv[1], "wb") as file:
    file.write(converted)
