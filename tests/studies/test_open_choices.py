"""Open choices: each other choice is another one, and what is counted otherwise is counted by hand."""

from inspect import signature

import numpy as np
import pandas as pd
import pytest
from latent_generator import LatentGenerator

from replication.privatize.methods import METHODS
from replication.studies.departures import PRIVATIZERS
from replication.studies.open_choices import (
    FORKS,
    TextbookSampling,
    count_originals_too,
    pool_draws,
)

CHANGED = [(fork, name) for fork in FORKS if fork.change for name in fork.methods]
IDS = [f"{fork.name} {name}" for fork, name in CHANGED]


def test_forks_have_names_of_their_own():
    assert len({fork.name for fork in FORKS}) == len(FORKS)


@pytest.mark.parametrize(("fork", "name"), CHANGED, ids=IDS)
def test_a_fork_gives_a_privatizer_another_argument_that_it_takes(fork, name):
    privatize, generator = METHODS[name].privatize, LatentGenerator()
    ours = {key: each.default for key, each in signature(privatize.func).parameters.items()}
    ours |= privatize.keywords | {"generator": generator}
    ((argument, value),) = fork.change(METHODS[name], generator).items()
    assert argument in ours
    if (argument, name) != ("others_only", "pprl-vgan-random"):
        assert value != ours[argument]


def test_the_only_blur_that_one_sigma_leaves_as_it_is_would_be_the_largest():
    """OpenCV's formula gives 3.5 px for kernel 21, and less for each smaller one."""
    (fork,) = (fork for fork in FORKS if fork.name == "blur: one sigma")
    sigma = fork.change(METHODS["blur-3"], None)["sigma_px"]
    assert sigma == pytest.approx(0.3 * ((21 - 1) / 2 - 1) + 0.8)


def test_no_choice_of_a_privatizer_that_departures_measure_is_missing():
    forks = {(name, *fork.change(METHODS[name], None).items()) for fork, name in CHANGED}
    for name, choices in PRIVATIZERS.items():
        _, *others = choices.values()
        for arguments in others:
            assert (name, *arguments.items()) in forks


def test_textbook_noise_has_the_other_formula_of_the_same_s():
    s = np.array([[0.0, 0.3, 1.0]], np.float32)

    class Encoder(LatentGenerator):
        def encode(self, images):
            return 5 * s, np.exp(s**2 / 2)

    mean, std = TextbookSampling(Encoder()).encode(np.zeros((1, 4, 4, 3), np.float32))
    np.testing.assert_array_equal(mean, 5 * s)
    np.testing.assert_allclose(std, np.exp(s / 2), rtol=1e-4)


def make_predictions():
    """Two draws of four images of two patients, by hand; the second patient has glaucoma."""
    return pd.DataFrame(
        {
            "method": "pprl-vgan-averaged-random",
            "draw": [0, 0, 0, 0, 1, 1, 1, 1],
            "image_id": list("abcd") * 2,
            "identity": [0, 0, 1, 1] * 2,
            "glaucoma": [False, False, True, True] * 2,
            "predicted_identity": [0, 2, 3, 4, 0, 0, 2, 1],
            "replacement_shown": [False, True, False, False, False, False, True, False],
            "glaucoma_probability": [0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.9, 0.9],
        }
    )


def find_numbers(sums):
    return {cell[1]: ratio.weigh(np.ones((1, 2))).item() for cell, ratio in sums.items()}


def test_originals_that_are_recognised_count_beside_replacements():
    numbers = find_numbers(count_originals_too(make_predictions()))
    # Used ones alone: 1 of 4 in each draw. The original beside them: 1 and 3 more.
    assert numbers == {"replacement_accuracy": pytest.approx((2 / 4 + 4 / 4) / 2)}


def test_pooled_f1_is_that_of_all_draws_together():
    # Draw 0: one hit, one miss, one false alarm: F1 1/2; draw 1: two hits: F1 1.
    assert find_numbers(pool_draws(make_predictions())) == {"glaucoma_f1": pytest.approx(6 / 8)}
