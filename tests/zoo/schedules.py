"""Schedules as command lines name them."""
import argparse
import re

HELP = ("per_layer, least_memory, fit:BYTES, or stages by hand, such as 8:rows,12:3x2,20:1x3: up to layer 8 streamed "
        "row by row, up to 12 in 3x2 patches, up to 20 in three strips")


def schedule_type(text: str) -> str:
    """The C++ type of a schedule."""
    if text in ("per_layer", "least_memory"):
        return f"inlay::{text}"
    if match := re.fullmatch(r"fit:(\d+)", text):
        return f"inlay::fit<inlay::sram<{match[1]}>>"
    stages = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+):(?:(rows)|(\d+)x(\d+))", part)
        if not match:
            raise argparse.ArgumentTypeError(f"{part!r} is not a stage such as 8:rows or 12:3x2")
        patches = "inlay::rows<1>, inlay::halo::reuse" if match[2] else f"inlay::grid<{match[3]}, {match[4]}>"
        stages.append(f"inlay::per_patch<inlay::split<{match[1]}>, {patches}>")
    return f"inlay::schedule<{', '.join(stages)}>"
