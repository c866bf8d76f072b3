"""The options that tools which run over models have in common, and what they mean."""
import argparse
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ZOO = ROOT.parent / "shared" / "zoo"
GOLDEN = ROOT / "tests" / "golden" / "models"

SCHEDULE_HELP = ("per_layer, least_memory, fit:BYTES, or stages by hand, such as 8:rows,12:3x2,20:1x3: up to layer 8 "
                 "streamed row by row, up to 12 in 3x2 patches, up to 20 in three strips; 4:per_layer for layer after layer")


def schedule(text: str) -> str:
    """A schedule as command lines name it, looked at."""
    schedule_type(text)
    return text


def schedule_type(text: str) -> str:
    """The C++ type of a schedule."""
    if text in ("per_layer", "least_memory"):
        return f"inlay::{text}"
    if match := re.fullmatch(r"fit:(\d+)", text):
        return f"inlay::fit<inlay::sram<{match[1]}>>"
    stages = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+):(?:(rows)(?:/(\d+))?|(per_layer)|(\d+)x(\d+))", part)
        if not match:
            raise argparse.ArgumentTypeError(f"{part!r} is not a stage such as 8:rows, 12:3x2 or 4:per_layer")
        patches = (f"segments<{match[3]}>" if match[3] else "rows<1>" if match[2] else "per_layer" if match[4]
                   else f"grid<{match[5]}, {match[6]}>")
        stages.append(f"inlay::per_patch<inlay::split<{match[1]}>, inlay::{patches}>")
    return f"inlay::schedule<{', '.join(stages)}>"


def add_models(parser: argparse.ArgumentParser, default: str) -> None:
    """--models and --model; `default` says which are taken without --model."""
    parser.add_argument("--models", type=pathlib.Path, default=ZOO, metavar="DIR",
                        help="folder of models (default ../shared/zoo)")
    parser.add_argument("--model", nargs="+", metavar="NAME|FILE",
                        help=f"models of that folder or golden ones by name, others by file (default: {default})")


def add_schedules(parser: argparse.ArgumentParser, default: tuple[str, ...] = ("per_layer",)) -> None:
    parser.add_argument("--schedule", nargs="+", type=schedule, default=list(default), metavar="SCHEDULE",
                        help=f"{SCHEDULE_HELP} (default {' '.join(default)})")


def weights(text: str) -> str:
    """Where weights are, as command lines name it, looked at."""
    if not re.fullmatch(r"mapped|sourced:\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not mapped, or sourced:0 or another number of layers ahead")
    return text


def weights_ahead(text: str) -> int | None:
    """How many layers ahead weights are asked for, nothing if they are in memory."""
    return None if text == "mapped" else int(text.removeprefix("sourced:"))


def add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", type=weights, default="mapped", metavar="WHERE",
                        help="mapped in memory, or sourced:LAYERS, asked for so many layers ahead (default %(default)s)")


def add_compiler(parser: argparse.ArgumentParser, cxx: str = os.environ.get("CXX", "c++"), flags: str = "-O2") -> None:
    parser.add_argument("--cxx", default=cxx, metavar="CXX", help="compiler (default %(default)s)")
    add_flags(parser, flags)


def add_flags(parser: argparse.ArgumentParser, default: str = "-O2") -> None:
    parser.add_argument("--flags", default=default, metavar="FLAGS",
                        help="compiler flags beside those that must be, as in --flags='-Os -DINLAY_ISA=small' "
                        "(default %(default)s)")


def model_file(name: str, folder: pathlib.Path) -> pathlib.Path:
    """The file of a model that a command line names."""
    if name.endswith(".tflite"):
        return pathlib.Path(name).resolve()
    golden = GOLDEN / f"{name}.tflite"
    found = folder / f"{name}.tflite"
    return (golden if golden.exists() and not found.exists() else found).resolve()


def model_files(arguments: argparse.Namespace, default: list[str] | None = None) -> list[pathlib.Path]:
    """Those of --model, else the default ones, else all of the folder."""
    names = arguments.model or default
    if names is None:
        return sorted(path.resolve() for path in arguments.models.glob("*.tflite"))
    return [model_file(name, arguments.models) for name in names]
