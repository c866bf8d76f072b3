#!/usr/bin/env python3
"""Times Inlay beside LiteRT on the same models and inputs, on one thread.

Both run in this thread, a few runs of the one and a few of the other in turns, so that whatever else the machine does
meets both; figures are medians of these batches, in processor time. LiteRT is PyPI's ai-edge-litert, whose XNNPACK chooses its kernels
for the machine; Inlay is compiled for it. Where LiteRT refuses a model, TensorFlow Lite Micro (PyPI's tflite-micro)
takes its place. Answers are compared with NAME.out where it is beside the model.

--instructions counts the instructions of one inference of each instead, with callgrind. Its processor has AVX2 and no
more, on any machine: both sides run their AVX2 kernels.
"""
import argparse
import ctypes
import importlib.metadata
import importlib.util
import json
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "zoo"))
import options  # noqa: E402

MODELS = ["mlperf_vww_96_int8", "mlperf_pretrainedResnet_quant", "mlperf_kws_ref_model", "mlperf_ad01_int8",
          "tinyengine_vww", "mcunet-10fps_vww", "tflm_person_detect", "tinyengine_mcunetv2_large",
          "armzoo_mobilenet_v2_1.0_224_INT8"]
FLAGS, AVX2_FLAGS = "-O3 -march=native", "-O3 -march=x86-64-v3"
BATCH_SECONDS = 0.004
PEERS_INFERENCE = "*InterpreterWrapper::Invoke*"  # the function's name in both peers


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, "those of docs/comparison.md")
    options.add_schedules(parser)
    options.add_compiler(parser, flags=FLAGS)
    parser.add_argument("--batches", type=int, default=60, metavar="N", help="batches of each (default %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results there")
    parser.add_argument("--instructions", action="store_true", help="count instructions, on AVX2 alone")
    parser.add_argument("--counted", type=pathlib.Path, help=argparse.SUPPRESS)  # Inlay's library, under callgrind
    arguments = parser.parse_args()
    if arguments.instructions and arguments.flags == FLAGS:
        arguments.flags = AVX2_FLAGS
    return arguments


def skip(reason: str) -> None:
    print(f"compare.py: skipped: {reason}")
    sys.exit(77)


def build(model: pathlib.Path, schedule: str, arguments: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    header, library = folder / "model.hpp", folder / "model.so"
    subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", model, header, "embedded_model"], check=True)
    subprocess.run([arguments.cxx, "-std=c++20", *arguments.flags.split(), "-shared", "-fPIC",
                    # Several models are loaded at a time: none must see another's tables.
                    "-fvisibility=hidden", f"-I{ROOT / 'include'}", "-DMODEL=embedded_model",
                    f"-DSCHEDULE={options.schedule_type(schedule)}", f'-DMODEL_HEADER="{header}"', HERE / "compare.cpp",
                    "-o", library], check=True)
    return library


class Inlay:
    def __init__(self, library: pathlib.Path):
        self.library = ctypes.CDLL(str(library))
        self.library.seconds.restype = ctypes.c_double
        self.library.kernels.restype = ctypes.c_char_p
        self.isa = self.library.kernels().decode()

    def answer(self, inputs: bytes, output_bytes: int) -> bytes:
        outputs = ctypes.create_string_buffer(output_bytes)
        self.library.answer(inputs, outputs)
        return outputs.raw

    def seconds(self, inputs: bytes, runs: int) -> float:
        return self.library.seconds(inputs, runs)


class Peer:
    """An interpreter of LiteRT or of TensorFlow Lite Micro, with its inputs set."""

    def __init__(self, model: pathlib.Path, inputs: bytes | None):
        import numpy
        self.numpy = numpy
        try:
            from ai_edge_litert.interpreter import Interpreter
            lite = Interpreter(str(model), num_threads=1)
            lite.allocate_tensors()
            self.name = f"LiteRT {importlib.metadata.version('ai-edge-litert')}"
            details = lite.get_input_details()
            self.output_bytes = sum(int(numpy.prod(d["shape"])) * numpy.dtype(d["dtype"]).itemsize
                                    for d in lite.get_output_details())
            place = lambda i, value: lite.set_tensor(details[i]["index"], value)  # noqa: E731
            self.run = lite.invoke
        except ValueError as refused:
            if importlib.util.find_spec("tflite_micro") is None:
                skip(f"LiteRT refuses {model.name}, and tflite-micro is not installed ({str(refused)[:80]}…)")
            from tflite_micro import runtime
            micro = runtime.Interpreter.from_file(str(model))
            self.name = f"TensorFlow Lite Micro {importlib.metadata.version('tflite-micro')}"
            count = 0
            while True:
                try:
                    micro.get_input_details(count)
                    count += 1
                except (IndexError, ValueError, RuntimeError):
                    break
            details = [micro.get_input_details(i) for i in range(max(count, 1))]
            output = micro.get_output_details(0)
            self.output_bytes = int(numpy.prod(output["shape"])) * numpy.dtype(output["dtype"]).itemsize
            place = lambda i, value: micro.set_input(value, i)  # noqa: E731
            self.run = micro.invoke
        random = numpy.random.default_rng(1)
        self.inputs = b""
        for i, detail in enumerate(details):
            dtype = numpy.dtype(detail["dtype"])
            count = int(numpy.prod(detail["shape"]))
            if inputs is None:
                value = (random.integers(-128, 128, count).astype(dtype) if dtype.kind != "f"
                         else random.uniform(-1, 1, count).astype(dtype))
            else:
                value = numpy.frombuffer(inputs, dtype, count, len(self.inputs))
            self.inputs += value.tobytes()
            place(i, value.reshape(detail["shape"]))

    def seconds(self, runs: int) -> float:
        run = self.run
        start = time.thread_time()
        for _ in range(runs):
            run()
        return time.thread_time() - start


def peer_of(model: pathlib.Path) -> Peer:
    recorded = model.with_suffix(".in")
    return Peer(model, recorded.read_bytes() if recorded.exists() else None)


def is_exact(model: pathlib.Path, inlay: Inlay, peer: Peer) -> bool | None:
    """Whether Inlay's answers are those recorded; None if there are none."""
    if not model.with_suffix(".in").exists() or not model.with_suffix(".out").exists():
        return None
    inputs, outputs = (model.with_suffix(suffix).read_bytes() for suffix in (".in", ".out"))
    cases = len(inputs) // len(peer.inputs)
    each = len(outputs) // cases
    return cases > 0 and all(
        inlay.answer(inputs[i * len(peer.inputs):(i + 1) * len(peer.inputs)], each)
        == outputs[i * each:(i + 1) * each] for i in range(cases))


def time_both(inlay: Inlay, peer: Peer, batches: int) -> dict:
    """Microseconds of an inference."""
    sides = {"inlay": lambda runs: inlay.seconds(peer.inputs, runs), "peer": peer.seconds}
    runs, times = {}, {name: [] for name in sides}
    for name, side in sides.items():
        side(3)
        runs[name] = max(1, round(BATCH_SECONDS * 3 / side(3)))
    for _ in range(batches):
        for name, side in sides.items():
            times[name].append(side(runs[name]) / runs[name] * 1e6)
    return {f"{name}_us": round(statistics.median(times[name]), 2) for name in sides}


def count_both(model: pathlib.Path, library: pathlib.Path) -> dict:
    """Instructions of an inference, of each in a dump of its own."""
    dumps = library.with_name("callgrind")
    subprocess.run(["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no",
                    f"--toggle-collect={PEERS_INFERENCE}", f"--callgrind-out-file={dumps}", sys.executable, __file__,
                    "--counted", library, "--model", model], check=True)
    return {f"{name}_instructions": int(re.search(r"^totals: (\d+)", pathlib.Path(f"{dumps}.{i}").read_text(), re.M)[1])
            for i, name in enumerate(("inlay", "peer"), 1)}


def run_counted(model: pathlib.Path, library: pathlib.Path) -> None:
    """What count_both has callgrind count. The first run of each is not: it has yet to load what it needs."""
    peer, inlay = peer_of(model), Inlay(library)
    for run in (lambda: inlay.library.count(peer.inputs), peer.run):
        run()
        inlay.library.begin_count()
        run()
        inlay.library.end_count()


def compare(model: pathlib.Path, schedule: str, arguments: argparse.Namespace) -> tuple[dict, bool]:
    peer = peer_of(model)
    with tempfile.TemporaryDirectory(prefix="inlay-compare-") as scratch:
        library = build(model, schedule, arguments, pathlib.Path(scratch))
        inlay = Inlay(library)
        exact = is_exact(model, inlay, peer)
        measured = count_both(model, library) if arguments.instructions else time_both(inlay, peer, arguments.batches)
    ours, theirs = measured.values()
    row = {"model": model.stem, "schedule": schedule, **measured, "ratio": round(ours / theirs, 3), "peer": peer.name,
           "isa": inlay.isa, "exact": exact}
    return row, exact is not False


def processor() -> str:
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "CPU part")):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main() -> int:
    arguments = parse_arguments()
    for package, module in (("ai-edge-litert", "ai_edge_litert"), ("numpy", "numpy")):
        if importlib.util.find_spec(module) is None:
            skip(f"{package} is not installed (pip install ai-edge-litert tflite-micro)")
    files = options.model_files(arguments, MODELS)
    if arguments.counted:
        run_counted(files[0], arguments.counted)
        return 0
    if arguments.instructions and shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    for file in files:
        if not file.exists():
            skip(f"no {file}")
    version = subprocess.run([arguments.cxx, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    if arguments.instructions:
        print(f"callgrind, {version}, {arguments.flags}, instructions of an inference")
    else:
        print(f"{processor()}, {version}, {arguments.flags}, one thread, medians of {arguments.batches} batches")
    rows, good = [], True
    for file, schedule in [(file, schedule) for file in files for schedule in arguments.schedule]:
        row, ok = compare(file, schedule, arguments)
        rows.append(row)
        good = good and ok
        unit = "instructions" if arguments.instructions else "us"
        ours, theirs = (f"{row[f'{side}_{unit}']:>13,.{0 if arguments.instructions else 1}f}" for side in ("inlay", "peer"))
        print(f"{row['model']:<36} {ours} {theirs} {unit.replace('us', 'µs')}, {row['peer']:<40} "
              f"ratio {row['ratio']:.2f}  {row['isa']}  "
              f"{'' if row['exact'] is None else 'exact' if row['exact'] else 'NOT exact'}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
