"""The command line with a smoke profile of a few eyes and a few steps: a whole run in seconds.

Run as a program with the words of cli.py, in the folder that is to hold artifacts. With
TINY_STEPS, PPRL-VGAN and the evaluators train so many steps; with TINY_WORKERS, so many processes
read and draw images.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from replication import config

WORDS = ("replicate", "--profile", "smoke", "--draws", "1")
METHODS = ("--method", "blur-3", "--method", "k-same-3", "--method", "pprl-vgan-random")


def make_tiny() -> None:
    """Replace the smoke profile for this process."""
    steps = int(os.environ.get("TINY_STEPS", "4"))
    config.PROFILES["smoke"] = replace(
        config.SMOKE,
        surrogate=config.SurrogateSettings(patients=10, images=60, glaucoma_images=34),
        evaluator=replace(config.SMOKE.evaluator, updates=2 * steps, patience=50),
        vgan=replace(config.SMOKE.vgan, units=16, batch_size=4, steps=steps),
    )


def dask_setup(worker) -> None:
    """Do the same in a worker's process, to which Dask's configuration names this file."""
    make_tiny()
    if os.environ.get("TINY_CHECKPOINTS"):  # after every epoch and a few steps
        from replication.train import evaluators as train_evaluators
        from replication.train import steps

        train_evaluators.CHECKPOINT_EVERY_S = steps.CHECKPOINT_EVERY_S = 0.0


if __name__ == "__main__":
    import cli
    from replication.command_line import opening

    make_tiny()
    if workers := os.environ.get("TINY_WORKERS"):
        opening.count_cores = lambda: int(workers)
    cli.main()
