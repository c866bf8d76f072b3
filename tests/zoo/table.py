#!/usr/bin/env python3
"""Writes the table of figures of docs/memory.md, or with --weights the one of docs/placement.md: compiles and runs networks by
two schedules and takes what they print."""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent
MEMORY = HERE.parent.parent / "docs" / "memory.md"
PLACEMENT = HERE.parent.parent / "docs" / "placement.md"

MODELS = {
    "mlperf_vww_96_int8": "MLPerf Tiny visual wake words",
    "mlperf_pretrainedResnet_quant": "MLPerf Tiny ResNet-8",
    "mlperf_kws_ref_model": "MLPerf Tiny keyword spotting",
    "tflm_person_detect": "TFLM person_detect",
    "tinyengine_vww": "TinyEngine VWW",
    "tinyengine_detection": "TinyEngine detection",
    "mcunet-10fps_vww": "MCUNet 10fps VWW",
    "mcunet-512kb-2mb_imagenet": "MCUNet 512kb-2mb",
    "armzoo_mobilenet_v2_1.0_224_INT8": "MobileNetV2 1.0 @224",
    "tinyengine_mcunetv2_large": "MCUNetV2 large @224",
}


ASKING_MODELS = ["mlperf_vww_96_int8", "mlperf_kws_ref_model"]


def measure(arguments: argparse.Namespace, names: list[str], schedule: str, weights: str = "mapped") -> dict:
    with tempfile.NamedTemporaryFile(suffix=".json") as results:
        subprocess.run([sys.executable, HERE / "run.py", "--models", arguments.models, "--model", *names,
                        "--cxx", arguments.cxx, "--jobs", "1", "--schedule", schedule, "--weights", weights,
                        "--json", results.name], check=True)
        return {row["model"]: row for row in json.loads(pathlib.Path(results.name).read_text())}


def write(page: pathlib.Path, mark: str, lines: list[str]) -> None:
    """Puts lines where a page has the mark's table."""
    table = "\n".join(lines)
    page.write_text(re.sub(rf"<!-- {mark}:.*<!-- end of {mark} -->", table, page.read_text(encoding="utf-8"),
                           flags=re.DOTALL), encoding="utf-8")


def write_weights(arguments: argparse.Namespace) -> None:
    ways = ["mapped", "sourced:0", "sourced:1"]
    found = [measure(arguments, ASKING_MODELS, schedule, way) for schedule in ("per_layer", "least_memory")
             for way in ways]
    rows = ["| " + " | ".join([MODELS[name], *(f"{way[name]['arena_bytes']:,}" for way in found)]) + " |"
            for name in ASKING_MODELS]
    write(PLACEMENT, "weights", [
        "<!-- weights: tests/zoo/table.py --weights -->",
        "| bytes of arena | layer after layer: weights in memory | asked for | with `prefetch<1>` | least memory: weights in "
        "memory | asked for | with `prefetch<1>` |",
        "|---|---|---|---|---|---|---|", *rows, "<!-- end of weights -->"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=options.ZOO, metavar="DIR", help="folder of models")
    parser.add_argument("--cxx", default="g++-12", metavar="CXX", help="compiler (default %(default)s)")
    parser.add_argument("--weights", action="store_true", help="arenas with weights in memory, and asked for")
    arguments = parser.parse_args()
    if arguments.weights:
        write_weights(arguments)
        return
    plain, least = (measure(arguments, list(MODELS), schedule) for schedule in ("per_layer", "least_memory"))
    rows = [f"| {title} | {plain[name]['macs'] / 1e6:.1f} | {plain[name]['arena_bytes']:,} | "
            f"{least[name]['arena_bytes']:,} | {plain[name]['compile_seconds']:.1f}, {least[name]['compile_seconds']:.1f} |"
            for name, title in MODELS.items()]
    write(MEMORY, "figures", ["<!-- figures: tests/zoo/table.py -->",
                              "| model | MMAC | per layer | least memory | seconds to compile: per layer, least memory |",
                              "|---|---|---|---|---|", *rows, "<!-- end of figures -->"])


if __name__ == "__main__":
    main()
