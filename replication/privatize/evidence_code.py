"""Privatize by a code of the disease, drawn on an eye that is nobody's.

Ours: what the paper's conclusion calls for ("none of the privacy protection methods ... fulfill all
these requirements"). What is released is Y = G(q(X), z): q(X) is one of few codes, shared by at least
k training patients (`replication.train.disease_code`), z fresh noise, and G the generator of
`keras_models.code_networks`. The verdict of the run's glaucoma network decides whether there is
anything to show; a label is no input. As patient, image, code and release are a Markov chain, nobody
names the patient more often than the code allows (`PrivatizedSet.code`; docs/evidence-code.md),
however they learn, however many releases of the image they hold, and even with the generator.
"""

from collections.abc import Iterator

import numpy as np

from replication.errors import SettingsError
from replication.privatize.draws import open_blocks
from replication.records import CodeGenerator, EyeDataset, PrivatizedSet, round_to_bytes


def privatize_by_evidence_code(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: CodeGenerator | None,
    seed: int,
    draws: int,
    method: str,
    k: int,
    first_block: int = 0,
) -> Iterator[PrivatizedSet]:
    """Yield one set per draw, each with fresh noise; used are the training patients behind a code.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`).
        method: its name in the registry.
        k: the fewest training patients who share a code.
        first_block: as for `draws.open_blocks`.

    Raises:
        MethodRefused: when fewer than k training patients have glaucoma.
        SettingsError: when there is no generator.
    """
    if generator is None:
        raise SettingsError(f"{method}: needs a trained generator; `replicate` trains it")
    code = generator.read_codes(queries.images, queries.identity, k=k)
    used = generator.list_behind(code)
    numbered = {"seed": seed, "method": method, "first_block": first_block}
    for draw in range(draws):
        images = [
            generator.draw_images(code[rows], rng)
            for rows, rng in open_blocks(len(queries), draw=draw, **numbered)
        ]
        yield PrivatizedSet(method, draw, round_to_bytes(np.concatenate(images)), used, code)
