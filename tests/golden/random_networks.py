"""Random networks of all kinds of operators: golden_test against the oracle.

    python tests/golden/random_networks.py GOLDEN_TEST [--count N] [--first N] [--keep DIR]

Each network has a number, from which it is drawn. GOLDEN_TEST, the program, tries each by many schedules; one that is
refused is a fault, too. The fuzz target takes a kept folder as seeds: it tries them with fast kernels. Needs what
requirements.txt lists.
"""

import argparse
import pathlib
import random
import sys
import tempfile

sys.dont_write_bytecode = True
try:
    import numpy as np

    import oracle
    import random_pairs
    from builder import ModelBuilder
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(77)

MOST_ELEMENTS = 3000  # of a tensor


class Unsuitable(Exception):
    """An operator was drawn that the tensors so far do not suit."""


class Network:
    """Tensors, from which operators drawn at random make more."""

    def __init__(self, number):
        self.draw = random.Random(number)
        self.b = ModelBuilder(f"random_{number}")
        self.tensors = [self.new_input() for _ in range(self.draw.choice([1, 1, 1, 2]))]

    # What is drawn.

    def quant(self):
        return self.draw.uniform(0.01, 0.1), self.draw.choice([-128, 127, 0, self.draw.randint(-90, 90)])

    def out(self):
        """None is a quantisation that fits."""
        return self.draw.choice([None, None, None, (self.draw.uniform(0.02, 0.2), self.draw.randint(-128, 127))])

    def new_input(self):
        size, channels = [1, 2, 3, 4, 5, 7, 8, 11], [1, 2, 3, 4, 5, 8, 9, 16, 17]
        rank = self.draw.choice([2, 3, 4, 4, 4, 4, 4, 5])
        inside = [self.draw.choice(size if rank < 5 else size[:4]) for _ in range(rank - 2)]
        return self.b.input((self.draw.choice([1, 1, 1, 1, 2, 3]), *inside, self.draw.choice(channels)), self.quant())

    def tensor(self, ranks=range(1, 6)):
        """Mostly the last one."""
        suitable = [t for t in self.tensors if len(t.shape) in ranks]
        if not suitable:
            raise Unsuitable
        return suitable[-1] if self.draw.random() < 0.7 else self.draw.choice(suitable)

    def alike(self, t, free_axis=None):
        """A tensor of the same extents, but for one axis."""
        return self.draw.choice([u for u in self.tensors if len(u.shape) == len(t.shape) and all(
            n == m or axis == free_axis for axis, (n, m) in enumerate(zip(u.shape, t.shape)))])

    def counting_as(self, t, u):
        """`u` in the scale and zero point of `t`."""
        same = (u.scale, u.zero_point) == (t.scale, t.zero_point)
        return u if same else self.b.quantize(u, (t.scale, t.zero_point))

    def activation(self):
        return self.draw.choice(["NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1"])

    def window(self, t, dilated=False):
        """Kernel, stride, dilation, padding."""
        kernel = tuple(self.draw.choice([1, 1, 2, 3, 3, 4, 5]) for _ in range(2))
        stride = self.draw.choice([(1, 1), (1, 1), (2, 2), (1, 2), (2, 1), (3, 1), (4, 5)])
        dilation = self.draw.choice([(1, 1), (1, 1), (2, 1), (1, 3)]) if dilated else (1, 1)
        fits = all(n > (k - 1) * d for n, k, d in zip(t.shape[1:3], kernel, dilation))
        return kernel, stride, dilation, self.draw.choice(["SAME", "VALID"]) if fits else "SAME"

    def axis(self, t):
        return self.draw.randrange(len(t.shape))

    def axes(self, t):
        if len(t.shape) == 4 and self.draw.random() < 0.5:
            return (1, 2)
        return tuple(self.draw.sample(range(len(t.shape)), self.draw.randint(1, len(t.shape))))

    # Operators; each makes a tensor or a list of them.

    def conv2d(self):
        t = self.tensor([4])
        kernel, stride, dilation, padding = self.window(t, dilated=True)
        groups = 2 if t.shape[3] % 2 == 0 and self.draw.random() < 0.1 else 1
        return self.b.conv2d(t, groups * self.draw.choice([1, 2, 3, 5, 8, 16, 17]), kernel, stride, dilation, padding,
                             self.activation(), groups=groups, out=self.out())

    def depthwise(self):
        t = self.tensor([4])
        kernel, stride, dilation, padding = self.window(t, dilated=True)
        multiplier = self.draw.choice([1, 1, 1, 2, 3]) if t.shape[3] < 12 else 1
        return self.b.depthwise(t, kernel, multiplier, stride, dilation, padding, self.activation(), out=self.out())

    def transpose_conv(self):
        t = self.tensor([4])
        if np.prod(t.shape) > 500:
            raise Unsuitable
        stride = self.draw.choice([1, 2, 2, 3])
        return self.b.transpose_conv(t, self.draw.randint(1, 5), self.draw.randint(1, 4), stride, "SAME",
                                     out=self.out())

    def pool(self):
        t = self.tensor([4])
        kernel, stride, _, padding = self.window(t)
        operator = self.draw.choice([self.b.average_pool, self.b.max_pool])
        return operator(t, kernel, stride, padding, self.activation())

    def fully_connected(self):
        t = self.tensor(range(2, 6))
        keep = self.draw.random() < 0.4
        return self.b.fully_connected(t, self.draw.choice([1, 3, 8, 17]), self.activation(), keep_num_dims=keep,
                                      out=self.out())

    def batch_matmul(self):
        t = self.tensor(range(2, 5))
        adjoint = self.draw.random() < 0.5
        return self.b.batch_matmul(t, t, adjoint, not adjoint, self.out())

    def arithmetic(self):
        t = self.tensor()
        other = self.draw.choice([t, self.alike(t), self.b.constant(
            tuple(n if self.draw.random() < 0.5 else 1 for n in t.shape), self.quant())])
        pair = self.draw.sample([t, other], 2)
        plain = [self.b.maximum, self.b.minimum, self.b.squared_difference]
        operator = self.draw.choice([self.b.add, self.b.add, self.b.mul, self.b.sub, *plain])
        return operator(*pair) if operator in plain else operator(*pair, activation=self.activation(), out=self.out())

    def lookup(self):
        t, b = self.tensor(), self.b
        return self.draw.choice([
            lambda: b.relu(t, self.out()), lambda: b.relu6(t), lambda: b.leaky_relu(t, 0.3, self.out()),
            lambda: b.logistic(t), lambda: b.tanh(t), lambda: b.hard_swish(t), lambda: b.elu(t, self.out()),
            lambda: b.absolute(t), lambda: b.quantize(t, self.quant()), lambda: b.softmax(t)])()

    def mean(self):
        t = self.tensor()
        axes = self.axes(t)
        keep = len(axes) == len(t.shape) or self.draw.random() < 0.6
        return self.draw.choice([self.b.mean, self.b.mean, self.b.sum, self.b.reduce_max])(t, axes, keep)

    def pad(self):
        t = self.tensor(range(1, 5))
        outside = 0 if self.draw.random() < 0.8 else 2
        return self.b.pad(t, tuple((self.draw.randint(0, most), self.draw.randint(0, most)) for most in (
            2 if axis in (1, 2) else outside for axis in range(len(t.shape)))))

    def concatenation(self):
        t = self.tensor()
        axis = self.axis(t)
        parts = [t] + [self.counting_as(t, self.alike(t, axis)) for _ in range(self.draw.randint(1, 3))]
        return self.b.concatenation(self.draw.sample(parts, len(parts)), axis)

    def pack(self):
        t = self.tensor(range(1, 5))
        return self.b.pack([t, self.counting_as(t, self.alike(t))], self.draw.randint(0, len(t.shape)))

    def split(self):
        t = self.tensor()
        axis = self.axis(t)
        extent = t.shape[axis]
        if not 2 <= extent <= 6:
            raise Unsuitable
        first = self.draw.randint(1, extent - 1)
        return self.draw.choice([lambda: self.b.split(t, extent, axis), lambda: self.b.unpack(t, axis),
                                 lambda: self.b.split_v(t, [first, extent - first], axis)])()

    def slice(self):
        t = self.tensor()
        begin = [self.draw.randrange(n) for n in t.shape]
        return self.b.slice(t, begin, [self.draw.choice([-1, self.draw.randint(1, n - at)])
                                       for n, at in zip(t.shape, begin)])

    def strided_slice(self):
        t = self.tensor(range(1, 5))
        begin = [self.draw.randrange(n) for n in t.shape]
        ends = [self.draw.choice([(n, 1), (n, 2), (-n - 1, -1)]) for n in t.shape]
        return self.b.strided_slice(t, begin, [end for end, _ in ends], [step for _, step in ends])

    def gather(self):
        t = self.tensor()
        axis = self.axis(t)
        return self.b.gather(t, [self.draw.randrange(t.shape[axis]) for _ in range(self.draw.randint(1, 4))], axis)

    def transpose(self):
        t = self.tensor()
        return self.b.transpose(t, tuple(self.draw.sample(range(len(t.shape)), len(t.shape))))

    def reshape(self):
        t = self.tensor()
        rest, shape = int(np.prod(t.shape)), []
        for _ in range(self.draw.randint(0, 3)):
            shape.append(self.draw.choice([n for n in range(1, 20) if rest % n == 0]))
            rest //= shape[-1]
        return self.b.reshape(t, (*shape, rest))

    def resize(self):
        t = self.tensor([4])
        size = tuple(self.draw.choice([2 * n, self.draw.randint(1, 2 * n + 1)]) for n in t.shape[1:3])
        corners, centers = self.draw.choice([(False, False), (True, False), (False, True)])
        operator = self.draw.choice([self.b.resize_nearest, self.b.resize_bilinear])
        return operator(t, size, align_corners=corners, half_pixel_centers=centers)

    OPERATORS = [conv2d] * 4 + [depthwise] * 3 + [arithmetic] * 4 + [pool, pad, concatenation, lookup] * 2 + [
        transpose_conv, fully_connected, batch_matmul, mean, pack, split, slice, strided_slice, gather, transpose,
        reshape, resize]

    def grow(self):
        try:
            made = self.draw.choice(self.OPERATORS)(self)
        except Unsuitable:
            return
        self.tensors += made if isinstance(made, list) else [made]

    def is_large(self):
        return max(np.prod(t.shape) for t in self.tensors) > MOST_ELEMENTS

    def outputs(self):
        """What nobody reads, and the last tensor."""
        read = {index for operator in self.b.subgraph.operators for index in operator.inputs}
        made = [t for t in self.tensors if t not in self.b.inputs]
        return [t for t in made if t.index not in read or t is made[-1]]


def build(number):
    """A model and the cases of its inputs, and their answers; None where the reference refuses it."""
    try:
        network = Network(number)
        tries = network.draw.choice([2, 3, 4, 6, 8, 12])
        while (tries > 0 and not network.is_large()) or not network.outputs():
            network.grow()
            tries -= 1
        outputs = network.outputs()
        model = network.b.model(outputs)
        inputs = [t.cases for t in network.b.inputs]
        return f"random_{number}", model, inputs, oracle.run(model, inputs, len(outputs), arena_size=1 << 20)
    except RuntimeError as problem:  # of all of it, or of a part whose answers scales are chosen by
        print(f"random_{number}: the reference refuses it: {problem}")
        return None


def main():
    parser = argparse.ArgumentParser(description="Random networks against the oracle.")
    parser.add_argument("golden_test", metavar="GOLDEN_TEST")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the number of the first network")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="an empty folder to keep the models in")
    arguments = parser.parse_args()
    np.seterr(all="ignore")  # reals on the way to a scale
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        numbers = range(arguments.first, arguments.first + arguments.count)
        models = [made for made in map(build, numbers) if made]
        print(f"{arguments.count} networks, {len(models)} of them run by the reference", flush=True)
        return random_pairs.check(arguments.golden_test, folder, models) if models else 1


if __name__ == "__main__":
    sys.exit(main())
