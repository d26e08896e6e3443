"""PPRL-VGAN's privatization beside its decoder alone, untrained weights, the cpu profile."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from replication.config import CPU, SMOKE, VganSettings
from replication.privatize.methods import METHODS
from replication.train.trained import TrainedGenerator
from replication.train.vgan import NETWORKS, build_vgan

from .bench_k_same import PATIENTS, QUERIES, draw_images
from .rows import Goal, Row, alternate

DRAWS = 10
METHOD = "pprl-vgan-random"


def measure(*, quick: bool) -> list[Row]:
    """Return one row: all draws of one regime beside decoding as many images."""
    settings = (SMOKE if quick else CPU).vgan
    queries, draws = draw_images(64 if quick else QUERIES, seed=0), 2 if quick else DRAWS
    gallery = draw_images(2 * PATIENTS, seed=1)
    generator = build_generator(settings, queries.images.shape[1:])
    latent = np.zeros((len(queries), generator.encode(queries.images)[0].shape[1]), np.float32)
    given = {"gallery": gallery, "generator": generator, "seed": 0, "draws": draws}
    seconds = alternate(
        {
            "privatization": lambda: list(METHODS[METHOD].privatize(queries, **given)),
            "decoder": lambda: [generator.decode(latent, queries.identity) for _ in range(draws)],
        }
    )
    ratio = seconds["privatization"] / seconds["decoder"]
    return [
        Row(
            f"PPRL-VGAN privatization, {len(queries)} images, {draws} draws",
            "its decoder alone, as many images",
            ratio,
            Goal(1.3),
            "the decoder's convolutions (arithmetic)",
            ratio,
            seconds,
        )
    ]


def build_generator(settings: VganSettings, image_shape: tuple[int, int, int]) -> TrainedGenerator:
    """Return a generator whose weights were never trained: its cost is the same."""
    with TemporaryDirectory() as scratch:
        networks = build_vgan(PATIENTS, image_shape, settings, seed=0)
        for name in NETWORKS:
            getattr(networks, name).save_weights(str(Path(scratch) / f"{name}.h5"))
        return TrainedGenerator(Path(scratch), PATIENTS, image_shape, settings)
