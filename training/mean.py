"""Writes a checkpoint with the weighted mean of two checkpoints' weights:

    python -m training.mean training/runs/scope/checkpoint.pt training/runs/abacus/checkpoint.pt 0.96 OUT/checkpoint.pt

The share is the second one's. Between a stage and one that continues from it, the mean keeps more of what the first can
do and takes most of what the second learnt.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("share", type=float)
    parser.add_argument("checkpoint", type=Path)
    options = parser.parse_args()
    import torch

    first, second = (torch.load(path, weights_only=True) for path in (options.first, options.second))
    weights = {name: torch.lerp(first["model"][name], second["model"][name], options.share) for name in first["model"]}
    options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"shape": first["shape"], "model": weights, "optimizers": [], "progress": {}}, options.checkpoint)


if __name__ == "__main__":
    main()
