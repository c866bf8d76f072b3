#!/usr/bin/env python3
"""Runs networks on Cortex-M processors that QEMU emulates: are they exact, and what does an inference take?

Prints for each network
  exact         its answers are the recorded ones, byte for byte, and it wrote nowhere else
  instructions  executed by one inference, the recording's first case: SysTick's ticks times the instructions of a
                tick, so give or take one tick; deterministic
  arena         bytes of working memory, inputs not included
  stack         bytes of stack below the caller's while it ran
  code          bytes of flash beside the model: the sections .text, .rodata and .data of a program with this network
                alone, tables and what it needs of libgcc and libc included; start-up code and this harness, which
                have sections of their own, are not
  flash         code and the model as linked

The networks of one program are compiled together with --together: quicker to build, but then nobody can say whose the
code is. NAME is a model with its recording (NAME.tflite, NAME.in, NAME.out) in the folder of --models or among the
project's golden models, FILE a .tflite with its recording beside it.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ZOO = ROOT.parent / "shared" / "zoo"
GOLDEN = ROOT / "tests" / "golden" / "models"

sys.path.insert(0, str(ROOT / "tests" / "zoo"))
import schedules  # noqa: E402

CXX = "arm-none-eabi-g++"
QEMU = "qemu-system-arm"
# Where Debian has them.
PACKAGES = {CXX: "gcc-arm-none-eabi", QEMU: "qemu-system-arm",
            "<cstddef>": "libstdc++-arm-none-eabi-newlib", "libc.a": "libnewlib-arm-none-eabi"}
SKIPPED = 77

# Networks that TFLite Micro and TinyEngine have been measured with.
PEERS_NETWORKS = ["mlperf_vww_96_int8", "mlperf_pretrainedResnet_quant", "mlperf_kws_ref_model", "mlperf_ad01_int8",
                  "tflm_person_detect", "tinyengine_vww", "tinyengine_detection", "tinyengine_mcunetv2_large"]


@dataclasses.dataclass(frozen=True)
class Target:
    machine: str
    tick_instructions: float  # -icount shift=0 executes one instruction a nanosecond
    flags: str
    more: tuple[str, ...] = ()  # for QEMU


TARGETS = {
    # A Cortex-M0, which executes all that a Cortex-M0+ does, and where unaligned accesses fault as they do there.
    "m0": Target("microbit", 62.5, "-mcpu=cortex-m0plus -mthumb",
                 ("-global", "nrf51-soc.flash-size=4194304", "-global", "nrf51-soc.sram-size=33554432")),
    "m4": Target("mps2-an386", 40, "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"),
    "m7": Target("mps2-an500", 40, "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16"),
    "m55": Target("mps3-an547", 31.25, "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard"),
}


@dataclasses.dataclass(frozen=True)
class Network:
    model: pathlib.Path
    schedule: str


class Failure(Exception):
    """A network that does not compile, link or run; the text says why."""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=TARGETS, required=True)
    parser.add_argument("--model", nargs="+", default=PEERS_NETWORKS, metavar="NAME|FILE",
                        help="default: those that other engines have been measured with")
    parser.add_argument("--models", type=pathlib.Path, default=ZOO, metavar="DIR", help="folder of models")
    parser.add_argument("--schedule", nargs="+", default=["per_layer"], metavar="SCHEDULE", help=schedules.HELP)
    parser.add_argument("--opt", default="-O2", metavar="FLAG", help="optimisation (default %(default)s)")
    parser.add_argument("--flags", default="", metavar="FLAGS", help="more compiler flags: --flags='-DX -DY'")
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", metavar="DIR",
                        help="where inlay.hpp is, to measure another version")
    parser.add_argument("--profile", action="store_true",
                        help="also what each layer executes; with per_layer, whose steps are layers")
    parser.add_argument("--together", action="store_true", help="all networks in one program")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="programs at a time (default %(default)s)")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for one program to run")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="leave the programs there")
    return parser.parse_args()


def run(*command: object, timeout: float | None = None) -> str:
    """A command's output; Failure with its first error if it fails."""
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[0]} did not end in {timeout:g} s") from None
    if done.returncode == 0:
        return done.stdout
    errors = [line for line in done.stderr.splitlines() if re.search("error:|Error:|undefined|overflow", line)]
    raise Failure((errors or done.stderr.splitlines() or done.stdout.splitlines() or [f"{command[0]} failed"])[0])


def missing_tools() -> list[str]:
    missing = [tool for tool in (CXX, QEMU) if shutil.which(tool) is None]
    if CXX not in missing:
        include = subprocess.run([CXX, "-xc++", "-fsyntax-only", "-include", "cstddef", "/dev/null"], capture_output=True)
        missing += [] if include.returncode == 0 else ["<cstddef>"]
        found = pathlib.Path(run(CXX, "-print-file-name=libc.a").strip())
        missing += [] if found.is_absolute() else ["libc.a"]
    return missing


def find_model(name: str, folder: pathlib.Path) -> pathlib.Path:
    if name.endswith(".tflite"):
        return pathlib.Path(name).resolve()
    for place in (folder, GOLDEN):
        if (path := place / f"{name}.tflite").exists():
            return path.resolve()
    return (folder / f"{name}.tflite").resolve()


def source(networks: list[Network], folder: pathlib.Path) -> pathlib.Path:
    """Writes the program's only generated file: the networks and their recordings."""
    lines = ['#include "network.hpp"', ""]
    models = list(dict.fromkeys(network.model for network in networks))
    for i, model in enumerate(models):
        run(sys.executable, ROOT / "cmake" / "embed.py", model, folder / f"embedded_{i}.hpp", f"embedded_{i}")
        lines += [f'#include "{folder}/embedded_{i}.hpp"',
                  f"struct model_{i} : inlay::tflite<embedded_{i}> {{}};",
                  f'HARNESS_RECORDING(recorded_inputs_{i}, "{model.with_suffix(".in")}");',
                  f'HARNESS_RECORDING(recorded_outputs_{i}, "{model.with_suffix(".out")}");', ""]
    lines.append("constexpr harness_network harness_networks[] = {")
    for network in networks:
        i = models.index(network.model)
        lines.append(f"    measured<model_{i}, {schedules.schedule_type(network.schedule)}>::describe("
                     f"recorded_inputs_{i}, recorded_inputs_{i}_end, recorded_outputs_{i}, recorded_outputs_{i}_end),")
    lines += ["};", f"constexpr std::uint32_t harness_network_count = {len(networks)};", ""]
    path = folder / "networks.cpp"
    path.write_text("\n".join(lines))
    return path


def build(networks: list[Network], arguments: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    target = TARGETS[arguments.target]
    defines = ["-DHARNESS_PROFILE"] if arguments.profile else []
    common = [CXX, "-std=c++20", *target.flags.split(), "-fno-exceptions", "-fno-rtti", "-ffunction-sections",
              "-fdata-sections", "-Wall", "-Wextra", "-Werror", f"-I{HERE}"]
    run(*common, "-Os", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-c", HERE / "harness.cpp",
        "-o", folder / "harness.o")
    run(*common, arguments.opt, *arguments.flags.split(), *defines, f"-I{arguments.include.resolve()}",
        "-c", source(networks, folder), "-o", folder / "networks.o")
    program = folder / "program.elf"
    run(*common, arguments.opt, *arguments.flags.split(), "-nostartfiles", f"-L{HERE}", f"-T{HERE / target.machine}.ld", "-Wl,--gc-sections",
        f"-Wl,-Map={folder / 'program.map'}", folder / "networks.o", folder / "harness.o", "-o", program)
    return program


def section_bytes(program: pathlib.Path) -> dict[str, int]:
    listed = run("arm-none-eabi-size", "-A", "-d", program)
    return {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", listed, re.MULTILINE)}


def execute(program: pathlib.Path, arguments: argparse.Namespace) -> list[dict[str, int]]:
    """Runs a program; returns what it prints about each network."""
    target = TARGETS[arguments.target]
    try:
        done = subprocess.run([QEMU, "-M", target.machine, *target.more, "-icount", "shift=0", "-semihosting-config",
                               "enable=on,target=native", "-nographic", "-monitor", "none", "-serial", "none", "-kernel", program],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=arguments.timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"did not end in {arguments.timeout:g} s") from None
    printed = done.stdout + done.stderr
    for problem in re.findall(r"^(?:FAULT|qemu).*", printed, re.MULTILINE):
        raise Failure(problem)
    values = lambda line: {name: int(value, 16) for name, value in re.findall(r"(\w+)=([0-9a-f]{8})", line)}
    lines = [(line.split()[0], values(line)) for line in printed.splitlines() if line.strip()]
    calibration = [figures for kind, figures in lines if kind == "calibration"]
    if not calibration or lines[-1][0] != "end":
        raise Failure(f"ended early: {printed.strip()[-200:]!r}")
    measured = calibration[0]["instructions"] / calibration[0]["ticks"]
    if abs(measured / target.tick_instructions - 1) > 1e-4:
        raise Failure(f"a tick of SysTick was {measured:g} instructions, not {target.tick_instructions:g}")
    if arguments.profile:
        print_profile([figures for kind, figures in lines if kind == "layer"], arguments)
    return [figures for kind, figures in lines if kind == "network"]


def print_profile(layers: list[dict[str, int]], arguments: argparse.Namespace) -> None:
    text = (arguments.include / "inlay" / "graph" / "layers.hpp").read_text()
    kinds = re.findall(r"^  (\w+),", re.search(r"enum class layer_kind .*?\n};", text, re.DOTALL)[0], re.MULTILINE)
    total = sum(layer["ticks"] for layer in layers)
    print(f"{'':>4} {'layer':<20} {'output':<16} {'from':<5} {'window':<10} {'MACs':>11} {'instructions':>13} "
          f"{'/ MAC':>7} {'/ output':>8} {'share':>6}")
    for i, layer in enumerate(layers):
        instructions = layer["ticks"] * TARGETS[arguments.target].tick_instructions
        outputs = layer["rows"] * layer["columns"] * layer["channels"]
        window = (f"{layer['kernel_rows']}x{layer['kernel_columns']}/{layer['stride_rows']}x{layer['stride_columns']}"
                  if kinds[layer["kind"]].endswith("2d") else "")
        per_mac = f"{instructions / layer['macs']:7.2f}" if layer["macs"] else " " * 7
        print(f"{i:>4} {kinds[layer['kind']]:<20} {layer['rows']}x{layer['columns']}x{layer['channels']:<{15 - len(str(layer['rows'])) - len(str(layer['columns'])) - 1}} "
              f"{layer['input_channels']:<5} {window:<10} {layer['macs']:>11,} {instructions:>13,.0f} {per_mac} "
              f"{instructions / outputs:>8.1f} {layer['ticks'] / total:>6.1%}")


def measure(networks: list[Network], arguments: argparse.Namespace) -> list[dict]:
    """A row for each of the networks, which share a program."""
    version = subprocess.run([CXX, "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    rows = [{"model": network.model.stem, "target": arguments.target, "exact": False, "instructions": None, "arena_bytes": None,
             "stack_bytes": None, "code_bytes": None, "flash_bytes": None, "schedule": network.schedule,
             "compiler": f"{CXX} {version}", "flags": f"{arguments.opt} {arguments.flags}".strip(), "macs": None, "reason": ""} for network in networks]
    with tempfile.TemporaryDirectory(prefix="inlay-cortex-m-") as scratch:
        folder = pathlib.Path(scratch)
        if arguments.keep:
            folder = arguments.keep.resolve() / f"{arguments.target}-{networks[0].model.stem}-{networks[0].schedule}"
            folder.mkdir(parents=True, exist_ok=True)
        try:
            for model in {network.model for network in networks}:
                if absent := [path.name for path in (model, model.with_suffix(".in"), model.with_suffix(".out")) if not path.exists()]:
                    raise Failure(f"missing: {', '.join(absent)}")
            program = build(networks, arguments, folder)
            figures = execute(program, arguments)
            for row, network in zip(rows, figures, strict=True):
                row |= {name: network[name] for name in ("arena_bytes", "stack_bytes", "macs")}
                row["exact"] = network["exact"] == 1
                row["reason"] = "" if row["exact"] else "not exact"
                row["instructions"] = round(network["ticks"] * TARGETS[arguments.target].tick_instructions)
            if len(rows) == 1:
                bytes = section_bytes(program)
                row["code_bytes"] = sum(bytes.get(name, 0) for name in (".text", ".rodata", ".data", ".unwinding"))
                row["flash_bytes"] = row["code_bytes"] + bytes.get(".model", 0)
        except Failure as failure:
            for row in rows:
                row |= {"exact": False, "reason": str(failure)}
    return rows


def line(row: dict) -> str:
    if row["instructions"] is None:
        return f"{row['model']:<32} {row['reason']}"
    number = lambda value: f"{value:>10,}" if value is not None else " " * 10
    per_mac = f"{row['instructions'] / row['macs']:6.2f}" if row["macs"] else " " * 6
    return (f"{row['model']:<32} {'exact' if row['exact'] else 'WRONG'} {row['instructions']:>14,} {per_mac} "
            f"{number(row['arena_bytes'])} {number(row['stack_bytes'])} {number(row['code_bytes'])} {number(row['flash_bytes'])}")


def main() -> int:
    arguments = parse_arguments()
    try:
        for schedule in arguments.schedule:
            schedules.schedule_type(schedule)
    except argparse.ArgumentTypeError as error:
        sys.exit(f"run.py: {error}")
    if missing := missing_tools():
        print("SKIPPED: " + ", ".join(f"{tool} is missing (Debian: {PACKAGES[tool]})" for tool in missing))
        return SKIPPED
    models = [find_model(name, arguments.models) for name in arguments.model]
    if not arguments.models.is_dir() and not all(model.exists() for model in models):
        print(f"SKIPPED: there is no folder {arguments.models}")
        return SKIPPED
    print(f"{'model':<32}       {'instructions':>14} {'/ MAC':>6} {'arena':>10} {'stack':>10} {'code':>10} {'flash':>10}", flush=True)
    rows = []
    networks = [Network(model, schedule) for model in models for schedule in arguments.schedule]
    programs = [networks] if arguments.together else [[network] for network in networks]
    with concurrent.futures.ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for group in pool.map(lambda program: measure(program, arguments), programs):
            rows += group
            print("\n".join(map(line, group)), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["exact"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
