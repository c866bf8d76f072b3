#!/usr/bin/env python3
"""Runs design.py whole on a tiny space and tiny pictures, in one go and stopped; and checks the engine's gradients.

usage: training_test.py FOLDER   where inlay-design, inlay-inspect and libinlay-train.so are. 77: packages are missing.
"""
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import ai_edge_litert  # noqa: F401
    import flatbuffers  # noqa: F401
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"Skipped: {missing}; pip install -r requirements.txt")
    sys.exit(77)

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from trainer.network import Engine, Network, open_library, to_bf16  # noqa: E402
from trainer.tflite import Runner  # noqa: E402

PROGRAMS = Path(sys.argv[1])
SPACE = {
    "resolution": [24, 32], "channels": [3], "width": [1], "divisor": 8,
    "stem": [{"kind": "conv2d", "filters": 8, "kernel": 3, "stride": 2, "clamp": "relu6"}],
    "stages": [{"filters": 8, "stride": 1, "depth": [1, 2], "kernel": [3, 5], "expansion": [1, 3]},
               {"filters": 16, "stride": 2, "depth": [1], "kernel": [3], "expansion": [4]}],
    "head": [{"kind": "global_average_pool"}, {"kind": "dense", "units": 1}],
}


def pictures(folder):
    """Two classes that a glance tells apart: a bright spot, and stripes."""
    rng = np.random.default_rng(1)
    for name in ("spot", "stripes"):
        (folder / name).mkdir(parents=True)
        for number in range(120):
            pixels = rng.integers(40, 120, (48, 40, 3))
            if name == "spot":
                y, x = rng.integers(4, 24, 2)
                pixels[y:y + 14, x:x + 14] += 120
            else:
                pixels[rng.integers(0, 6)::6] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{name}{number}.png")


def command(folder, out):
    space = folder / "space.json"
    space.write_text(json.dumps(SPACE))
    return [sys.executable, str(HERE / "design.py"), "--data", str(folder / "pictures"), "--sram", "16K", "--flash", "64K",
            "--space", str(space), "--candidates", "2", "--draws", "40", "--search-minutes", "0.05", "--minutes", "0.15",
            "--programs", str(PROGRAMS), "--out", str(out)]


def check_design(folder):
    pictures(folder / "pictures")
    whole, parts = folder / "whole", folder / "parts"
    began = time.time()
    run = subprocess.run(command(folder, whole), capture_output=True, text=True, check=False)
    duration = time.time() - began
    assert run.returncode == 0, run.stderr
    result = json.loads((whole / "result.json").read_text())
    assert result["test"]["pictures"] > 10 and result["test"]["int8"] > 0.9, result["test"]
    assert result["checked"]["macs"] == result["needs"]["macs"]
    report = (whole / "report.html").read_text()
    assert report.count("<svg") == 2 and "Said wrongly" in report

    check_answers((whole / "network.tflite").read_bytes())

    # Stopped wherever it is, again and again, it comes to the same network.
    stops = 0
    for patience in [duration * share for share in (0.5, 0.6, 0.7)] + [None]:
        process = subprocess.Popen(command(folder, parts), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            _, errors = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            stops += 1
            continue
        assert process.returncode == 0, errors
        break
    assert stops > 0, "it was never stopped"
    assert (parts / "network.tflite").read_bytes() == (whole / "network.tflite").read_bytes()

    refused = subprocess.run([*command(folder, folder / "none"), "--sram", "100"], capture_output=True, text=True,
                             check=False)
    assert refused.returncode == 1 and "No network of the space fits" in refused.stderr, refused.stderr


def check_answers(model):
    """That TensorFlow Lite Micro answers what the accuracy was measured with."""
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError:
        print("TensorFlow Lite Micro is not there to compare with")
        return
    runner, micro = Runner(model), runtime.Interpreter.from_bytes(model)
    pictures = np.random.default_rng(1).integers(0, 256, (40, runner.side, runner.side, 3)).astype(np.uint8)
    for picture, answer in zip(pictures, runner(pictures)):
        micro.set_input((picture.astype(np.int16) - 128).astype(np.int8)[None], 0)
        micro.invoke()
        assert (micro.get_output(0)[0] == answer).all()


def boxed_pictures(folder):
    """Bright and dark spots, some of each or none, with their boxes."""
    rng = np.random.default_rng(2)
    (folder / "pictures").mkdir(parents=True)
    lines = ["file,split,class,x0,y0,x1,y1"]
    for number in range(240):
        pixels, name = rng.integers(90, 160, (64, 80, 3)), f"{number}.png"
        split = "test" if number % 6 == 0 else "kept" if number % 6 == 1 else "train"
        boxes = [(kind, x, y) for kind, x, y in ((0, rng.integers(2, 24), rng.integers(2, 48)),
                                                 (1, rng.integers(42, 64), rng.integers(2, 48))) if rng.random() < 0.7]
        for kind, x, y in boxes:
            pixels[y:y + 14, x:x + 14] = 250 * (1 - kind)
            lines.append(f"{name},{split},{kind},{x / 80},{y / 64},{(x + 14) / 80},{(y + 14) / 64}")
        if not boxes:
            lines.append(f"{name},{split},,,,,")
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "pictures" / name)
    (folder / "boxes.csv").write_text("\n".join(lines) + "\n")


def check_detector(folder):
    boxed_pictures(folder / "boxed")
    block = {"kind": "inverted_residual", "expansion": 2, "kernel": 3, "stride": 2}
    (folder / "topology.json").write_text(json.dumps({"input": [64, 64, 3], "blocks": [
        {"kind": "conv2d", "filters": 8, "kernel": 3, "stride": 2, "clamp": "relu6"}, {**block, "filters": 16},
        {**block, "filters": 16}, {**block, "filters": 32}, {"kind": "conv2d", "filters": 16}]}))
    made = []
    for out in (folder / "detector", folder / "again"):
        run = subprocess.run([sys.executable, str(HERE / "detect.py"), "--data", str(folder / "boxed"), "--topology",
                              str(folder / "topology.json"), "--pictures", "12800", "--programs", str(PROGRAMS),
                              "--out", str(out)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        made.append((out / "detector.tflite").read_bytes())
    assert made[0] == made[1]
    check_answers(made[0])
    test = json.loads((out / "report.json").read_text())["test"]
    print(f"detector: {test}")
    assert test["pictures"] == 40 and test["int8"]["f1"] > 0.8 and test["int8"]["right_class"] > 0.9, test


def check_gradients():
    """Each layer's gradient against what the loss does when its parameters go that way a little, on the average."""
    library = open_library(PROGRAMS / "libinlay-train.so")
    rng = np.random.default_rng(1)
    for kernel, stride, side in ((3, 1, 22), (5, 2, 21), (2, 2, 18), (7, 1, 16)):
        block = {"kind": "inverted_residual", "filters": 24, "expansion": 3, "kernel": kernel}
        network = Network({"input": [side, side, 3], "blocks": [
            {"kind": "conv2d", "filters": 16, "kernel": 3, "stride": 2, "clamp": "relu6"}, {**block, "stride": stride}, block,
            {"kind": "global_average_pool"}, {"kind": "dense", "units": 3}]})
        engine = Engine(library, network, 64)
        ratios = np.mean([gradient_ratios(engine, rng, seed) for seed in range(8)], axis=0)
        for layer, ratio in zip([layer for layer in network.layers if layer.weights], ratios):
            print(f"kernel {kernel} stride {stride}: layer of kind {layer.kind}, {layer.shape}: {ratio}")
        # A shift passes many values over the edge of a clamp.
        assert (abs(ratios - 1) < (0.06, 0.15)).all()
        engine.close()


def gradient_ratios(engine, rng, seed):
    """For each layer's weights and normalisation: by how much the loss falls, and by how much it should."""
    parameters, statistics, _ = engine.network.initial(seed)
    engine.pictures[:] = to_bf16(rng.normal(0, 1, engine.pictures.shape))
    targets = np.eye(3)[rng.integers(0, 3, engine.batch)]

    def loss(given):
        powers = np.exp(engine.forward(given, statistics, False).astype(np.float64))
        shares = powers / powers.sum(1, keepdims=True)
        return -np.mean(np.sum(targets * np.log(shares), 1)), (shares - targets) / engine.batch

    gradients = np.zeros_like(parameters)
    engine.backward(parameters, gradients, loss(parameters)[1])
    ratios = []
    for layer in engine.network.layers:
        if not layer.weights:
            continue
        end = layer.parameters + int(np.prod(layer.weights))
        for place in (slice(layer.parameters, end), slice(end, end + 2 * layer.shape[2] if layer.norm >= 0 else end + 3)):
            along = np.zeros_like(parameters)
            along[place] = gradients[place]
            length = np.sum(along**2)
            along *= np.float32(0.004 / length)
            ratios.append((loss(parameters + along)[0] - loss(parameters - along)[0]) / 0.008)
    return np.reshape(ratios, (-1, 2))


def main():
    began = time.time()
    check_gradients()
    with tempfile.TemporaryDirectory() as folder:
        check_detector(Path(folder))
        check_design(Path(folder))
    print(f"done in {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
