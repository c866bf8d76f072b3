"""The rows of instruction_sets.txt."""
import pathlib
from typing import NamedTuple

LIST = pathlib.Path(__file__).resolve().parent / "instruction_sets.txt"


class InstructionSet(NamedTuple):
    name: str
    processors: str
    flags: str
    emulated: str


def rows() -> list[InstructionSet]:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return [InstructionSet(*(field.strip() for field in line.split("|"))) for line in lines if not line.startswith("#")]
