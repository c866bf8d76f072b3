#!/usr/bin/env python3
"""Measures the networks of the README's tables of speed, and writes those tables.

TARGET is m4, m7, m55, small (M4, size before speed) or host: --measure runs bench/embedded/run.py or bench/compare.py and keeps what they say in bench/results/; without it the
tables are written from what is kept there.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
RESULTS = BENCH / "results"
README = BENCH.parent / "README.md"

# Names in the zoo, and millions of instructions that TensorFlow Lite Micro (90b983c) with CMSIS-NN (4ab83cc) executes
# on Cortex-M4, M7 and M55 at -O2, compiled and counted in the same way; bytes of flash beside the model, only the
# operators of the network registered, on M4.
NETWORKS = {
    "mlperf_vww_96_int8": ("MLPerf Tiny VWW", 24.102, 24.026, 6.558, 53741),
    "mlperf_pretrainedResnet_quant": ("MLPerf Tiny ResNet-8", 29.863, 30.026, 4.911, 51545),
    "mlperf_kws_ref_model": ("MLPerf Tiny KWS", 7.697, 7.643, 1.813, 53741),
    "mlperf_ad01_int8": ("MLPerf Tiny AD", 0.583, 0.583, 0.150, 27429),
    "tflm_person_detect": ("TFLM person_detect", 22.928, 22.716, 6.508, 43997),
    "tinyengine_vww": ("TinyEngine VWW", 48.627, 47.796, 11.959, 56949),
    "tinyengine_detection": ("TinyEngine detection", 75.992, 73.917, 20.839, 47405),
    "tinyengine_mcunetv2_large": ("MCUNetV2 large", 861.8, 834.7, 312.8, 61537),
}
TARGETS = {"m4": ["--target", "m4"], "m7": ["--target", "m7"], "m55": ["--target", "m55"],
           "small": ["--target", "m4", "--flags=-Os -DINLAY_ISA=small"]}


def measure(target: str, models: pathlib.Path) -> None:
    out = RESULTS / f"{target}.json"
    if target == "host":
        command = [sys.executable, BENCH / "compare.py", "--models", models, "--json", out]
    else:
        schedules = ["per_layer"] if target == "small" else ["per_layer", "least_memory"]
        command = [sys.executable, BENCH / "embedded" / "run.py", *TARGETS[target], "--models", models, "--schedule",
                   *schedules, "--json", out]
    subprocess.run(command, check=True)


def kept(target: str) -> list:
    path = RESULTS / f"{target}.json"
    return json.loads(path.read_text()) if path.exists() else []


def row_of(rows: list, model: str, schedule: str = "per_layer") -> dict:
    return next(row for row in rows if row["model"] == model and row["schedule"] == schedule)


def millions(count: float) -> str:
    return f"{count / 1e6:.1f}" if count >= 1e7 else f"{count / 1e6:.2f}"


def embedded_table() -> list:
    m4, m7, m55, small = (kept(target) for target in TARGETS)
    lines = ["| model | M4 | M7 | M55 | TFLM with CMSIS-NN: M4, M7, M55 | M4, least memory | arena: per layer, least | "
             "code and tables: M4, M55, small | TFLM's |", "|---|---|---|---|---|---|---|---|---|"]
    for model, (title, *peers, peer_code) in NETWORKS.items():
        fast, least = row_of(m4, model), row_of(m4, model, "least_memory")
        lines.append("| " + " | ".join([
            title, *(millions(row_of(rows, model)["instructions"]) for rows in (m4, m7, m55)),
            ", ".join(millions(peer * 1e6) for peer in peers), millions(least["instructions"]),
            f"{fast['arena_bytes']:,}, {least['arena_bytes']:,}",
            f"{fast['code_bytes']:,}, {row_of(m55, model)['code_bytes']:,}, {row_of(small, model)['code_bytes']:,}",
            f"{peer_code:,}"]) + " |")
    return lines


def host_table() -> list:
    rows = kept("host")
    lines = [f"| model, {rows[0]['isa']} | Inlay, µs | peer, µs | Inlay / peer | peer |", "|---|---|---|---|---|"]
    for row in rows:
        title = NETWORKS.get(row["model"], [row["model"]])[0]
        lines.append(f"| {title} | {row['inlay_us']:,.1f} | {row['peer_us']:,.1f} | {row['ratio']:.2f} | {row['peer']} |")
    return lines


def write(marker: str, lines: list) -> None:
    text = README.read_text(encoding="utf-8")
    table = "\n".join([f"<!-- {marker}: bench/table.py -->", *lines, f"<!-- end of {marker} -->"])
    pattern = rf"<!-- {marker}: .*?<!-- end of {marker} -->"
    if not re.search(pattern, text, flags=re.DOTALL):
        sys.exit(f"README.md has no place for {marker}")
    README.write_text(re.sub(pattern, lambda _: table, text, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=BENCH.parent.parent / "shared" / "zoo", metavar="DIR",
                        help="folder of models (default ../shared/zoo)")
    parser.add_argument("--measure", nargs="+", default=[], choices=[*TARGETS, "host"], metavar="TARGET",
                        help="measure anew")
    arguments = parser.parse_args()
    for target in arguments.measure:
        measure(target, arguments.models)
    write("instructions", embedded_table())
    write("host", host_table())


if __name__ == "__main__":
    main()
