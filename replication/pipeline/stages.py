"""What each stage does: inputs from the run's folder, outputs into the folder it is given.

One function per stage, in their order; then the two commands that work on images of the user's by
a complete run; then the details. `replication.pipeline.order` has which stages are still to be run
and what each needs.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.attack.evidence import Twins
from replication.attack.membership import add_generator_membership, add_membership
from replication.attack.stage import attack_sets, make_controls, write_attack
from replication.attack.table2_filling import Known, Networks
from replication.attack.twins import (
    check_drawn,
    check_files,
    draw_twins,
    has_twins,
    move_changes,
    read_twins,
    swap_twins,
)
from replication.config import EvaluatorSettings, VganSettings
from replication.data.iris_by_hand import Circle
from replication.data.sources import Kind, Source
from replication.data.survey import Choice
from replication.data.warsaw import TWINS_FOLDER
from replication.errors import DataError, MethodRefused, Sentence
from replication.evaluate.stage import evaluate_sets, measure_pools, write_evaluation
from replication.explain.client import ExplanationWorker
from replication.explain.exchange import RULES
from replication.explain.one_image import ImageExplanation, explain_one
from replication.explain.stage import DRAWS, explain_sets
from replication.pipeline.run_data import RunData, hash_manifest
from replication.pipeline.uncentred import show_uncentred
from replication.preprocess.frame import check_sizes, list_sizes
from replication.preprocess.places import (
    find_iris_axes,
    find_sign_table,
    mask_irises,
    mask_signs,
    read_signs,
)
from replication.preprocess.split import label_subsets
from replication.preprocess.stage import preprocess_images
from replication.privatize.blocks import BlockCounts, name_classes, privatize_blocks
from replication.privatize.methods import METHODS, Method
from replication.records import EyeDataset, PrivatizedSet, Splits, to_bytes
from replication.report.stage import write_report
from replication.results.finished_run import FinishedRun
from replication.store.arrays import (
    find_white_level,
    load_manifest,
    save_preprocessed,
    save_privatized,
    to_dataset,
    write_refusal,
)
from replication.store.files import hash_file
from replication.store.run_record import (
    CODE,
    EVALUATORS,
    PP_MIR,
    PREPROCESSED,
    VGAN,
    describe_split,
)
from replication.store.words import put
from replication.system.processes import advance_each, hold_interrupt
from replication.validate.stage import expect_of_steps, validate_images
from validation.expectations.suites import MOST_UNCENTRED
from validation.paper.numbers import read_paper_percent


def preprocess(run: RunData, folder: Path) -> None:
    """Preprocess the images, and split them (stage 01)."""
    manifest, root = run.raw
    what = "finding irises" if run.profile.preprocess.on_irises else "preprocessing"
    with run.track(what, len(manifest)) as advance:
        images, facts = preprocess_images(
            manifest, root, run.profile.preprocess, workers=run.workers, on_image=advance
        )
    table = manifest.merge(facts.drop(columns="path"), on="image_id", validate="1:1")
    # Columns that an unreadable file left gaps in get their own types back without it.
    table = table[table["readable"]].reset_index(drop=True).convert_dtypes()
    table = label_subsets(table, run.profile.split, by_patient=run.by_patient)
    save_preprocessed(folder, images, table)


def validate(run: RunData, folder: Path) -> None:
    """Hold the preprocessed data against the suites (stage 02)."""
    raw, root = run.raw
    white = find_white_level(load_manifest(run.store.folder(PREPROCESSED)))
    private = run.source.kind.private
    with run.track("validating", len(raw)) as advance:
        validate_images(
            run.store.folder(PREPROCESSED),
            raw,
            root,
            preprocess=run.profile.preprocess,
            split=run.profile.split,
            counts=run.source.counts,
            by_patient=run.by_patient,
            ids_are_distinct=Choice.IDS_ARE_DISTINCT in run.source.choices,
            max_uncentred=run.max_uncentred,
            folder=folder,
            workers=run.workers,
            on_image=advance,
            on_uncentred=partial(show_uncentred, root=root, white=white, private=private),
        )
    if run.source.kind is not Kind.SURROGATE:
        _find_twins(run)  # their faults are of the data, and known before hours of training


def train_evaluator(
    run: RunData,
    folder: Path,
    *,
    task: str,
    data: tuple[EyeDataset, Splits] | None = None,
    settings: EvaluatorSettings | None = None,
    **choice,
) -> None:
    """Train the network of one task (stage 03).

    Args:
        run: whose data and settings it takes where no others are given.
        folder: where its weights go.
        task: "identity" or "glaucoma".
        data: to learn from.
        settings: of the training.
        choice: other arguments of `replication.train.evaluators.train_evaluator`.
    """
    with hold_interrupt():
        from replication.train import evaluators

    dataset, splits = data or (run.dataset, run.splits)
    settings = settings or run.find_training(task)
    train_set = dataset.take(splits.find_learned(task))

    def end_epoch() -> None:
        advance()
        if run.ending.is_set():
            raise KeyboardInterrupt

    with run.track(put(f"training the {task} network"), settings.epochs(len(train_set))) as advance:
        evaluators.train_evaluator(
            train_set,
            dataset.take(splits.validation),
            task=task,
            classes=run.count_classes(task),
            settings=settings,
            seed=run.seed,
            folder=folder,
            on_epoch=end_epoch,
            **choice,
        )


def train_vgan(
    run: RunData, folder: Path, *, settings: VganSettings | None = None, **choice
) -> None:
    """Train PPRL-VGAN (stage 04).

    Args:
        run: whose training images it takes, and its settings where no others are given.
        folder: where its networks go.
        settings: of the networks and the training.
        choice: other arguments of `replication.train.vgan.train_vgan`.
    """
    with hold_interrupt():
        from replication.train import vgan

    settings = settings or run.profile.vgan
    with run.track("training PPRL-VGAN", settings.steps) as advance:
        vgan.train_vgan(
            run.train_set,
            identities=run.patients,
            settings=settings,
            seed=run.seed,
            folder=folder,
            on_step=advance,
            **choice,
        )


def train_pp_mir(run: RunData, folder: Path) -> None:
    """Train PP-MIR against the run's evaluators (stage 04), or write why these data have no irises."""
    with hold_interrupt():
        from replication.train.pp_mir import train_pp_mir

    settings, images = run.profile.pp_mir, run.train_set
    facts = load_manifest(run.store.folder(PREPROCESSED)).iloc[run.splits.known]
    with _refusing(folder), run.track("training PP-MIR", settings.steps) as advance:
        _need_irises(run, "PP-MIR: it keeps irises")
        irises, _ = mask_irises(facts, size_px=images.images.shape[1])
        train_pp_mir(
            images,
            irises,
            identify=run.load_evaluator("identity"),
            diagnose=run.load_evaluator("glaucoma"),
            settings=settings,
            seed=run.seed,
            folder=folder,
            on_step=advance,
        )


def train_code(run: RunData, folder: Path) -> None:
    """Learn the disease code and train its generator (stage 04), or write why none can be learned."""
    with hold_interrupt():
        from replication.train.code_generator import train_code_generator

    rows, settings = run.splits.train, run.profile.code
    facts = load_manifest(run.store.folder(PREPROCESSED)).iloc[rows]
    with (
        _refusing(folder),
        run.track("training the evidence code's generator", settings.steps) as advance,
    ):
        _need_irises(run, "evidence code: it unwraps irises")
        train_code_generator(
            run.dataset.take(rows),
            find_iris_axes(facts, size_px=run.dataset.images.shape[1]),
            identities=run.patients,
            settings=settings,
            seed=run.seed,
            folder=folder,
            on_step=advance,
        )


def privatize(run: RunData, folder: Path, *, method: Method) -> None:
    """Privatize the test images by one method (stage 05), or write why it releases nothing."""
    with (
        _refusing(folder),
        run.track(f"privatizing: {method.name}", run.count_draws(method)) as advance,
    ):
        sets = run.privatize(method, run.test_set, seed=run.drawing_seed, draws=run.draws)
        save_privatized(folder, advance_each(sets, advance))


def _need_irises(run: RunData, why: str) -> None:
    """Refuse images that aren't centred on irises; the sentence begins with why they have to be."""
    steps = run.profile.preprocess
    if not steps.on_irises:
        raise MethodRefused(f"{why}, and --centring {steps.centring} finds none")


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Write into the folder why the method refuses these data where it does; the run continues."""
    try:
        yield
    except MethodRefused as refusal:
        write_refusal(folder, str(refusal))


def evaluate(run: RunData, folder: Path) -> None:
    """Measure Table 1 (stage 06).

    Raises:
        MethodRefused: when none of the run's methods releases anything.
    """
    if run.methods and not run.released:
        raise MethodRefused("; ".join(dict.fromkeys(run.refusals.values())))
    networks = {f"{task}_network": run.load_evaluator(task) for task in EVALUATORS}
    with run.track("evaluating", len(run.released)) as advance:
        sets = run.load_sets(run.released, advance)
        table, predictions = evaluate_sets(run.test_set, sets, **networks)
    pools = measure_pools(run.released, run.test_set, run.train_set)
    table = replace(table, pools=pools, refused=run.refusals)
    heading = _write_heading(run, "Table 1", f"{run.draws} draws, {len(run.test_set)} test images")
    write_evaluation(
        folder, table, predictions, paper_percent=read_paper_percent(), heading=heading
    )


def attack(run: RunData, folder: Path) -> None:
    """Measure Table 2 (stage 07)."""
    predictions = FinishedRun(run.store).predictions
    judges = {task: run.load_evaluator(task).predict for task in EVALUATORS}
    with run.track("attacking", 2 + len(run.released)) as advance:
        filled, named = attack_sets(
            run.released,
            _find_known(run),
            privatize=partial(_privatize_or_control, run),
            load=lambda method: run.load_sets((method,)),
            networks=_build_attackers(run),
            predict_glaucoma=lambda images: judges["glaucoma"](images)[:, 1],
            predictions=predictions,
            seed=run.seed,
            on_method=advance,
        )
    for task, predict in judges.items():
        if run.find_layers(task):  # nobody knows what a user's network was trained on
            continue
        members = run.dataset.take(run.splits.find_learned(task))
        add_membership(filled.table, task, predict, members=members, test=run.test_set)
    if list_explained(run.methods):
        eyes = {"members": run.train_set, "test": run.test_set}
        add_generator_membership(filled.table, run.generator, **eyes)
    heading = _write_heading(run, "Table 2", f"{len(run.test_set)} test images")
    write_attack(folder, filled, named, predictions, heading=heading, seed=run.seed)


def explain(run: RunData, folder: Path) -> None:
    """Explain the originals and what PPRL-VGAN made of them (stage 08)."""
    methods = list_explained(run.released)
    images = len(run.test_set) * (1 + len(methods) * min(run.draws, DRAWS))
    what = (
        f"Deep Taylor (`{run.explanation.method}`) of the log-odds of the glaucoma network's "
        f"{run.explanation.neuron} class"
    )
    in_all = images + len(run.test_set) * (len(RULES) - 1)
    with explaining(run, folder, in_all) as (worker, options):
        explain_sets(
            run.test_set,
            run.load_sets(methods, draws=DRAWS),
            explain=partial(worker.explain_each, **options),
            method=run.explanation.method,
            predictions=FinishedRun(run.store).glaucoma_probabilities,
            facts=_read_test_facts(run),
            on_irises=run.profile.preprocess.on_irises,
            signs=_read_signs(run),
            heading=_write_heading(run, what, f"{images} images"),
            folder=folder,
            private=run.source.kind.private,
        )


def report(run: RunData, folder: Path) -> None:
    """Write the page about the run (stage 09)."""
    write_report(FinishedRun(run.store), folder, public=run.source.kind.private)


def privatize_many(
    run: RunData,
    manifest: Path,
    method: Method,
    folder: Path,
    *,
    allow_unknown: bool,
    max_uncentred: float = MOST_UNCENTRED,
    as_dicom: bool = False,
) -> BlockCounts:
    """Privatize a manifest's images, however many, by the run's training images and weights.

    Args:
        run: complete up to the stages that the method needs.
        manifest: of the images.
        method: that privatizes them.
        folder: for the blocks.
        allow_unknown: whether a method of others' images alone may take patients unknown to the run.
        max_uncentred: of these images, the share that may be without an iris.
        as_dicom: whether they are written as DICOM objects, too.

    Raises:
        DataError: when a frame can't be read or has another size than the run's, when too few have
            an iris, or when the run doesn't know a patient whom the method leaves out.
    """
    steps = run.profile.preprocess
    table, root = Source(Kind.MANIFEST, manifest, run.source.choices, steps).read(decode=False)
    known = load_manifest(run.store.folder(PREPROCESSED))
    white = find_white_level(known)
    classes = dict(zip(known["patient_id"], known["identity"], strict=True))
    table["identity"] = name_classes(
        table["patient_id"],
        classes,
        method=method,
        numbered=run.source.kind is not Kind.MANIFEST,
        allow_unknown=allow_unknown,
    )
    units = list_needed(method)
    draws = run.count_draws(method)
    request = {
        "method": method.name,
        "secret": run.store.secret_digest,  # whatever the run is of, these images are somebody's
        "draws": draws,
        "images": hash_manifest(table),
        "inputs": {unit: run.store.digest(unit) for unit in units},
    }
    # What no block needs is most of the table, and there may be many images.
    table = table.drop(columns=["patient_id", "sha256"])
    with run.track(f"privatizing: {method.name}", len(table)) as advance:
        return privatize_blocks(
            table,
            folder,
            request=request,
            read_images=partial(_read_images, run, root, white, list_sizes(known)),
            method=method,
            gallery=run.train_set,
            generator=run.find_generator(method),
            seed=run.store.secret,
            draws=draws,
            max_uncentred=max_uncentred if steps.on_irises else 1.0,
            as_dicom=as_dicom,
            on_images=lambda images: [advance() for _ in range(images)],
            on_uncentred=partial(show_uncentred, root=root, white=white, private=True),
        )


def explain_image(
    run: RunData, file: Path, *, eye: str, circle: Circle | None, picture: Path
) -> ImageExplanation:
    """Explain one image by the run's glaucoma network, and draw it."""
    network, known = run.load_evaluator("glaucoma"), load_manifest(run.store.folder(PREPROCESSED))
    with run.store.scratch() as scratch, explaining(run, scratch, 1) as (worker, options):
        return explain_one(
            file,
            eye=eye,
            circle=circle,
            settings=run.profile.preprocess,
            white=find_white_level(known),
            predict=network.predict,
            explain=partial(worker.explain, **options),
            picture=picture,
            sizes_px=list_sizes(known),
        )


def hash_suites(run: RunData) -> str:
    """Return the hash of the expectations: data are validated again where these change."""
    expected = expect_of_steps(
        run.profile.preprocess,
        counts=run.source.counts,
        by_patient=run.by_patient,
        ids_are_distinct=Choice.IDS_ARE_DISTINCT in run.source.choices,
        max_uncentred=run.max_uncentred,
    )
    return hashlib.sha256(repr(expected).encode()).hexdigest()


def hash_signs(run: RunData) -> dict[str, str]:
    """Return the hash of what the data hold on their signs: evidence is measured again with others.

    Empty where the data don't name their signs. The surrogate's twins are drawn, others are read.
    """
    root = run.source.root
    table = find_sign_table(root)
    if table is None:
        return {}
    hashes = [hash_file(table)]
    for file in sorted(root.joinpath(TWINS_FOLDER).rglob("*")):
        if file.is_file():
            hashes += [file.relative_to(root).as_posix(), hash_file(file)]
    return {"signs": hashlib.sha256(repr(hashes).encode()).hexdigest()}


def list_needed(method: Method) -> tuple[str, ...]:
    """Return the units that a method privatizes by: the evidence code needs a verdict, too."""
    trained = {None: (), VGAN: (VGAN,), PP_MIR: (PP_MIR,), CODE: (EVALUATORS["glaucoma"], CODE)}
    return (PREPROCESSED, *trained[method.generator])


def list_explained(methods: Sequence[str]) -> tuple[str, ...]:
    """Return those of the methods whose sets are explained: PPRL-VGAN's (paper §3)."""
    return tuple(name for name in methods if METHODS[name].generator == VGAN)


def _write_heading(run: RunData, what: str, count: str) -> str:
    """Return the sentences that open a stage's page."""
    return (
        f"{what} on {run.source.title}: profile {run.profile.name}, seed {run.seed}, {count}."
        + describe_split(run.described)
    )


def _read_test_facts(run: RunData) -> pd.DataFrame:
    """Return the preprocessed manifest's rows of the test images."""
    return load_manifest(run.store.folder(PREPROCESSED)).iloc[run.splits.test]


def _read_signs(run: RunData) -> pd.DataFrame | None:
    """Return where the signs of glaucoma lie, None where the data don't name them."""
    table = find_sign_table(run.raw[1])
    return None if table is None else read_signs(table)


def _find_known(run: RunData) -> Known:
    """Return the eyes that the attack is made on."""
    test, facts, signs, drawn = (
        run.test_set,
        _read_test_facts(run),
        _read_signs(run),
        _find_twins(run),
    )
    twins = None
    if drawn is not None:
        rows = np.flatnonzero(test.glaucoma)
        masks = mask_signs(facts, signs, size_px=test.images.shape[1])
        elsewhere = move_changes(test, drawn, rows, seed=run.drawing_seed)
        twins = Twins(swap_twins(test, drawn, rows), rows, masks, *elsewhere)
    validation = run.dataset.take(run.splits.validation)
    return Known(run.train_set, validation, test, facts, signs, twins)


def _find_twins(run: RunData) -> np.ndarray | None:
    """Return the (M, S, S) uint8 twins of the test images with glaucoma, None where data have none.

    Raises:
        DataError: when they aren't the same images without their signs.
    """
    root, test, signs = run.raw[1], run.test_set, _read_signs(run)
    is_surrogate = run.source.kind is Kind.SURROGATE
    if signs is None or not (is_surrogate or has_twins(root)):
        return None
    rows, size_px = np.flatnonzero(test.glaucoma), test.images.shape[1]
    ill, shown = _read_test_facts(run).iloc[rows], to_bytes(test.images[rows, ..., 0])
    if is_surrogate:
        with run.track("drawing twins", len(rows)) as advance:
            twins = draw_twins(root, ill, size_px=size_px, workers=run.workers, on_image=advance)
        check_drawn(shown, twins, ill, signs)
    else:
        twins = read_twins(root, ill, size_px=size_px)
        check_files(shown, twins, ill, signs, folder=f"{root.name}/{TWINS_FOLDER}")
    return twins


def _privatize_or_control(
    run: RunData, method: str, dataset: EyeDataset, seed: int, draws: int
) -> Iterator[PrivatizedSet]:
    """Privatize any images by any method, the controls of the attack among them."""
    if method in METHODS:
        return run.privatize(METHODS[method], dataset, seed=seed, draws=draws)
    return make_controls(method, dataset, seed=seed, draws=draws)


def _build_attackers(run: RunData) -> Networks:
    with hold_interrupt():
        from replication.attack.networks import IdentityNetwork, SiameseAttacker

    shape = run.dataset.images.shape[1:]
    begun = (run.find_weights("identity"), run.patients, shape)
    trained, settings = {"evaluator": run.profile.evaluator}, run.profile.attack
    static = IdentityNetwork(*begun, **trained)
    siamese = SiameseAttacker(static.features, settings=settings)
    return Networks(static, siamese)


@contextmanager
def explaining(run: RunData, folder: Path, images: int) -> Iterator[tuple[ExplanationWorker, dict]]:
    """Give a worker, and what makes it explain images by the run's glaucoma network."""
    with run.track("explaining", images) as advance, ExplanationWorker(folder) as worker:
        yield (
            worker,
            {
                "weights": run.find_weights("glaucoma"),
                "settings": run.find_training("glaucoma"),
                "layers": run.find_layers("glaucoma"),
                "neuron": run.explanation.neuron,
                "method": run.explanation.method,
                "on_image": advance,
            },
        )


def _read_images(
    run: RunData, root: Path, white: int, sizes_px: Collection[tuple[int, int]], rows: pd.DataFrame
) -> tuple[EyeDataset, pd.DataFrame]:
    """Preprocess some rows of a manifest; all of them, or a DataError describes the first bad.

    Args:
        run: whose settings it takes.
        root: the folder that the paths start from.
        white, sizes_px: the level of white and the (width, height) of the run's own frames.
        rows: of the manifest.
    """
    shape = run.profile.preprocess
    images, facts = preprocess_images(rows, root, shape, workers=run.workers, white=white)
    if not facts["readable"].all():
        path, problem = facts.loc[~facts["readable"], ["path", "problem"]].iloc[0]
        sentence = f"{{}}: {problem}; restore it, or take it out of the manifest"
        raise DataError(Sentence(sentence, repr(path), "an image"))
    check_sizes(facts, sizes_px)
    return to_dataset(images, rows, shape.channels), facts
