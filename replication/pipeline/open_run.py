"""Open a run that was requested: find its data, its settings and its folder."""

import os
import platform
import re
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, replace
from os.path import realpath
from pathlib import Path
from typing import Self

from replication.config import ExplanationSettings, PreprocessSettings, Profile, find_profile
from replication.data.iris_by_hand import Circle
from replication.data.sources import find_source
from replication.data.survey import Choice, name_choices
from replication.errors import DataError, SettingsError
from replication.pipeline.order import Replication
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS, find_method
from replication.records import GivenNetwork
from replication.results.baseline import describe_baseline
from replication.store.run_folder import RunStore
from replication.system.processes import hold_interrupt
from replication.system.progress import Track
from validation.expectations.suites import MOST_UNCENTRED

RUN_NAME = r"[^\W_][\w.-]{0,99}"


@dataclass(frozen=True)
class RunRequest:
    """One run in plain values, so that any process on any machine can open the same.

    Equal requests have the same folder and settings.
    """

    artifacts: str  # the folder of runs and of drawn surrogates
    methods: tuple[str, ...]  # names of the privatizers
    data_dir: str | None = None  # a folder in the Warsaw layout
    manifest: str | None = None  # a CSV of other images; with neither, the surrogate
    profile: str = "cpu"
    seed: int = 0  # of training and draws
    split_seed: int = 0
    split: str = "image"  # or "patient"
    max_uncentred: float = MOST_UNCENTRED  # share of the images that may be without an iris
    # Steps of preprocessing: the fields of `PreprocessSettings`.
    strip_rows: int = PreprocessSettings.strip_rows
    image_size_px: int = PreprocessSettings.image_size_px
    channels: int = PreprocessSettings.channels
    mirroring: bool = PreprocessSettings.mirroring
    centring: str = PreprocessSettings.centring
    resizing: str = PreprocessSettings.resizing
    draws: int = 10  # privatized sets per PPRL-VGAN regime
    run_name: str | None = None  # of the run's folder; None names it by data, profile and seeds
    from_baseline: bool = False  # take the reference weights instead of training
    neuron: str = ExplanationSettings.neuron  # which output is explained
    explanation_method: str = ExplanationSettings.method  # a name of `explain.exchange.RULES`
    ids_are_distinct: bool = False  # patient ids that may be one person's are not
    drop_duplicates: bool = False  # keep the first of images with the same pixels
    glaucoma_network: str | None = None  # module:function of a network in the trained one's place

    @property
    def steps(self) -> PreprocessSettings:
        """The steps of preprocessing.

        Raises:
            SettingsError: when a step is unknown.
        """
        names = [field.name for field in fields(PreprocessSettings)]
        return PreprocessSettings(**{name: getattr(self, name) for name in names})

    def to_plain(self) -> dict:
        """Return the values as JSON knows them."""
        return asdict(self) | {"methods": list(self.methods)}

    @classmethod
    def from_plain(cls, plain: dict) -> Self:
        """Return the request that `to_plain` wrote down."""
        return cls(**plain | {"methods": tuple(plain["methods"])})


def open_run(request: RunRequest, *, fresh: bool, workers: int, track: Track) -> Replication:
    """Open a run; its folder is made where it is missing, and emptied where `fresh`.

    Raises:
        SettingsError: when the request doesn't fit together, or the folder holds another run.
        DataError: when the data can't be used.
    """
    run = _build_run(request, workers=workers, track=track)
    run.store.open(run.describe(), fresh=fresh, private=run.data.source.kind.private)
    return run


def join_run(request: RunRequest, *, known_manifest: str | None) -> Replication:
    """Open a run that another process holds and has opened, to do some of its work in silence.

    What this process writes of patients from then on is its owner's alone.

    Args:
        request: which run.
        known_manifest: the hash of its manifest, or None to read the raw files for it.

    Raises:
        DataError: when the data aren't there.
        StageNotRun: when the run's folder isn't there.
        SettingsError: when the settings are others in this process.
    """
    given = request.data_dir or request.manifest
    if given and not Path(given).exists():
        raise DataError(
            f"{given}: not found by {platform.node()!r}; all machines must have the data under the "
            "same path"
        )
    quiet: Track = lambda what, total: nullcontext(lambda: None)
    run = _build_run(request, workers=1, track=quiet, known_manifest=known_manifest)
    if run.data.source.kind.private:
        os.umask(0o077)
    run.store.join(run.describe())
    return run


def _build_run(
    request: RunRequest, *, workers: int, track: Track, known_manifest: str | None = None
) -> Replication:
    data_dir, manifest = (Path(p) if p else None for p in (request.data_dir, request.manifest))
    if data_dir and manifest:
        raise SettingsError("give --data-dir or --manifest, not both")
    known = find_profile(request.profile)
    steps = request.steps
    split = replace(known.split, seed=request.split_seed)
    settings = replace(known, split=split, preprocess=steps)
    for name in request.methods:
        find_method(name)
    source = find_source(data_dir, manifest, settings.surrogate, Path(request.artifacts))
    source = replace(source, choices=_find_choices(request), steps=steps)
    _check_fit(request)
    own = _find_own(request, settings)
    runs = Path(request.artifacts) / "runs"
    data = RunData(
        source,
        settings,
        seed=request.seed,
        draws=request.draws,
        methods=tuple(name for name in METHODS if name in request.methods),
        store=RunStore(runs),
        workers=workers,
        track=track,
        explanation=ExplanationSettings(request.neuron, request.explanation_method),
        by_patient=request.split == "patient",
        max_uncentred=request.max_uncentred,
        own=own,
        known_manifest=known_manifest,
    )
    data.store = RunStore(runs / _name_folder(request, data))  # a name may need the data's hash
    return Replication(data, baseline=describe_baseline() if request.from_baseline else None)


def _find_own(request: RunRequest, settings: Profile) -> GivenNetwork | None:
    if request.glaucoma_network is None:
        return None
    with hold_interrupt():
        from replication.train.own_network import find_own_network

    shape = settings.preprocess
    side = shape.image_size_px
    return find_own_network(request.glaucoma_network, (side, side, shape.channels))


def _find_choices(request: RunRequest) -> frozenset[Choice]:
    stated = name_choices(
        ids_are_distinct=request.ids_are_distinct, drop_duplicates=request.drop_duplicates
    )
    return frozenset(stated)


def _check_fit(request: RunRequest) -> None:
    given = request.data_dir or request.manifest or request.split_seed or request.seed
    if request.from_baseline and (request.profile != "cpu" or given):
        raise SettingsError(
            "--from-baseline: the reference weights are of the surrogate's first split, "
            "profile cpu, seed 0"
        )
    if request.from_baseline and request.split == "patient":
        raise SettingsError("--from-baseline: the reference weights are of the split by image")
    if request.from_baseline and request.steps != PreprocessSettings():
        raise SettingsError(
            "--from-baseline: the reference weights are of the paper's preprocessing"
        )
    if request.centring == "manifest" and not request.manifest:
        raise SettingsError(
            f"--centring manifest: give --manifest with the columns {','.join(Circle._fields)}"
        )
    if request.run_name is not None and not re.fullmatch(RUN_NAME, request.run_name):
        raise SettingsError(
            f"--run {request.run_name!a}: expected a name of letters, digits, '_', '-' and '.' "
            "that begins with a letter or digit; it goes under artifacts/runs"
        )


def _name_folder(request: RunRequest, data: RunData) -> str:
    """Return the run's name, made of data, profile and seeds where it wasn't given one.

    Data sets of one name differ in the hash beside it.
    """
    if request.run_name:
        return request.run_name
    label = "surrogate"
    if data.source.kind.private or request.data_dir:
        # Path.resolve raises for a link in a circle.
        label = f"{Path(realpath(data.source.path)).name}-{data.manifest_digest[:8]}"
    kind_of_split = f"-split-{request.split_seed}" if request.split_seed else ""
    kind_of_split += "-by-patient" if request.split == "patient" else ""
    limit = request.max_uncentred
    kind_of_split += f"-uncentred-{limit:g}" if limit != MOST_UNCENTRED else ""
    kind_of_split += "".join(f"-{word.lstrip('-')}" for word in request.steps.words)
    kind_of_split += f"-own-{data.own.record['sha256'][:8]}" if data.own else ""
    trained = "baseline" if request.from_baseline else f"seed-{request.seed}"
    return f"{label}-{request.profile}-{trained}{kind_of_split}"
