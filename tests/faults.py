"""Faults of the kind that developers make, one exact piece of a source each; `test_faults` plants them.

Off by one, a sign, an axis, swapped arguments, a dropped term, `<` for `<=`, an ignored seed, a wrong
subset, a swallowed error. Written from the sources; a fault that its tests miss shows which test is
missing, and stays in the table.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    """One exact piece of a source, what stands there instead, and the tests that should fail."""

    file: str
    right: str
    wrong: str
    tests: str  # below tests/, separated by spaces


def _plant(file: str, tests: str, *pairs: tuple[str, str]) -> list[Fault]:
    return [Fault(file, right, wrong, tests) for right, wrong in pairs]


FAULTS = [
    *_plant(
        "replication/store/run_folder.py",
        "store/test_run_folder.py",
        ("sorted(k for k in before | now if", "sorted(k for k in now if"),
        ('folder.rglob("*")', 'folder.glob("*")'),
        ("self._unchanged.discard(unit)", "pass"),
        ("write_json(partial / KEY, key)", "pass"),
        ("0o700 if private else 0o777", "0o777 if private else 0o700"),
        ("            if fresh and record.exists():", "            if record.exists():"),
        ("not in (RECORD, *SCRATCH))", "not in (RECORD,))"),
        ("self._finish_rename(unit)\n        record", "record"),
        ("(partial / name).unlink(missing_ok=True)", "pass"),
    ),
    *_plant(
        "replication/results/export.py",
        "results/test_export.py reliability/test_what_models_disclose.py",
        ("if name != SEED", "if name"),
        ("(nearest < SAME)", "(nearest == 0)"),
        ("np.median(nearest))", "np.mean(nearest))"),
        ("if unknown and run.source.kind.private", "if unknown and not run"),
        ("if goods is Goods.WEIGHTS and run.source.kind.private", "if not goods"),
        ("if private and not may_share", "if private and not goods"),
        ("[*_read_exports(run.root), entry]", "[entry]"),
        ("draws += 1", "draws = 1"),
        ('"glaucoma": glaucoma[order]', '"glaucoma": glaucoma'),
        ("default_rng().permutation", "default_rng(0).permutation"),
        ("image[..., ::-1]", "image"),
    ),
    *_plant(
        "replication/attack/evidence.py",
        "attack/test_evidence.py",
        ("with_sign - without", "without - with_sign"),
        ("float(max(kept, 1 - kept))", "float(min(kept, 1 - kept))"),
        ("2 * prevalence / (1 + prevalence)", "prevalence / (1 + prevalence)"),
        ("twice_hit + 1 - correct", "twice_hit + correct"),
        ("by_draw.loc[test.image_id]", "by_draw"),
        ("(identity != identity[row]) &", "(identity == identity) &"),
        ("& (glaucoma == glaucoma[row])", ""),
        ("(2 * margin_px + 1,) * 2", "(2 * margin_px,) * 2"),
        ("privatized.mean(axis=1, keepdims=True)", "privatized.mean()"),
        (
            "np.full((2, len(table.patients), len(sets)), np.nan)",
            "np.zeros((2, len(table.patients), len(sets)))",
        ),
    ),
    *_plant(
        "replication/attack/image_quality.py",
        "attack/test_image_quality.py",
        (
            "Combined((own, self._sharpness), np.divide)",
            "Combined((self._sharpness, own), np.divide)",
        ),
        ("gray[:, 2:, 1:-1] - gray[:, :-2, 1:-1]) / 2", "gray[:, 2:, 1:-1] - gray[:, :-2, 1:-1])"),
        (
            "train_embedded.embedding[tested], train.identity[tested]",
            "train_embedded.embedding, train.identity",
        ),
        ("traces - 2 * shared", "traces - shared"),
        ("(count[..., None] - 1)", "count[..., None]"),
        ("10 * np.log10(DATA_RANGE**2", "20 * np.log10(DATA_RANGE**2"),
        ("sums.weigh(weights), training) for sums", "sums, training) for sums"),
    ),
    *_plant(
        "replication/attack/patient_privacy.py",
        "attack/test_stage.py",
        ("max(rates, key=rates.get)", "max(rates)"),
        (
            "chance = 1 / len(np.unique(train.identity))",
            "chance = 1 / len(np.unique(test.identity))",
        ),
        (
            "privatized, train.identity, seed=seed)\n        features",
            "privatized, train.identity, seed=0)\n        features",
        ),
        ("self._originals[name][tested]", "self._originals[name]"),
        ("train.glaucoma == label", "train.glaucoma != label"),
        (
            "named = self._name_patients(privatized.images)",
            "named = self._name_patients(self._train.images[: len(privatized.images)])",
        ),
    ),
    *_plant(
        "replication/attack/stage.py",
        "attack/test_stage.py",
        ("LEARNING_SEED + seed, 1", "seed, 1"),
        ("for drawn in pairs[1:]), pairs[0][name])", "for drawn in pairs[:0]), pairs[0][name])"),
        ("islice(load(method), DRAWS)", "islice(load(method), 1)"),
        ("if method != BASELINE:", "if True:"),
        ("rng.integers(0, 256, images.shape", "rng.integers(0, 128, images.shape"),
    ),
    *_plant(
        "replication/attack/sign_kinds.py",
        "attack/test_sign_kinds.py",
        ("random_state=seed + repeat", "random_state=repeat"),
        ("with_signs[identity[with_signs] != identity[image]]", "with_signs"),
        ("patients >= FEWEST_PATIENTS", "patients > FEWEST_PATIENTS"),
        ("0.5 * (score[:, None] == score)", "1.0 * (score[:, None] == score)"),
        (
            "held, learned = division == fold, division != fold",
            "held, learned = division == fold, division == fold",
        ),
        (" & (division[:, None] == division)", ""),
    ),
    *_plant(
        "replication/attack/near_copies.py",
        "attack/test_near_copies.py",
        (" - 2 * (pixels", " - (pixels"),
        ("& (distances.ratio <= limits.ratio)", ""),
        ("near & (distances.nearest_identity != identity)", "near"),
        (
            "count = used.sum(axis=0)[nearest] - own[patient, nearest]",
            "count = used.sum(axis=0)[nearest]",
        ),
        ("len(used) - np.bincount(patient)[patient]", "len(used) - 1 + 0 * patient"),
        ("of_used[np.isinf(of_used)] = np.nan", "pass"),
    ),
    *_plant(
        "replication/attack/replaced_privacy.py",
        "attack/test_replaced_privacy.py attack/test_stage.py",
        ("(sharing, ~sharing)", "(sharing,)"),
        ("np.logical_or.reduce(used)", "used[0]"),
        ("(used & candidates).sum(axis=1), counts", "used.sum(axis=1), counts"),
        ("for values in (hits, chances)", "for values in (chances, hits)"),
    ),
    *_plant(
        "replication/attack/verification.py",
        "attack/test_verification.py",
        ("(different[:, 1:] + different[:, :-1]) / 2", "different[:, 1:]"),
        ("BINS - 1 - np.searchsorted", "np.searchsorted"),
        ("self.different + other.different", "self.different"),
        ("missed - (1 - different)", "missed - different"),
    ),
    *_plant(
        "replication/attack/membership.py",
        "attack/test_membership.py",
        ("1 - (below + reached)", "(below + reached)"),
        ('("left", "right")', '("left", "left")'),
        ("np.full(len(own), np.inf)", "np.zeros(len(own))"),
    ),
    *_plant(
        "replication/attack/table2.py",
        "attack/test_table2.py results/test_export.py",
        ("min(own, key=lambda", "max(own, key=lambda"),
        ('("identity_static", *LEAKS)', "LEAKS"),
        ("min(value, 1 / value)", "min(value, 1)"),
        ("worst = min(measured", "worst = max(measured"),
        ('(row["value"] - chance) / (1 - chance)', '(row["value"] - chance)'),
        ('(row["value"] - row["chance"]) / most', 'row["value"] / most'),
    ),
    *_plant(
        "replication/evaluate/stage.py",
        "evaluate/test_stage.py",
        ("to_numpy() > 0.5", "to_numpy() >= 0.5"),
        ("predict(drawn.images)[:, 1]", "predict(drawn.images)[:, 0]"),
        ("metrics.f1_score(actual, predicted)", "metrics.f1_score(actual, predicted, pos_label=0)"),
        ("float(np.mean(values))", "float(np.median(values))"),
        ("is_chosen, -np.inf, probabilities).max", "is_chosen, 0, probabilities).max"),
    ),
    *_plant(
        "validation/statistics/patient_sums.py",
        "validation/statistics/test_patient_sums.py",
        ('predictions["glaucoma_probability"] > 0.5', 'predictions["glaucoma_probability"] >= 0.5'),
        ("(healthy + glaucoma) / 2", "np.maximum(healthy, glaucoma)"),
        ("F1: (twice_hit, twice_hit +", "F1: (twice_hit, twice_hit / 2 +"),
        ("out=empty, where=bottom > 0).mean(axis=1)", "out=empty, where=bottom > 0).max(axis=1)"),
        ("(shown > 0) & (shown < 1)", "(shown > 1)"),
    ),
    *_plant(
        "validation/claims/judge.py",
        "validation/claims/test_judge.py",
        ("part.high < 0 for part", "part.high <= 0 for part"),
        ("part.low > 0 for part in parts", "part.low >= 0 for part in parts"),
        (" for part in parts if part.to_be_shown)", " for part in parts)"),
        ("(1 - confidence) / len(part.either)", "(1 - confidence)"),
        ("(1 - CONFIDENCE) / len(claim.parts)", "(1 - CONFIDENCE)"),
    ),
    *_plant(
        "validation/statistics/resampling.py",
        "validation/statistics/test_resampling.py",
        ("np.ones((patients, patients)) - np.eye(patients)", "np.ones((patients, patients))"),
        ("math.log2(2 / (1 - confidence))", "math.log2(1 / (1 - confidence))"),
        ("(order[unbelieved:], order[:-unbelieved])", "(order, order)"),
        ("low=min(rate.low, low)", "low=max(rate.low, low)"),
        ("if len(names) <= unbelieved", "if len(names) < unbelieved"),
        ("drawn @ sums / (drawn @ counts)", "drawn @ (sums / counts) / len(sums)"),
    ),
    *_plant(
        "validation/blessing/drift.py",
        "validation/blessing/test_drift.py",
        ("((margin > 0) == truth", "((margin >= 0) == truth"),
        ("ROUNDING = 1e-9", "ROUNDING = 0.0"),
        ("right & ~close, right | close", "right, right | close"),
        ("method.startswith(GENERATED)", "method == GENERATED"),
        ("hits + (~right).sum()", "hits + right.sum()"),
    ),
    *_plant(
        "keras_models/vgan_model.py",
        "keras_models/test_vgan_model.py",
        ("tf.constant(self._seed * 1000 +", "tf.constant(1000 +"),
        ("0.9, 1.0, what=3", "0.8, 1.0, what=3"),
        ("range(1, STREAMS)", "range(2, STREAMS)"),
        ("return tf.exp(tf.square(log_variance) / 2)", "return tf.exp(log_variance / 2)"),
        (
            "stateless_shuffle(\n            tf.range(tf.shape(data.identity)[0])",
            "stateless_shuffle(\n            0 * tf.range(tf.shape(data.identity)[0])",
        ),
        ("self.step.assign_add(1)", "pass"),
    ),
    *_plant(
        "replication/privatize/pprl_vgan.py",
        "privatize/test_pprl_vgan.py privatize/test_blocks.py",
        ("[seed, draw, zlib", "[seed, zlib"),
        ("mean + std * drawn", "mean + drawn"),
        ("total / identities.shape[1]", "total / 6"),
        ("others_only=others_only", "others_only=False"),
        ("[queries.identity, used]", "[used, queries.identity]"),
    ),
    *_plant(
        "replication/privatize/blocks.py",
        "privatize/test_blocks.py",
        ("rng.random(min(SKIPPED_AT_ONCE, count - start))", "rng.random(SKIPPED_AT_ONCE)"),
        ("_skip_keys(identities, done * patients)", "_skip_keys(identities, done)"),
        ("(images - done) * latent_units", "images * latent_units"),
        ("start != following:", "following is None:"),
    ),
    *_plant(
        "replication/privatize/k_same_select.py",
        "privatize/test_k_same_select.py",
        ("pixels, pixels) / 2", "pixels, pixels)"),
        ("excluded[:, None] == identity", "excluded[:, None] < 0 * identity"),
        ('identity[rows], kind="stable")', "identity[rows])"),
        ("gallery.glaucoma == pathology", "gallery.glaucoma != pathology"),
        ("if fewest < k:", "if fewest <= k:"),
        ("mean /= rows.shape[1]", "mean /= rows.shape[1] + 1"),
    ),
    *_plant(
        "replication/preprocess/iris.py",
        "preprocess/test_iris.py",
        (" & (ratio <= LIMBUS_TO_PUPIL[1])", ""),
        ("float(np.hypot(right, down)) / tolerance_px(pair.limbus)", "1.0"),
        ("(pair.x + 0.5) / points.scale - 0.5", "pair.x / points.scale + 40"),
        ("decades >= FOUND_DECADES,\n    )", "decades > 0,\n    )"),
        ("np.maximum(dark, bright)[:, :, None]", "dark[:, :, None]"),
    ),
]
