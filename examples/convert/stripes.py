"""Pictures to learn from, in place of yours: stripes that lie, stand, fall or rise, with noise."""
import numpy as np

KINDS = ["lying", "standing", "falling", "rising"]


def stripes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 32 × 32 pixels, red, green and blue from -1 to 1, and which of KINDS each is."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32]
    across = np.array([y, x, x - y, x + y])
    kinds = random.integers(len(KINDS), size=count)
    phases = random.uniform(0, 6.28, (count, 1, 1))
    waves = np.sin(across[kinds] * 1.2 + phases)[..., np.newaxis] * random.uniform(0.3, 0.6, (count, 1, 1, 3))
    return (waves + random.normal(0, 0.1, (count, 32, 32, 3))).clip(-1, 1).astype(np.float32), kinds
