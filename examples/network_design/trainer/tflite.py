"""Networks in .tflite files, run by TensorFlow Lite's interpreter."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


class Runner:
    """A network for pictures as bytes, one at a time: int8 input is the byte less 128, float input is from -1 to 1."""

    def __init__(self, model, kernels=OpResolverType.BUILTIN_REF):
        """The reference kernels are TensorFlow Lite Micro's, and Inlay's, to the bit; faster ones are not."""
        self.runs = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=kernels)
        self.runs.allocate_tensors()
        self.input, self.output = self.runs.get_input_details()[0], self.runs.get_output_details()[0]
        self.side = int(self.input["shape"][1])

    def __call__(self, pictures):
        """Its raw answers, [pictures, ...]."""
        if self.input["dtype"] is np.int8:
            pictures = (pictures.astype(np.int16) - 128).astype(np.int8)
        else:
            pictures = pictures.astype(np.float32) / 127.5 - 1
        out = []
        for picture in pictures:
            self.runs.set_tensor(self.input["index"], picture[None])
            self.runs.invoke()
            out.append(self.runs.get_tensor(self.output["index"])[0].copy())
        return np.stack(out)

    def numbers(self, answers):
        scale, zero = self.output["quantization"]
        if self.output["dtype"] is np.float32:
            return answers
        return (answers.astype(np.float32) - zero) * scale


class Teacher:
    """A classifier in a file: the probabilities that it gives."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.runner = Runner(file.read(), OpResolverType.AUTO)
        self.side = self.runner.side

    def __call__(self, pictures):
        scores = self.runner.numbers(self.runner(pictures)).reshape(len(pictures), -1)
        if scores.min() >= 0 and np.allclose(scores.sum(1), 1, atol=0.05):
            return scores / scores.sum(1, keepdims=True)
        powers = np.exp(scores - scores.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)
