"""Attack anybody's privatized images: arrays or manifests in, figures and verdicts out.

    originals = Collection.of_arrays("originals", levels, patients)
    privatized = Collection.of_arrays("privatized", hidden, patients, source=range(len(levels)))
    findings = attack_images(originals, privatized, seed=0)

No network is trained, and TensorFlow is not imported. Controls are attacked alike: the originals, in
which attackers have to recognise patients, and noise, in which they must not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from replication.attack.anybody.collection import Collection
from replication.attack.anybody.figures import (
    BEST,
    PERSON,
    Figure,
    Verdict,
    Victim,
    conclude,
    measure,
)
from replication.attack.anybody.parts import MOST_PATIENTS, Look, Part, Parts, divide
from replication.attack.anybody.patients import (
    Attacker,
    Cell,
    Tally,
    choose,
    fit_attackers,
    fit_static,
    read_blocks,
)
from replication.attack.anybody.replaced import (
    FIGURES,
    MOST_GALLERY,
    MOST_READ,
    CopyFinder,
    measure_used,
)
from replication.attack.releases import Releases
from replication.errors import DataError

MOST_CONTROL = 2000  # ours: releases of a control that are read
METHOD, ORIGINALS, NOISE = "privatized", "originals", "noise"
DECIDING = 2  # figures of the patient that the verdict looks at: BEST and PERSON
NO_USED = "no column says who was used; of others' originals alone, no near copies beyond chance"


@dataclass(frozen=True)
class Findings:
    """What an attack finds.

    Args:
        figures: of the privatized images.
        controls: the best attacker's figure on originals and on noise, where these were attacked.
        grid: every way to read, as rows: attacker, learned, read, images, validation, read_rate.
        verdicts: of the patient and of the replaced.
        facts: what was attacked, in numbers and sentences.
    """

    figures: tuple[Figure, ...]
    controls: dict[str, Figure]
    grid: tuple[dict, ...]
    verdicts: tuple[Verdict, ...]
    facts: dict


def attack_images(
    originals: Collection,
    privatized: Collection,
    learn: Collection | None = None,
    *,
    seed: int = 0,
) -> Findings:
    """Attack a method's images.

    Args:
        originals: what was privatized, and any other images of the patients or of others.
        privatized: its output; each image has a source.
        learn: privatized images of known patients to learn from, none of a source that is read;
            None to learn from a part of `privatized`.
        seed: of what is drawn.

    Raises:
        DataError: when the collections don't fit together or are too few (`parts.divide`), or an
            image can't be read.
    """
    parts = divide(originals, privatized, learn, seed=seed)
    attack = _Attack(parts, seed)
    figures, grid = attack.attack_method()
    controls = attack.attack_controls()
    figures = [one for one in figures if one is not None]
    verdicts = (
        conclude(Victim.PATIENT, figures, unfit=_find_fault(controls)),
        conclude(Victim.REPLACED, figures, unfit="" if attack.knows_used else NO_USED),
    )
    return Findings(tuple(figures), controls, tuple(grid), verdicts, attack.describe())


def _find_fault(controls: dict[str, Figure]) -> str:
    """Return why the attackers weren't good enough, blank where they were."""
    if ORIGINALS not in controls:
        return "the attackers could not be tried on originals: each patient needs several"
    if not controls[ORIGINALS].above:
        return "the attackers recognise nobody in originals either"
    noise = controls.get(NOISE)
    if noise is not None and noise.above:
        return "the attackers are above chance on noise, which shows nobody: the images are uneven"
    return ""


class _Attack:
    """One attack, as it goes on."""

    def __init__(self, parts: Parts, seed: int) -> None:
        self._parts, self._seed = parts, seed
        self._patients = len(parts.classes)
        collections = [part.images for part in (parts.learned, parts.read)]
        self._channels = max(one.load(np.arange(1)).shape[-1] for one in collections)
        self._labels = _label_sources(parts)
        self._chance = 1 / len(np.unique(parts.learned.identity))

    @property
    def knows_used(self) -> bool:
        """Whether it is known who was used."""
        return all(one.images.used is not None for one in (self._parts.learned, self._parts.read))

    def attack_method(self) -> tuple[list[Figure | None], list[dict]]:
        """Return the figures and the grid of the privatized images."""
        parts = self._parts
        learned, validation = (self._load(part) for part in (parts.learned, parts.validation))
        attackers = [*self._fit_static(), *fit_attackers(learned, self._patients)]
        copies = self._make_copy_finder()
        blocks = (self._load(part) for part in parts.read.split_by_patient())
        watched = blocks if copies is None else _watch(blocks, copies)
        draws = min(parts.validation.draws, parts.read.draws)
        rated = self._read(attackers, [validation], parts.validation.draws)
        found = self._read(attackers, watched, draws)
        figures = self._describe(found, rated)
        of = 1 + FIGURES if self.knows_used else 1
        if copies is not None:
            figures.append(copies.describe(of=of, seed=self._seed))
        if self.knows_used:
            figures += self._measure_used(learned, validation, of)
        return figures, _list_grid(found, rated)

    def attack_controls(self) -> dict[str, Figure]:
        """Return the best attacker's figure on originals and on noise."""
        parts, rng = self._parts, np.random.default_rng([self._seed, 1])
        own = [self._take_some(part) for part in (parts.learned, parts.validation, parts.read)]
        taken = {NOISE: [_make_noise(part, self._channels, rng) for part in own]}
        sources = [self._take_some(parts.take_originals(part)) for part in own]
        if all(len(part) for part in sources):
            taken[ORIGINALS] = [part.load(channels=self._channels) for part in sources]
        figures = {}
        for name, (learned, validation, read) in taken.items():
            try:
                attackers = list(fit_attackers(_take_first(learned), self._patients))
            except DataError:  # too few originals to learn from
                continue
            rated, found = (
                self._read(attackers, [_take_first(one)], 1) for one in (validation, read)
            )
            figure = self._measure_cell(BEST, choose(found, rated), found, of=DECIDING)
            if figure is not None:
                figures[name] = figure
        return figures

    def describe(self) -> dict:
        """Return what was attacked."""
        parts = self._parts
        sizes = [one.images.size_px for one in (parts.originals, parts.read)]
        facts = {
            "originals": len(parts.originals),
            "privatized": len(parts.read.images),
            "learned": len(parts.learned),
            "validated": len(parts.validation),
            "read": len(parts.read),
            "patients": self._patients,
            "draws": parts.read.draws,
            "seed": self._seed,
            "sizes_px": [list(map(int, size)) for size in sizes],
        }
        remarks = ["No network is trained, so every figure is a lower bound."]
        if not parts.given:
            remarks.append(
                "Attackers learn from a part of the privatized images themselves: of each patient's "
                "sources, half are learned, a quarter chosen on and a quarter read."
            )
        if parts.drawn_from > MOST_PATIENTS:
            remarks.append(f"{MOST_PATIENTS} of {parts.drawn_from} patients were drawn.")
        if sizes[0] != sizes[1]:
            remarks.append(
                "Originals and privatized images have different sizes: attackers that learn from "
                "originals, and near copies, see the privatized ones in the originals' size."
            )
        unknown = ~np.isin(parts.read.identity, parts.learned.identity)
        if unknown.any():
            count = len(np.unique(parts.read.identity[unknown]))
            remarks.append(f"{count} patients are read of whom nothing was learned.")
        return facts | {"remarks": remarks}

    def _load(self, part: Part) -> Look:
        return part.load(channels=self._channels)

    def _take_some(self, part: Part) -> Part:
        """Return about MOST_CONTROL releases of a part, those of the first draw before others."""
        if len(part) <= MOST_CONTROL:
            return part
        rng = np.random.default_rng([self._seed, 2])
        order = np.lexsort((rng.random(len(part)), part.draw))
        return part.take(np.sort(order[:MOST_CONTROL]))

    def _fit_static(self) -> Iterable[Attacker]:
        try:
            known = self._take_some(self._parts.unread)
            return list(fit_static(self._load(known), self._patients)) if len(known) else []
        except DataError:  # too few originals beside those that are read
            return []

    def _make_copy_finder(self) -> CopyFinder | None:
        parts = self._parts
        gallery, control = (
            self._take_some(part) for part in (parts.unread, parts.take_originals(parts.read))
        )
        if len(np.unique(gallery.identity)) < 2:
            return None
        return CopyFinder(self._load(gallery), self._load(control), self._patients)

    def _read(
        self, attackers: list[Attacker], blocks: Iterable[Look], draws: int
    ) -> dict[Cell, Tally]:
        return read_blocks(
            attackers, blocks, patients=self._patients, draws=draws, labels=self._labels
        )

    def _describe(self, found: dict[Cell, Tally], rated: dict[Cell, Tally]) -> list[Figure | None]:
        names = dict.fromkeys(cell.attacker for cell in found)
        figures = [
            self._measure_cell(
                f"identity_{name}",
                choose(found, rated, attacker=name),
                found,
                of=DECIDING * len(names),  # together as much as PERSON
            )
            for name in names
        ]
        best, person = choose(found, rated), choose(found, rated, person=True)
        figures.append(self._measure_cell(BEST, best, found, of=DECIDING, decides=True))
        figures.append(self._measure_cell(PERSON, person, found, of=DECIDING, decides=True))
        learned = self._parts.learned
        for label, word in ((1, "with"), (0, "without")):
            sharing = learned.identity[self._labels[learned.source] == label]
            if (self._labels >= 0).any() and len(sharing):
                chance = 1 / len(np.unique(sharing))
                figures.append(
                    self._measure_cell(f"{BEST}_{word}", best, found, label=label, chance=chance)
                )
        return figures

    def _measure_cell(
        self,
        name: str,
        cell: Cell | None,
        found: dict[Cell, Tally],
        *,
        label: int | None = None,
        chance: float | None = None,
        of: int = 0,
        decides: bool = False,
    ) -> Figure | None:
        if cell is None:
            return None
        tally = found[cell]
        groups = tally.groups if label is None else tally.groups[label]
        return measure(
            Victim.PATIENT,
            name,
            tally.rates(label),
            images=int(groups.sum()),
            chance=self._chance if chance is None else chance,
            seed=self._seed,
            attacker=cell.attacker,
            reads=f"{cell.learned} learned, {cell.read} read",
            of=of,
            decides=decides,
        )

    def _measure_used(self, learned: Look, validation: Look, of: int) -> list[Figure | None]:
        parts = self._parts
        rng = np.random.default_rng([self._seed, 3])
        rows = np.sort(rng.permutation(len(parts.read))[:MOST_READ])
        releases = [
            self._mark(look.small, part)
            for look, part in ((learned, parts.learned), (validation, parts.validation))
        ]
        some = parts.read.take(rows)
        read = some.load(channels=self._channels, classes=parts.classes).small
        gallery = None
        same_size = parts.originals.images.size_px == parts.read.images.size_px
        if same_size and len(parts.originals) <= MOST_GALLERY:
            gallery = self._load(parts.originals).small
        return list(
            measure_used(
                *releases, read, labels=self._labels, gallery=gallery, of=of, seed=self._seed
            )
        )

    def _mark(self, releases: Releases, part: Part) -> Releases:
        return replace(releases, used=part.mark_used(self._parts.classes))


def _watch(blocks: Iterable[Look], copies: CopyFinder) -> Iterator[Look]:
    for look in blocks:
        copies.add(look)
        yield look


def _take_first(look: Look) -> Look:
    return look.take(look.small.draw == 0)


def _make_noise(part: Part, channels: int, rng: np.random.Generator) -> Look:
    """Return noise with the patients, sources and draws of a part."""
    shape = part.take(np.arange(1)).load(channels=channels).small.levels.shape[1:]
    levels = rng.integers(0, 256, (len(part), *shape), dtype=np.uint8)
    releases = Releases(levels, part.identity, part.source, part.draw)
    return Look(releases, releases)


def _label_sources(parts: Parts) -> np.ndarray:
    """Return labels by number of a source: an original's, where blank a release's; -1 for neither."""
    all_parts = (parts.learned, parts.validation, parts.read, parts.originals)
    labels = np.full(max(int(part.source.max()) for part in all_parts) + 1, -1)
    for part in all_parts:
        own = part.images.disease[part.rows]
        labels[part.source[own >= 0]] = own[own >= 0]
    return labels


def _list_grid(found: dict[Cell, Tally], rated: dict[Cell, Tally]) -> list[dict]:
    return [
        {
            "attacker": cell.attacker,
            "learned": cell.learned,
            "read": cell.read,
            "images": "all of a patient" if cell.person else "one",
            "validation": float(np.nanmean(rated[cell].rates())),
            "read_rate": float(np.nanmean(tally.rates())),
        }
        for cell, tally in found.items()
        if cell in rated
    ]
