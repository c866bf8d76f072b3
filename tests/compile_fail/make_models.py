#!/usr/bin/env python3
"""Makes headers with models that Inlay must refuse from golden models, by changing a few bytes.

usage: make_models.py GOLDEN_MODELS OUTPUT_FOLDER
"""
import pathlib
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "cmake"))
import embed

FLOAT32, UINT8, INT16, INT8 = 0, 3, 7, 9
COS = 108  # its number among the operators


def u32(data: bytes, at: int) -> int:
    return struct.unpack_from("<I", data, at)[0]


def field(data: bytes, table: int, number: int) -> int:
    """Where a table's field stands, 0 if it is left out."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]
    return table + offset if offset else 0


def children(data: bytes, table: int, number: int) -> list[int]:
    at = field(data, table, number)
    vector = at + u32(data, at)
    elements = [vector + 4 + 4 * i for i in range(u32(data, vector))]
    return [element + u32(data, element) for element in elements]


def retyped(data: bytes, to: int, constants: bool) -> bytes:
    """Declares the int8 tensors to be of another type; those with data only if `constants`."""
    root = u32(data, 0)
    buffers = children(data, root, 4)
    changed = bytearray(data)
    for tensor in children(data, children(data, root, 2)[0], 0):
        kind, buffer = field(data, tensor, 1), field(data, tensor, 2)
        constant = buffer and field(data, buffers[u32(data, buffer)], 0)
        if kind and data[kind] == INT8 and (constants or not constant):
            changed[kind] = to
    return bytes(changed)


def with_operator(data: bytes, code: int) -> bytes:
    """The same model with another operator in place of its first one."""
    table = children(data, u32(data, 0), 1)[0]
    changed = bytearray(data)
    changed[field(data, table, 0)] = code
    struct.pack_into("<i", changed, field(data, table, 3), code)
    return bytes(changed)


def main() -> None:
    golden, output = map(pathlib.Path, sys.argv[1:])
    conv2d, pool, absolute, two_scales = ((golden / f"{name}.tflite").read_bytes()
                              for name in ("conv2d_3x3_same", "max_pool_3x3_same", "abs",
                                           "quantize_float_to_two_scales"))
    models = {
        "sound": conv2d,
        "unsupported_operator": with_operator(absolute, COS),
        "network_inverted_residual": (golden / "network_inverted_residual.tflite").read_bytes(),
        "two_scales": two_scales,
        "truncated": conv2d[:-20],
        "wrong_identifier": conv2d[:4] + b"ONNX" + conv2d[8:],
        "float_network": retyped(pool, FLOAT32, constants=True),
        "int16_network": retyped(conv2d, INT16, constants=False),
        "uint8_network": retyped(conv2d, UINT8, constants=True),
        "hybrid_network": retyped(conv2d, FLOAT32, constants=False),
    }
    for name, data in models.items():
        (output / f"{name}.hpp").write_text(embed.header(data, name))


if __name__ == "__main__":
    main()
