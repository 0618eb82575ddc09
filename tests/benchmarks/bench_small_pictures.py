"""Small colour pictures by the shipped recipe: accuracy on the test pictures of the sample of CIFAR-10.

Run: `python tests/benchmarks/bench_small_pictures.py [--seeds 0 1]`. The recipe
`resources/experiments/small_colour_pictures.toml` is trained by `workbench train` on 10,000 training pictures, of which
it keeps a share to choose the best epoch (10 to 15 minutes a seed on two cores), and judged on 2,000 others.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from sample_training import SAMPLE, missing, trained


def measure(sample: Path = SAMPLE, seeds: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Figures per seed; nothing where the sample is absent."""
    if reason := missing(sample):
        return {"skipped": reason}
    return {f"seed {seed}": trained("small_colour_pictures", sample, (f"training.seed={seed}",)) for seed in seeds}


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="an .npz with x_train, y_train, x_test, y_test")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.sample, tuple(arguments.seeds)), indent=2))
