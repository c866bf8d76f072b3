#!/usr/bin/env python3
"""Measures the networks of the tables of docs/comparison.md, and writes those tables.

--measure runs bench/embedded/run.py or, for host and avx2, bench/compare.py and keeps what they say in bench/results/;
without it the tables are written from what is kept there. small is a Cortex-M4, size before speed; avx2 counts a host's
instructions.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
RESULTS = BENCH / "results"
PAGE = BENCH.parent / "docs" / "comparison.md"


@dataclasses.dataclass(frozen=True)
class Peer:
    """TensorFlow Lite Micro (90b983c) with CMSIS-NN (4ab83cc), compiled by g++ 12 -O2 and counted in the same way:
    millions of cycles or instructions of one inference; bytes of flash beside the model on M4, only the network's
    operators registered."""
    m4_cycles: float
    m0_cycles: float | None
    m4: float
    m55: float
    code_bytes: int


# Names in the zoo.
NETWORKS = {
    "mlperf_vww_96_int8": ("MLPerf Tiny VWW", Peer(28.92, 119.9, 24.102, 6.558, 53741)),
    "mlperf_pretrainedResnet_quant": ("MLPerf Tiny ResNet-8", Peer(36.37, 137.3, 29.863, 4.911, 51545)),
    "mlperf_kws_ref_model": ("MLPerf Tiny KWS", Peer(9.13, 39.95, 7.697, 1.813, 53741)),
    "mlperf_ad01_int8": ("MLPerf Tiny AD", Peer(0.740, 2.364, 0.583, 0.150, 27429)),
    "tflm_person_detect": ("TFLM person_detect", Peer(27.25, 115.1, 22.928, 6.508, 43997)),
    "tinyengine_vww": ("TinyEngine VWW", Peer(58.83, 241.8, 48.627, 11.959, 56949)),
    "tinyengine_detection": ("TinyEngine detection", Peer(91.16, 389.4, 75.992, 20.839, 47405)),
    "tinyengine_mcunetv2_large": ("MCUNetV2 large", Peer(1084.9, None, 861.8, 312.8, 61537)),
}
# Those that small processors have time and memory for, and those that show that M33 does with M4's kernels as M4 does.
SMALL = [model for model in NETWORKS if model != "tinyengine_mcunetv2_large"]
SMALLEST = SMALL[:5]
TARGETS = {
    "m4": ["--target", "m4", "--cycles", "--schedule", "per_layer", "least_memory"],
    "m0": ["--target", "m0", "--cycles", "--schedule", "per_layer", "least_memory", "--model", *SMALL],
    "m33": ["--target", "m33", "--model", *SMALLEST],
    "m55": ["--target", "m55"],
    "rv32imac": ["--target", "rv32imac", "--model", *SMALL],
    "small": ["--target", "m4", "--flags=-Os -DINLAY_ISA=small"],
}
HOSTS = {"host": [], "avx2": ["--instructions"]}


def measure(target: str, models: pathlib.Path) -> None:
    out = RESULTS / f"{target}.json"
    command = ([BENCH / "compare.py", *HOSTS[target]] if target in HOSTS
               else [BENCH / "embedded" / "run.py", *TARGETS[target]])
    subprocess.run([sys.executable, *command, "--models", models, "--json", out], check=True)


def kept(target: str) -> list:
    path = RESULTS / f"{target}.json"
    return json.loads(path.read_text()) if path.exists() else []


def figure(target: str, model: str, name: str, schedule: str = "per_layer") -> int | None:
    return next((row[name] for row in kept(target) if row["model"] == model and row["schedule"] == schedule), None)


def millions(count: float | None) -> str:
    return "" if count is None else f"{count / 1e6:.1f}" if count >= 1e7 else f"{count / 1e6:.2f}"


def thousands(count: int) -> str:
    return f"{count / 1e3:,.1f}"


def table(titles: list[str], lines: list[list[str]]) -> list[str]:
    rows = [f"| {' | '.join(cells)} |" for cells in (titles, *lines)]
    return [rows[0], "|---" * len(titles) + "|", *rows[1:]]


def cycles_table() -> list[str]:
    lines = []
    for model, (title, peer) in NETWORKS.items():
        m4, m4_least, m0, m0_least = (millions(figure(target, model, "cycles", schedule)) for target in ("m4", "m0")
                                      for schedule in ("per_layer", "least_memory"))
        lines.append([title, m4, m4_least, millions(peer.m4_cycles * 1e6), m0, m0_least,
                      millions(peer.m0_cycles and peer.m0_cycles * 1e6),
                      ", ".join(f"{arena:,}" for schedule in ("per_layer", "least_memory")
                                if (arena := figure("m4", model, "arena_bytes", schedule)))])
    return table(["model", "M4", "least memory", "TFLM with CMSIS-NN", "M0+", "least memory", "TFLM with CMSIS-NN",
                  "arena: layer after layer, least"], lines)


def instructions_table() -> list[str]:
    lines = []
    for model, (title, peer) in NETWORKS.items():
        m4, m33, m55, rv32 = (millions(figure(target, model, "instructions"))
                              for target in ("m4", "m33", "m55", "rv32imac"))
        flash = [figure(target, model, "flash_bytes") for target in ("m4", "m0", "m55", "rv32imac", "small")]
        lines.append([title, m4, m33, millions(peer.m4 * 1e6), m55, millions(peer.m55 * 1e6), rv32,
                      *("" if size is None else thousands(size) for size in flash),
                      thousands(peer.code_bytes + figure("m4", model, "file_bytes"))])
    return table(["model", "M4", "M33", "TFLM: M4", "M55", "TFLM: M55", "RV32IMAC",
                  "flash, KB: M4", "M0+", "M55", "RV32IMAC", "`small`", "TFLM: M4"], lines)


def host_table() -> list[str]:
    counted = {row["model"]: row for row in kept("avx2")}
    rows = kept("host")
    lines = []
    for row in rows:
        instructions = counted[row["model"]]
        lines.append([NETWORKS.get(row["model"], [row["model"]])[0], f"{row['inlay_us']:,.1f}", f"{row['peer_us']:,.1f}",
                      f"{row['ratio']:.2f}",
                      *(f"{instructions[f'{side}_instructions'] / 1e6:#.3g}".rstrip(".") for side in ("inlay", "peer")),
                      f"{instructions['ratio']:.2f}", row["peer"]])
    return table([f"model, {rows[0]['isa']}", "Inlay, µs", "peer, µs", "Inlay / peer", "AVX2 alone: Inlay, million", "peer, million",
                  "Inlay / peer", "peer"], lines)


def write(marker: str, lines: list[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    marked = "\n".join([f"<!-- {marker}: bench/table.py -->", *lines, f"<!-- end of {marker} -->"])
    pattern = rf"<!-- {marker}: .*?<!-- end of {marker} -->"
    if not re.search(pattern, text, flags=re.DOTALL):
        sys.exit(f"comparison.md has no place for {marker}")
    PAGE.write_text(re.sub(pattern, lambda _: marked, text, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=BENCH.parent.parent / "shared" / "zoo", metavar="DIR",
                        help="folder of models (default ../shared/zoo)")
    parser.add_argument("--measure", nargs="+", default=[], choices=[*TARGETS, *HOSTS], metavar="TARGET",
                        help="measure anew")
    arguments = parser.parse_args()
    for target in arguments.measure:
        measure(target, arguments.models)
    write("cycles", cycles_table())
    write("instructions", instructions_table())
    write("host", host_table())


if __name__ == "__main__":
    main()
