#!/usr/bin/env python3
"""Writes the README's table of figures: compiles and runs networks by two schedules and takes what they print."""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parent.parent / "README.md"

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


def measure(models: pathlib.Path, cxx: str, schedule: str) -> dict:
    with tempfile.NamedTemporaryFile(suffix=".json") as results:
        subprocess.run([sys.executable, HERE / "run.py", "--models", models, "--model", *MODELS, "--cxx", cxx, "--jobs", "1",
                        "--schedule", schedule, "--json", results.name], check=True)
        return {row["model"]: row for row in json.loads(pathlib.Path(results.name).read_text())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=options.ZOO, metavar="DIR", help="folder of models")
    parser.add_argument("--cxx", default="g++-12", metavar="CXX", help="compiler (default %(default)s)")
    arguments = parser.parse_args()
    plain, least = (measure(arguments.models, arguments.cxx, schedule) for schedule in ("per_layer", "least_memory"))
    rows = [f"| {title} | {plain[name]['macs'] / 1e6:.1f} | {plain[name]['arena_bytes']:,} | "
            f"{least[name]['arena_bytes']:,} | {plain[name]['compile_seconds']:.1f}, {least[name]['compile_seconds']:.1f} |"
            for name, title in MODELS.items()]
    table = "\n".join(["<!-- figures: tests/zoo/table.py -->",
                       "| model | MMAC | per layer | least memory | seconds to compile: per layer, least memory |",
                       "|---|---|---|---|---|", *rows, "<!-- end of figures -->"])
    text = README.read_text(encoding="utf-8")
    README.write_text(re.sub(r"<!-- figures:.*<!-- end of figures -->", table, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
