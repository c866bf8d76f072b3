#!/usr/bin/env python3
"""Runs networks on processors of microcontrollers that QEMU emulates: are they exact, and what does an inference take?

Prints for each network
  exact         its answers are the recorded ones, byte for byte, and it wrote nowhere else
  instructions  executed by one inference, the recording's first case; by SysTick on Cortex-M, in ticks of 31
                to 63 instructions, so give or take one tick, by minstret on RISC-V; the same in every run
  cycles        with --cycles: of the same inference, by Arm's timing tables (cycles.py says which and how); whether
                it executes the same instructions is checked, to 1 %
  arena         bytes of working memory, inputs not included
  stack         bytes of stack below the caller's while it ran
  code          bytes of flash beside the model's own arrays: the sections .text, .rodata, .data and the like of a
                program with this network alone, its tables, weights in another order and what it needs of libgcc and
                libc included; the start-up code, this harness and the recording, which have sections of their own,
                are not
  flash         code, and the model as far as the program refers to it

With --weights sourced:LAYERS networks are those of inlay::sourced_weights: copying the weights counts, too.

Recordings (NAME.in, NAME.out) stand beside the models; tests/zoo/record_answers.py makes them. With --together all
share a program, which builds sooner; whose the code is cannot be said then. Exit status: 0 if all are exact, 77 if a
tool or the folder is missing.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import cycles
import emulator
from emulator import ROOT, SKIPPED, TARGETS, Failure

import options

# What TFLite Micro and TinyEngine have been measured with.
DEFAULT_MODELS = ["mlperf_vww_96_int8", "mlperf_pretrainedResnet_quant", "mlperf_kws_ref_model", "mlperf_ad01_int8",
                  "tflm_person_detect", "tinyengine_vww", "tinyengine_detection", "tinyengine_mcunetv2_large"]
# Sections that an application would have in its flash, too.
CODE_SECTIONS = [".text", ".rodata", ".data", ".unwinding", ".constructors"]


@dataclasses.dataclass(frozen=True)
class Network:
    model: pathlib.Path
    schedule: str


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_models(parser, "those that other engines have been measured with")
    options.add_schedules(parser)
    options.add_weights(parser)
    emulator.add_arguments(parser)
    parser.add_argument("--profile", action="store_true",
                        help="print what each layer executes, too; the other figures are then of a program that can "
                        "run layer by layer as well as at once. With other schedules than per_layer only what each "
                        "function does")
    parser.add_argument("--cycles", action="store_true",
                        help=f"count cycles, too ({', '.join(cycles.TABLES)}): of the inference, and with --profile of "
                        "each layer and function")
    parser.add_argument("--together", action="store_true", help="all networks in one program")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="programs at a time (default %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="leave the programs there")
    arguments = emulator.parse(parser)
    arguments.by_layer = arguments.profile and arguments.schedule == ["per_layer"]
    if arguments.profile and not arguments.by_layer and not arguments.cycles:
        parser.error("--profile needs --cycles or --schedule per_layer")
    if arguments.cycles and arguments.target not in cycles.TABLES:
        parser.error(f"there is no table of cycles for {arguments.target}")
    return arguments


def source(networks: list[Network], weights: str, folder: pathlib.Path) -> pathlib.Path:
    """Writes the program's only generated file: the networks and their recordings."""
    lines = ['#include "network.hpp"', ""]
    models = list(dict.fromkeys(network.model for network in networks))
    ahead = options.weights_ahead(weights)
    for i, model in enumerate(models):
        emulator.run(sys.executable, ROOT / "cmake" / "embed.py", model, folder / f"embedded_{i}.hpp", f"embedded_{i}")
        if ahead is not None:
            lines.append(f'HARNESS_RECORDING(recorded_model_{i}, "{model}");')
        lines += [f'#include "{folder}/embedded_{i}.hpp"',
                  f"struct model_{i} : inlay::tflite<embedded_{i}> {{}};",
                  f'HARNESS_RECORDING(recorded_inputs_{i}, "{model.with_suffix(".in")}");',
                  f'HARNESS_RECORDING(recorded_outputs_{i}, "{model.with_suffix(".out")}");', ""]
    lines.append("constexpr harness_network harness_networks[] = {")
    for network in networks:
        i = models.index(network.model)
        schedule = options.schedule_type(network.schedule)
        types = (f"model_{i}, {schedule}" if ahead is None else
                 f"inlay::sourced_weights<model_{i}, inlay::prefetch<{ahead}>>, {schedule}, recorded_model_{i}")
        lines.append(f"    measured<{types}>::describe("
                     f"recorded_inputs_{i}, recorded_inputs_{i}_end, recorded_outputs_{i}, recorded_outputs_{i}_end),")
    lines += ["};", f"constexpr std::uint32_t harness_network_count = {len(networks)};", ""]
    path = folder / "networks.cpp"
    path.write_text("\n".join(lines))
    return path


def build(networks: list[Network], arguments: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    for model in {network.model for network in networks}:
        files = [model, model.with_suffix(".in"), model.with_suffix(".out")]
        if missing := [path.name for path in files if not path.exists()]:
            raise Failure(f"missing: {', '.join(missing)}")
    compiled = folder / "networks.o"
    emulator.run(*emulator.compiler(arguments), "-fno-exceptions", "-fno-rtti",
                 *(["-DHARNESS_PROFILE"] if arguments.by_layer else []), "-c",
                 source(networks, arguments.weights, folder), "-o", compiled)
    program = folder / "program.elf"
    emulator.link(arguments, [compiled, *emulator.harness(arguments, folder, "harness.cpp")], program)
    return program


def section_bytes(program: pathlib.Path) -> dict[str, int]:
    listed = emulator.run("arm-none-eabi-size", "-A", "-d", program)
    return {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", listed, re.MULTILINE)}


def execute(program: pathlib.Path, arguments: argparse.Namespace) -> list[tuple[str, dict[str, int]]]:
    """Runs a program; returns its lines: what each is about, and its figures."""
    _, printed = emulator.execute(program, TARGETS[arguments.target], arguments.timeout)
    lines = [(line.split()[0], {name: int(value, 16) for name, value in re.findall(r"(\w+)=([0-9a-f]{8})", line)})
             for line in printed.splitlines() if line.strip()]
    if not lines or lines[0][0] != "calibration" or lines[-1][0] != "end":
        raise Failure(f"ended early: {printed.strip()[-200:]!r}")
    measured = lines[0][1]["instructions"] / lines[0][1]["ticks"]
    expected = TARGETS[arguments.target].tick_instructions
    if abs(measured / expected - 1) > 1e-4:
        raise Failure(f"a tick was {measured:g} instructions, not {expected:g}")
    return lines


def profile(layers: list[dict], arguments: argparse.Namespace) -> list[str]:
    """A table of what each layer executed, by cycles where they are counted."""
    kinds = re.findall(r"^  X\((\w+),", (arguments.include / "inlay/graph/layer_kinds.hpp").read_text(), re.MULTILINE)
    what = "cycles" if arguments.cycles else "instructions"
    total = sum(layer[what] for layer in layers)
    rows = [f"{'':>4} {'layer':<20} {'output':<16} {'from':<5} {'window':<10} {'MACs':>11} {what:>13} "
            f"{'/ MAC':>7} {'/ output':>8} {'share':>6}"]
    for i, layer in enumerate(layers):
        kind = kinds[layer["kind"]]
        extents = [layer[axis] for axis in ("rows", "columns", "channels")]
        window = "{kernel_rows}x{kernel_columns}/{stride_rows}x{stride_columns}".format(**layer)
        per_mac = f"{layer[what] / layer['macs']:.2f}" if layer["macs"] else ""
        rows.append(f"{i:>4} {kind:<20} {'x'.join(map(str, extents)):<16} {layer['input_channels']:<5} "
                    f"{window if kind.endswith('2d') else '':<10} {layer['macs']:>11,} {layer[what]:>13,.0f} "
                    f"{per_mac:>7} {layer[what] / (extents[0] * extents[1] * extents[2]):>8.1f} "
                    f"{layer[what] / total:>6.1%}")
    return rows


def function_table(functions: dict[str, cycles.Count]) -> list[str]:
    """What each function took, but for those that took less than a hundredth."""
    total = cycles.total(functions).cycles
    rows = [f"{'cycles':>13} {'instructions':>13} {'share':>6} function"]
    for name, count in sorted(functions.items(), key=lambda item: -item[1].cycles):
        if count.cycles * 100 >= total:
            rows.append(f"{count.cycles:>13,} {count.instructions:>13,} {count.cycles / total:>6.1%} "
                        f"{re.sub(r'inlay::on_[a-z0-9_]+::(detail::)?', '', name)[:120]}")
    return rows


def add_cycles(row: dict, layers: list[dict], traced: Iterator[dict[str, cycles.Count]],
               arguments: argparse.Namespace) -> list[str]:
    """Completes a network's row, and the figures of its layers, by what was traced of it; returns its functions."""
    functions = next(traced)
    count = cycles.total(functions)
    # The clock's figure is right to a tick at either end.
    if abs(count.instructions - row["instructions"]) > max(0.01 * row["instructions"],
                                                           2 * TARGETS[arguments.target].tick_instructions):
        raise Failure(f"{count.instructions} instructions were traced and {row['instructions']} measured")
    row["cycles"] = count.cycles
    for layer in layers:
        layer["cycles"] = cycles.total(next(traced)).cycles
    if layers:
        next(traced)  # what runs after the last layer
    return function_table(functions) if arguments.profile else []


def measure(networks: list[Network], arguments: argparse.Namespace) -> tuple[list[dict], list[str]]:
    """A row for each of the networks, which share a program, and their profiles."""
    version = emulator.run(arguments.cxx, "-dumpfullversion", "-dumpversion").strip()
    rows = [{"model": network.model.stem, "target": arguments.target, "exact": False, "reason": "", "macs": None,
             "instructions": None, "cycles": None, "arena_bytes": None, "stack_bytes": None, "code_bytes": None,
             "flash_bytes": None, "file_bytes": None, "schedule": network.schedule,
             "compiler": f"{arguments.cxx} {version}", "flags": " ".join(emulator.flags(arguments))}
            for network in networks]
    target = TARGETS[arguments.target]
    profiles, layers = [], []
    with tempfile.TemporaryDirectory(prefix="inlay-embedded-") as scratch:
        folder = pathlib.Path(scratch)
        if arguments.keep:
            folder = arguments.keep.resolve() / f"{arguments.target}-{rows[0]['model']}-{rows[0]['schedule']}"
            folder.mkdir(parents=True, exist_ok=True)
        try:
            program = build(networks, arguments, folder)
            lines = execute(program, arguments)
            traced = iter(cycles.count(program, target, cycles.TABLES[arguments.target], arguments.timeout)
                          if arguments.cycles else [])
            index = 0
            for subject, figures in lines:
                row = rows[min(index, len(rows) - 1)]
                if subject == "layer":
                    layers.append(figures | {"instructions": figures["ticks"] * target.tick_instructions})
                elif subject == "wrong":
                    row["reason"] = " ".join(f"{name} {value}" for name, value in figures.items())
                elif subject == "network":
                    row |= {name: figures[name] for name in ("arena_bytes", "stack_bytes", "macs")}
                    row["instructions"] = round(figures["ticks"] * target.tick_instructions)
                    functions = add_cycles(row, layers, traced, arguments) if arguments.cycles else []
                    row["exact"] = figures["exact"] == 1
                    row["file_bytes"] = networks[index].model.stat().st_size
                    profiles += [*(profile(layers, arguments) if layers else []), *functions]
                    layers = []
                    index += 1
            if index != len(rows):
                raise Failure(f"{index} networks ran instead of {len(rows)}")
            if len(rows) == 1:
                sizes = section_bytes(program)
                rows[0]["code_bytes"] = sum(sizes.get(name, 0) for name in CODE_SECTIONS)
                rows[0]["flash_bytes"] = rows[0]["code_bytes"] + sizes.get(".model", 0)
        except Failure as failure:
            for row in rows:
                row |= {"exact": False, "reason": str(failure)}
    return rows, profiles


def line(row: dict) -> str:
    if row["instructions"] is None:
        return f"{row['model']:<32} {row['reason']}"
    figures = [f"{row[name]:>11,}" if row[name] is not None else " " * 11
               for name in ("arena_bytes", "stack_bytes", "code_bytes", "flash_bytes")]
    per_mac = f"{row['instructions'] / row['macs']:.2f}" if row["macs"] else ""
    counted = f"{row['cycles']:>14,}" if row["cycles"] is not None else ""
    return (f"{row['model']:<32} {'exact' if row['exact'] else 'WRONG'} {row['instructions']:>14,} {per_mac:>6}"
            f"{counted}{''.join(figures)} {row['schedule']} {row['reason']}".rstrip())


def main() -> int:
    arguments = parse_arguments()
    if missing := emulator.missing_tools(arguments):
        print(f"SKIPPED: {missing}")
        return SKIPPED
    models = options.model_files(arguments, DEFAULT_MODELS)
    if not arguments.models.is_dir() and not all(model.exists() for model in models):
        print(f"SKIPPED: there is no folder {arguments.models}")
        return SKIPPED
    if arguments.cycles:
        print(f"Cycles: {cycles.TABLES[arguments.target].says}.")
    counted = f"{'cycles':>14}" if arguments.cycles else ""
    print(f"{'model':<38} {'instructions':>14} {'/ MAC':>6}{counted}{'arena':>11}{'stack':>11}{'code':>11}"
          f"{'flash':>11} schedule", flush=True)
    networks = [Network(model, schedule) for model in models for schedule in arguments.schedule]
    programs = [networks] if arguments.together else [[network] for network in networks]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for some_rows, profiles in pool.map(lambda program: measure(program, arguments), programs):
            rows += some_rows
            print("\n".join([*profiles, *map(line, some_rows)]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["exact"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
