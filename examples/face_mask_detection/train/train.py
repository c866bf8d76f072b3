"""Trains face_mask_detection.tflite, the int8 network of this example.

    python train.py --data DIR

evaluate.py says what DIR holds, what the network sees and says, and how it is
scored. The network is trained from scratch on the train split, quantised after
training, and written. Every tenth photograph of the train split is kept out of
all this: on these the int8 network is scored at several thresholds. The best of
them (evaluate.py has it as its default) is used for the last step, the score on
the test split, which nothing looks at before.
"""

import argparse
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageFilter
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.lite.tools import flatbuffer_utils

import evaluate

SIZE = 192
CELLS = SIZE // evaluate.CELL
UNSURE = -1


def conv(x, filters, kernel=1, stride=1, activation=True):
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    # The usual momentum of 0.99 lags behind so short a training.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU(6.0)(x) if activation else x


def block(x, filters, expand, kernel=3, stride=1):
    """An inverted residual block: widen, filter each channel, narrow."""
    shortcut = x
    channels = x.shape[-1]
    if expand > 1:
        x = conv(x, channels * expand)
    x = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU(6.0)(x)
    x = conv(x, filters, activation=False)
    return layers.Add()([shortcut, x]) if stride == 1 and channels == filters else x


def double(x):
    _, height, width, _ = x.shape
    return layers.Lambda(lambda t: tf.image.resize(t, (2 * height, 2 * width), "nearest"))(x)


def build():
    image = keras.Input((SIZE, SIZE, 3))
    # Few channels while the map is large: that is where the memory goes.
    x = conv(image, 16, 3, 2)
    x = conv(x, 24, 3, 2)
    x = block(x, 24, 2)
    x = block(x, 24, 2)
    x = conv(x, 32, 3, 2)
    x = block(x, 32, 3, 5)
    x = block(x, 32, 3, 5)
    fine = block(x, 32, 3, 5)
    # Large faces, and the scene around small ones, are seen at half the resolution.
    x = block(fine, 48, 2, 5, stride=2)
    x = block(x, 48, 3, 5)
    x = double(conv(x, 32, activation=False))
    x = layers.Add()([fine, x])
    x = block(x, 32, 3, 3)
    # Starts out with 5 % for a face: most cells have none.
    bias = keras.initializers.Constant([math.log(0.95 / 0.025), 0.0, 0.0])
    x = layers.Conv2D(3, 1, bias_initializer=bias)(x)
    return keras.Model(image, layers.Softmax()(x))


def recolour(image, rng):
    """Less or more colour, contrast and light, and a slight cast."""
    colour = 0.0 if rng.random() < 0.05 else rng.uniform(0.5, 1.4)
    contrast = rng.uniform(0.6, 1.4)
    offset = 128 * (1 - contrast) + rng.uniform(-35, 35)
    matrix = []
    for channel in range(3):
        gain = contrast * rng.uniform(0.9, 1.1)
        row = [gain * (1 - colour) / 3] * 3
        row[channel] += gain * colour
        matrix += [*row, offset]
    return image.convert("RGB", matrix)


def view(photo, width, height, rng):
    """A random view of a photograph: an image of that size and the boxes in it.

    A box that is mostly cut off, or too small to tell what it is, becomes UNSURE.
    """
    image, boxes = photo
    scale = SIZE / max(image.size) * math.exp(rng.uniform(math.log(0.6), math.log(1.8)))
    stretch = math.exp(rng.uniform(-0.15, 0.15))
    wide = max(1, round(image.width * scale * stretch))
    high = max(1, round(image.height * scale / stretch))
    # Somewhere inside the view where it is smaller, some part of it where it is larger.
    left = round(rng.uniform(*sorted((0, width - wide))))
    top = round(rng.uniform(*sorted((0, height - high))))
    image = image.resize((wide, high), rng.choice((Image.BILINEAR, Image.BOX, Image.BICUBIC)))
    boxes = boxes * [wide, high, wide, high, 1]
    if rng.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
        boxes[:, [0, 2]] = wide - boxes[:, [2, 0]]
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    seen = Image.new("RGB", (width, height))
    seen.paste(recolour(image, rng), (left, top))

    boxes[:, :4] += [left, top, left, top]
    area = np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1)
    boxes[:, :4] = boxes[:, :4].clip(0, [width, height, width, height])
    sides = boxes[:, 2:4] - boxes[:, :2]
    boxes[(np.prod(sides, axis=1) < 0.6 * area) | (sides.min(axis=1) < 3), 4] = UNSURE
    return seen, boxes[sides.min(axis=1) > 0]


def example(photos, index, rng):
    """A view of a photograph, or a collage of it and three others: pixels and target."""
    if rng.random() < 0.5:
        image, boxes = view(photos[index], SIZE, SIZE, rng)
        return np.asarray(image), target(boxes)
    x, y = (rng.randrange(SIZE // 4, 3 * SIZE // 4) for _ in range(2))
    image = Image.new("RGB", (SIZE, SIZE))
    boxes = []
    for left, top, right, bottom in ((0, 0, x, y), (x, 0, SIZE, y), (0, y, x, SIZE), (x, y, SIZE, SIZE)):
        part, inside = view(photos[index], right - left, bottom - top, rng)
        image.paste(part, (left, top))
        boxes.append(inside + [left, top, left, top, 0])
        index = rng.randrange(len(photos))
    return np.asarray(image), target(np.concatenate(boxes))


def target(boxes):
    """What the map should say: two heats, bare and masked, and the weight of each cell.

    A heat is 1 in the cell of a face's centre and falls off around it.
    """
    heat = np.zeros((CELLS, CELLS, 3), np.float32)
    heat[..., 2] = 1
    centres = np.arange(CELLS) + 0.5
    for x0, y0, x1, y1, kind in boxes / [*[evaluate.CELL] * 4, 1]:
        if kind == UNSURE:
            heat[int(y0):math.ceil(y1), int(x0):math.ceil(x1), 2] = 0
    for x0, y0, x1, y1, kind in boxes / [*[evaluate.CELL] * 4, 1]:
        if kind == UNSURE:
            continue
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        across = (centres - x) / max(0.6, (x1 - x0) / 8)
        down = (centres - y) / max(0.6, (y1 - y0) / 8)
        blob = np.exp(-0.5 * (across[None, :] ** 2 + down[:, None] ** 2))
        blob[int(y), int(x)] = 1
        heat[..., int(kind)] = np.maximum(heat[..., int(kind)], blob)
        heat[int(y), int(x), 2] = 1
    return heat


def focal_loss(wanted, found):
    """CenterNet's: hard cells count most, cells near a centre count little as background."""
    heat, weight = wanted[..., :2], wanted[..., 2:]
    face = tf.clip_by_value(found[..., 1:], 1e-4, 1 - 1e-4)
    centre = tf.cast(heat >= 1, tf.float32)
    loss = -(centre * (1 - face) ** 2 * tf.math.log(face)
             + (1 - heat) ** 4 * face ** 2 * tf.math.log(1 - face))
    return tf.reduce_sum(loss * weight) / tf.maximum(1.0, tf.reduce_sum(centre * weight))


def batches(photos, epochs, batch, seed):
    """Batches of random examples, each made while the one before it is trained on."""
    def make(epoch, indices):
        examples = [example(photos, index, random.Random(f"{seed} {epoch} {index}")) for index in indices]
        pixels, heats = map(np.stack, zip(*examples))
        return pixels.astype(np.float32) / 255, heats

    def jobs():
        for epoch in range(epochs):
            order = np.random.default_rng([seed, epoch]).permutation(len(photos))
            for start in range(0, len(order) - batch + 1, batch):
                yield epoch, order[start:start + batch]

    with ThreadPoolExecutor(1) as worker:
        ahead = None
        for job in jobs():
            ready, ahead = ahead, worker.submit(make, *job)
            if ready:
                yield ready.result()
        yield ahead.result()


def fit(photos, options):
    keras.utils.set_random_seed(options.seed)
    model = build()
    print(f"{model.count_params()} parameters")
    per_epoch = len(photos) // options.batch
    steps = per_epoch * options.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - 2 * per_epoch, warmup_target=options.rate, warmup_steps=2 * per_epoch)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=options.decay, global_clipnorm=5.0)
    model.compile(optimizer, focal_loss)
    began = time.time()
    losses = []
    for step, (pixels, heats) in enumerate(batches(photos, options.epochs, options.batch, options.seed), 1):
        losses.append(model.train_on_batch(pixels, heats))
        model.reset_metrics()
        if step % (5 * per_epoch) == 0:
            print(f"epoch {step // per_epoch}: loss {np.mean(losses):.3f}, {time.time() - began:.0f} s",
                  flush=True)
            losses.clear()
    return model


def quantise(model, photos):
    """The .tflite: int8 throughout, its input a pixel less 128."""
    def examples():
        # Black and white pin the input's range to 0..1.
        for value in (0, 1):
            yield [np.full((1, SIZE, SIZE, 3), value, np.float32)]
        for image, boxes in photos[::4]:
            yield [evaluate.letterbox(image, boxes, SIZE)[0][None].astype(np.float32) / 255]

    # A fixed batch of one keeps the graph free of operators that work out shapes.
    image = keras.Input(batch_shape=(1, SIZE, SIZE, 3))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, model(image)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    # The names of the tensors would take 10 KB.
    plain = flatbuffer_utils.convert_bytearray_to_object(converter.convert())
    flatbuffer_utils.strip_strings(plain)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(plain))


def main():
    parser = argparse.ArgumentParser(description="Trains face_mask_detection.tflite.")
    parser.add_argument("--data", type=Path, required=True,
                        help="folder with faces_240.tar and faces_240.csv")
    parser.add_argument("--output", type=Path,
                        default=Path(__file__).resolve().parent.parent / "face_mask_detection.tflite")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    parser.add_argument("--decay", type=float, default=0.01, help="weight decay")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # In any other order of its operators TensorFlow would not train the same network twice.
    tf.config.threading.set_inter_op_parallelism_threads(1)

    photos = evaluate.load(options.data, "train")
    held_out = photos[::10]
    photos = [photo for k, photo in enumerate(photos) if k % 10]
    model = fit(photos, options)
    tflite = quantise(model, photos)
    options.output.write_bytes(tflite)
    print(f"{options.output}: {len(tflite)} bytes")

    print("held out of the train split:")
    maps, boxes_of = evaluate.run_tflite(tflite, held_out)
    thresholds = np.arange(0.4, 0.8, 0.02)
    for threshold in thresholds:
        evaluate.report(maps, boxes_of, threshold)
    best = max(thresholds, key=lambda threshold: evaluate.score(maps, boxes_of, threshold)["f1"])
    print("test split:")
    evaluate.report(*evaluate.run_tflite(tflite, evaluate.load(options.data, "test")), best)


if __name__ == "__main__":
    main()
