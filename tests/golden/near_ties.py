"""Scales at which floats and doubles round differently: golden_test against the oracle, for every operator with scales.

    python tests/golden/near_ties.py GOLDEN_TEST [--count N] [--seed N] [--keep DIR]

Each multiplier is drawn as a simple fraction, so that many of an operator's results are ties, and the last scale that
it depends on is the float there or one or two next to it: whether the reference multiplies and divides scales as floats
or as doubles then shows in its answers. A model that is refused is a fault, too. Needs what requirements.txt lists.
"""

import argparse
import pathlib
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


class Draw:
    """Numbers drawn for one model, and its inputs."""

    def __init__(self, name):
        self.b = ModelBuilder(name)
        self.random = self.b.random

    def one_of(self, *values):
        return values[self.random.integers(len(values))]

    def scale(self):
        return float(np.float32(10 ** self.random.uniform(-2.5, -0.5)))

    def zero_point(self):
        return int(self.random.integers(-40, 41))

    def fraction(self, halvings=4):
        """An odd number over a power of two; of few numbers, many times this one are ties."""
        return self.one_of(1, 1, 3, 5, 7) / 2 ** int(self.random.integers(1, halvings + 1))

    def near(self, real):
        """The float next to a number, or another close to it."""
        steps = self.one_of(-1, 0, 0, 0, 0, 1)
        return float((np.float32(real).view(np.int32) + np.int32(steps)).view(np.float32))

    def out(self, real):
        return self.near(real), self.zero_point()

    def all_bytes(self, scale, zero_point=None):
        """An input of every value."""
        x = self.b.input((1, 16, 16, 1), (scale, self.zero_point() if zero_point is None else zero_point))
        x.cases = [self.random.permutation(np.arange(-128, 128)).astype(np.int8).reshape(x.shape)]
        return x

    def noise(self, scale, shape=(1, 8, 16, 3), zero_point=None):
        x = self.b.input(shape, (scale, self.zero_point() if zero_point is None else zero_point))
        x.cases = x.cases[:1]
        return x

    def small_maps(self, scale):
        return self.noise(scale, (1, 2, 3, 64))

    def powers_of_two(self, scale):
        x = self.noise(scale, zero_point=-128)
        x.cases = [(2 ** self.random.integers(0, 8, x.shape) - 128).astype(np.int8)]
        return x

    def floats(self, values):
        x = self.b.input(np.shape(values), (-1, 1), "float32")
        x.cases = [np.float32(values)]
        return x


OPERATORS = []


def operator(function):
    OPERATORS.append(function)
    return function


# From one scale to another.


def rescaling(name, build, x=Draw.all_bytes, times=lambda d: 1):
    def drawn(d):
        scale = d.scale()
        return build(d, x(d, scale), d.out(scale * times(d) / d.fraction()))

    drawn.__name__ = name
    OPERATORS.append(drawn)


rescaling("relu", lambda d, x, out: d.b.relu(x, out))
rescaling("abs", lambda d, x, out: d.b.absolute(x, out))
rescaling("elu", lambda d, x, out: d.b.elu(x, out))
rescaling("quantize", lambda d, x, out: d.b.quantize(x, out))
rescaling("quantize_uint8", lambda d, x, out: d.b.quantize(x, (out[0], out[1] + 128), "uint8"))
rescaling("quantize_floats", lambda d, x, out: d.b.quantize(d.b.dequantize(x), out))
rescaling("negated_floats", lambda d, x, out: d.b.quantize(d.b.negate(d.b.dequantize(x)), out))
rescaling("sum", lambda d, x, out: d.b.sum(x, (1, 2), out=out), Draw.small_maps)
rescaling("sum_channels", lambda d, x, out: d.b.sum(x, 3, out=out), Draw.noise)
rescaling("mean", lambda d, x, out: d.b.mean(x, (1, 2), out=out), Draw.small_maps, lambda d: d.one_of(1, 1 / 6))
rescaling("mean_channels", lambda d, x, out: d.b.mean(x, 3, out=out), Draw.noise, lambda d: d.one_of(1, 1 / 3))
rescaling("cumsum", lambda d, x, out: d.b.cumsum(x, 2, out=out), Draw.noise)
rescaling("add_n", lambda d, x, out: d.b.add_n([x] * d.one_of(2, 3), out), Draw.noise)


@operator
def leaky_relu(d):
    scale, slope = d.scale(), d.scale()
    times = d.one_of(1, slope)
    return d.b.leaky_relu(d.all_bytes(scale), slope, d.out(scale * times / d.fraction()))


@operator
def hard_swish(d):
    """Its multipliers have 15 bits, so that fractions of 16 are ties."""

    def sixteen_bits():
        return d.random.integers(1 << 14, 1 << 15) / 2**15 + 2**-16

    scale = d.one_of(d.scale(), d.near(sixteen_bits() * d.one_of(3, 6) / 256))
    return d.b.hard_swish(d.all_bytes(scale), d.out(scale / d.one_of(1, 2) / sixteen_bits()))


@operator
def rsqrt(d):
    """The root of 1 times 2^20 is exact; times a multiplier it is rounded twice, here up both times."""
    scale = d.one_of(d.scale(), d.near(d.fraction() ** 2))
    bits = int(d.random.integers(4, 8))
    times = d.random.integers(1 << (bits - 1), 1 << bits) + 0.5 - 2 ** (bits - 21)
    return d.b.rsqrt(d.all_bytes(scale, -128), (d.near(1 / (np.sqrt(scale) * times)), -100))


@operator
def clamp(d):
    """Where an activation clamps is a quotient as well."""
    activation, bound = d.one_of(("RELU6", 6), ("RELU_N1_TO_1", 1))
    x, steps = d.noise(0.1), d.random.integers(1, 80) + 0.5
    return d.b.add(x, x, activation, (d.near(bound / steps), d.zero_point()))


@operator
def square(d):
    scale = d.scale()
    real = d.b.square(d.b.dequantize(d.all_bytes(scale)))
    return d.b.quantize(real, d.out(scale**2 * 64 / d.fraction()))


@operator
def quantize_input(d):
    scale = d.scale()
    halves = (d.random.integers(-130, 130, (1, 8, 16, 3)) + 0.5) * scale
    return d.b.quantize(d.floats(np.vectorize(d.near)(halves)), (scale, d.zero_point()))


# Curves of one scale.


def curve(name, build, x=Draw.all_bytes):
    def drawn(d):
        return build(d, x(d, d.one_of(d.scale(), d.near(d.fraction(8)), d.near(d.fraction(8) / 15))))

    drawn.__name__ = name
    OPERATORS.append(drawn)


curve("logistic", lambda d, x: d.b.logistic(x))
curve("tanh", lambda d, x: d.b.tanh(x))
curve("softmax", lambda d, x: d.b.softmax(x, d.one_of(1.0, d.near(d.fraction()))), Draw.noise)
curve("log_softmax", lambda d, x: d.b.log_softmax(x), Draw.noise)


# Two scales.


def pairs(name, build, out, second=lambda d, scale: d.scale()):
    def drawn(d):
        scale = d.scale()
        other = second(d, scale)
        x, y = d.noise(scale), d.noise(other)
        if d.one_of(True, False):
            x, y = y, x
        return build(d, x, y, d.out(out(d, x.scale, y.scale)))

    drawn.__name__ = name
    OPERATORS.append(drawn)


def simple_ratio(d, scale):
    return d.one_of(scale, d.near(scale * d.fraction()))


def of_sum(d, a, b):
    return max(a, b) / d.fraction()


pairs("add", lambda d, x, y, out: d.b.add(x, y, out=out), of_sum, simple_ratio)
pairs("sub", lambda d, x, y, out: d.b.sub(x, y, out=out), of_sum, simple_ratio)
pairs("squared_difference", lambda d, x, y, out: d.b.squared_difference(x, y, out),
      lambda d, a, b: max(a, b) ** 2 * 64 / d.fraction(), simple_ratio)
pairs("mul", lambda d, x, y, out: d.b.mul(x, y, out=out), lambda d, a, b: a * b * 16 / d.fraction())
pairs("prelu", lambda d, x, y, out: d.b.prelu(x, y, out), lambda d, a, b: d.one_of(a, a * b * 16) / d.fraction())
for relation in "EQUAL", "NOT_EQUAL", "GREATER", "LESS", "GREATER_EQUAL", "LESS_EQUAL":
    pairs(relation.lower(), lambda d, x, y, out, relation=relation: d.b.compare(x, y, relation),
          lambda d, a, b: 1, simple_ratio)


@operator
def div(d):
    """Quotients by powers of two are the most exact."""
    a, b = d.scale(), d.scale()
    return d.b.div(d.noise(a), d.powers_of_two(b), out=d.out(a / b / d.one_of(80, 96, 112, 160)))


@operator
def batch_matmul(d):
    a, b = d.scale(), d.scale()
    return d.b.batch_matmul(d.noise(a, (1, 24, 2)), d.noise(b, (1, 2, 8)), out=d.out(a * b * 128 / d.fraction()))


# Scales of weights: small numbers and biases, so that many sums are ties.


def weighted(name, build, shape, axis):
    def drawn(d):
        scale, channels = d.scale(), shape[axis]
        weights = d.random.integers(-3, 4, shape)
        fractions = np.array([d.fraction() / 4 for _ in range(channels)])
        if d.one_of(True, False):
            weight_scale, fractions = d.scale(), fractions[:1]  # one for all channels
            out = scale * weight_scale / fractions[0]
        else:
            weight_scale = np.array([d.scale() for _ in range(channels)])
            out = d.scale()
            weight_scale = np.array([d.near(fraction * out / scale) for fraction in fractions])
        return build(d, d.noise(scale, (1, 8, 16, 3)), weights=weights, weight_scale=weight_scale,
                     bias=d.random.integers(-100, 101, channels), out=d.out(out))

    drawn.__name__ = name
    OPERATORS.append(drawn)


weighted("conv2d", lambda d, x, **o: d.b.conv2d(x, 4, 1, **o), (4, 1, 1, 3), 0)
weighted("depthwise", lambda d, x, **o: d.b.depthwise(x, 2, **o), (1, 2, 2, 3), 3)
weighted("transpose_conv", lambda d, x, **o: d.b.transpose_conv(x, 4, 2, 2, **o), (4, 2, 2, 3), 0)
weighted("fully_connected", lambda d, x, **o: d.b.fully_connected(x, 5, keep_num_dims=True, **o), (5, 3), 0)


def build(name, function):
    d = Draw(name)
    output = function(d)
    model = d.b.model([output])
    inputs = [t.cases for t in d.b.inputs]
    return name, model, inputs, oracle.run(model, inputs, 1)


def main():
    parser = argparse.ArgumentParser(description="Near ties of scales against the oracle.")
    parser.add_argument("golden_test", metavar="GOLDEN_TEST")
    parser.add_argument("--count", type=int, default=10, help="models of each operator")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="an empty folder to keep the models in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return random_pairs.check(arguments.golden_test, folder, (
            build(f"{function.__name__}_{arguments.seed}_{i}", function)
            for function in OPERATORS for i in range(arguments.count)))


if __name__ == "__main__":
    sys.exit(main())
