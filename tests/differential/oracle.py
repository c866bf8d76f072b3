#!/usr/bin/env python3
"""Runs models in TensorFlow Lite Micro, one after another, for run.py.

Speaks as answers.cpp does, with the answers 'r' (it refuses to prepare or to run the model), 'i' (its inputs do not take
these bytes), 'a' (outputs), 'd' (the model ends it, or takes too long).
"""
import os
import signal
import struct

import numpy as np
from tflite_micro import runtime

MOST_OUTPUTS = 64
SECONDS = 1  # of processor time, for one model


def outputs_of(interpreter):
    for index in range(MOST_OUTPUTS):
        try:
            yield interpreter.get_output(index).tobytes()
        except IndexError:
            return


def answer(model, data):
    try:
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 18)
    except Exception as problem:
        return b"r", str(problem).encode()
    try:
        at = 0
        for index in range(MOST_OUTPUTS):
            try:
                details = interpreter.get_input_details(index)
            except IndexError:
                break
            count = int(np.prod(details["shape"]))
            dtype = np.dtype(details["dtype"])
            values = np.frombuffer(data, dtype, count, at)
            at += values.nbytes
            interpreter.set_input(values.reshape(details["shape"]), index)
    except Exception as problem:
        return b"i", str(problem).encode()
    if at != len(data):
        return b"i", b"other inputs"
    try:
        interpreter.invoke()
        return b"a", b"".join(outputs_of(interpreter))
    except Exception as problem:
        return b"r", str(problem).encode()


def read(size):
    """Nothing beyond: a child that is started after one has died goes on where it was."""
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_bytes():
    return read(struct.unpack("<I", read(4))[0])


def write(to, kind, data):
    os.write(to, kind + struct.pack("<I", len(data)))
    os.write(to, data)


def answer_all(answers):
    try:
        while True:
            model, inputs = read_bytes(), read_bytes()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            write(answers, *answer(model, inputs))
            signal.setitimer(signal.ITIMER_PROF, 0)
    except EOFError:
        os._exit(0)


def main():
    # The library writes to both, too.
    answers = os.dup(1)
    os.dup2(2, 1)
    while True:
        child = os.fork()
        if child == 0:
            answer_all(answers)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        write(answers, b"d", b"")


main()
