"""The form in which a run's training images may be shown as cases: made and gated once, then kept.

Lies in the run's folder, `cases/METHOD`, beside the stages, with the features by which pictures are
searched.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from replication.attack.near_copies import measure_distances, set_limits
from replication.attack.stage import LEARNING_SEED
from replication.cases.gate import Gate, Refusal, release_cases
from replication.cases.released import ReleasedCases, load_cases, save_cases
from replication.pipeline.run_data import RunData
from replication.pipeline.stages import list_needed
from replication.privatize.methods import Method
from replication.records import EyeDataset, PrivatizedSet
from replication.store.run_record import EVALUATORS, PREPROCESSED
from replication.system.processes import advance_each

RELEASED = "cases"  # the folder of released pictures, one folder in it per method
FEATURES = "features.npy"
KNOWN = (
    f"{RELEASED}/known"  # a unit beside the methods': what is searched with images of known pairs
)
DRAWS = 3  # ours: how often a picture that is refused is drawn


def release(run: RunData, method: Method) -> ReleasedCases:
    """Return the form in which each training image may be shown; made and gated once, then kept."""
    unit = f"{RELEASED}/{method.name}"
    needs = tuple(dict.fromkeys((*EVALUATORS.values(), *list_needed(method))))
    draws = DRAWS if method.is_drawn else 1
    key = {
        "settings": run.drawing_record
        | {"draws": draws, "alike": method.alike, "refusals": [*Refusal]},
        "inputs": {need: run.store.digest(need) for need in needs},
    }
    with run.store.locked():
        if not run.store.is_complete(unit, key):
            with run.store.writing(unit, key) as folder, run.track("gating", draws) as advance:
                cases = release_from(run, method, run.train_set, on_draw=advance)
                save_cases(folder, cases)
                embed = run.load_evaluator("glaucoma").embed
                np.save(folder / FEATURES, embed(cases.images), allow_pickle=False)
        return load_cases(run.store.folder(unit))


def release_from(
    run: RunData,
    method: Method,
    gallery: EyeDataset,
    *,
    on_draw: Callable[[], None] = lambda: None,
) -> ReleasedCases:
    """Draw and gate pictures of a gallery; where images of others go in, they are the gallery's.

    Raises:
        DataError: when its patients are too few for the method or to be attacked.
    """
    draws = DRAWS if method.is_drawn else 1
    privatize = partial(run.privatize, method, gallery=gallery)
    sets = privatize(gallery, seed=run.drawing_seed, draws=draws)
    return release_cases(
        advance_each(sets, on_draw),
        _open_gate(run, method, gallery, privatize),
        gallery,
        take_sign_away=_find_counterfactual(run, method),
    )


def load_features(run: RunData, method: Method) -> tuple[np.ndarray, np.ndarray]:
    """Return (G, h, w, D) features of a method's released pictures, and those of known images.

    Known images are those of the run's validation; their features are made once, too.
    """
    needs = (PREPROCESSED, EVALUATORS["glaucoma"])
    key = {"inputs": {need: run.store.digest(need) for need in needs}}
    with run.store.locked():
        if not run.store.is_complete(KNOWN, key):
            with run.store.writing(KNOWN, key) as folder:
                images = run.dataset.images[run.splits.validation]
                embed = run.load_evaluator("glaucoma").embed
                np.save(folder / FEATURES, embed(images), allow_pickle=False)
    return tuple(
        np.load(run.store.folder(unit) / FEATURES, allow_pickle=False)
        for unit in (f"{RELEASED}/{method.name}", KNOWN)
    )


def release_originals(gallery: EyeDataset) -> ReleasedCases:
    """Return images as they are, as if they might be shown: what Table 3 compares with."""
    count = len(gallery)
    nothing = np.full(count, Refusal.NONE, dtype=np.str_)
    return ReleasedCases(
        gallery.images, np.zeros(count, int), nothing, np.ones(count, int), np.arange(count)
    )


def _find_counterfactual(
    run: RunData, method: Method
) -> Callable[[PrivatizedSet], np.ndarray] | None:
    """Return what draws the same eyes without the sign; None where a method draws from no code."""
    if method.take_sign_away is None:
        return None
    return partial(method.take_sign_away, generator=run.find_generator(method))


def _open_gate(
    run: RunData,
    method: Method,
    gallery: EyeDataset,
    privatize: Callable[..., Iterator[PrivatizedSet]],
) -> Gate:
    learn = partial(privatize, seed=LEARNING_SEED + run.seed, draws=1)
    validation = run.dataset.take(run.splits.validation)
    predict = run.load_evaluator("identity").predict
    return Gate(
        gallery,
        next(learn(gallery)),
        validation=(validation, next(learn(validation))),
        name_statically=lambda images: predict(images).argmax(axis=1),
        limits=set_limits(measure_distances(run.test_set.images, gallery)),
        alike=method.alike,
    )
