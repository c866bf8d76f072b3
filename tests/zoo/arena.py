#!/usr/bin/env python3
"""Compiles and runs thirteen published networks with run.py and compares their arenas with known figures.

Exit status 77 if there is no such folder.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent

# Most bytes of arena: layer after layer, and with least_memory (nothing recomputed).
ARENA_BYTES = {
    "mlperf_vww_96_int8": (39168, 11104),
    "mlperf_pretrainedResnet_quant": (33792, 11072),
    "mlperf_kws_ref_model": (8960, 4748),
    "mlperf_ad01_int8": (768, 768),
    "tflm_person_detect": (39168, 11104),
    "tflm_micro_speech_quantized": (4004, 100),
    "tinyengine_vww": (82560, 13204),
    "tinyengine_detection": (171520, 22720),
    "tinyengine_mcunetv2_large": (1236480, 239680),
    "mcunet-10fps_vww": (50688, 12824),
    "mcunet-512kb-2mb_imagenet": (311040, 69604),
    "armzoo_mobilenet_v2_1.0_224_INT8": (1236480, 93864),
    "cfu_model_mobilenetv2_160_035": (358400, 27520),
}
# Most bytes of arena of least_memory with weights that are asked for: not ahead, and one layer ahead.
ASKING_BYTES = {
    "mlperf_kws_ref_model": (12420, 13320),
    "mlperf_vww_96_int8": (68612, 71688),
}
COLUMNS = ["per_layer", "least_memory"]
TOLERANCE = 1.01

# What 80 KiB are enough for, with at most 5 % more multiply-accumulates.
FITTING = {"armzoo_mobilenet_v2_1.0_224_INT8": 81920}
OVERHEAD = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, "those with known figures")
    parser.add_argument("--schedule", choices=[*COLUMNS, "fit:81920"], default="per_layer")
    options.add_weights(parser)
    options.add_compiler(parser)
    arguments = parser.parse_args()
    if not arguments.models.is_dir():
        print(f"SKIPPED: there is no folder {arguments.models}")
        return 77
    limits = FITTING
    if arguments.schedule in COLUMNS:
        limits = {name: bytes[COLUMNS.index(arguments.schedule)] * TOLERANCE for name, bytes in ARENA_BYTES.items()}
    if arguments.weights != "mapped":
        ahead = options.weights_ahead(arguments.weights)
        limits = {name: bytes[ahead] * TOLERANCE for name, bytes in ASKING_BYTES.items()}
    if arguments.model:
        limits = {name: limits[name] for name in arguments.model}
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder) / "results.json"
        failed = subprocess.run([sys.executable, HERE / "run.py", "--models", arguments.models, "--model", *limits,
                                 "--cxx", arguments.cxx, f"--flags={arguments.flags}",
                                 "--schedule", arguments.schedule, "--weights", arguments.weights,
                                 "--json", results]).returncode
        rows = json.loads(results.read_text()) if results.exists() else []
    too_large = [row for row in rows if row["arena_bytes"] and row["arena_bytes"] > limits[row["model"]]]
    for row in too_large:
        print(f"{row['model']}: {row['arena_bytes']} bytes of arena instead of {limits[row['model']]:.0f}")
    too_much = [row for row in rows if row["macs"] and row["recomputed_macs"] > OVERHEAD * row["macs"]]
    for row in too_much:
        print(f"{row['model']}: {row['recomputed_macs']} of {row['macs']} multiply-accumulates again")
    return 1 if failed or too_large or too_much or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
