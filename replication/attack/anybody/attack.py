"""Attack anybody's privatized images: arrays or manifests in, figures and verdicts out.

    originals = Collection.of_arrays("originals", levels, patients)
    privatized = Collection.of_arrays("privatized", hidden, patients, source=range(len(levels)))
    findings = attack_images(originals, privatized, seed=0)

No network is trained, and TensorFlow is not imported. Controls are attacked alike: the originals, in
which attackers have to recognise patients, and noise, in which they must not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from replication.attack.anybody.collection import Collection
from replication.attack.anybody.controls import attack_controls, find_fault
from replication.attack.anybody.figures import BEST, PERSON, Figure, Verdict, Victim, conclude
from replication.attack.anybody.parts import MOST_PATIENTS, Look, Part, divide
from replication.attack.anybody.patients import (
    Attacker,
    Cell,
    Tally,
    choose,
    fit_attackers,
    fit_static,
)
from replication.attack.anybody.replaced import (
    FIGURES,
    MOST_GALLERY,
    MOST_READ,
    CopyFinder,
    mark_others,
    measure_used,
)
from replication.attack.anybody.setting import DECIDING, Setting
from replication.data.patient_ids import group_ids
from replication.errors import DataError

NO_USED = (
    "who was used isn't known of all images; near copies of others' originals, which alone can be "
    "looked for, are not above chance"
)
LOWER_BOUND = "No network is trained, so every figure is a lower bound."
DIVIDED = (
    "Attackers learn from a part of the privatized images themselves: of each patient's sources, "
    "half are learned, a quarter chosen on and a quarter read."
)
OTHER_SIZE = (
    "Originals and privatized images have different sizes: attackers that learn from originals, and "
    "near copies, see the privatized ones in the originals' size."
)
SPELLINGS = (
    "{} patient ids differ in case, blanks or leading zeros alone, and are {} when these are left out: "
    "each counts as a patient of its own here. If they are not, every figure is wrong: write them "
    "alike. If they are, --ids-are-distinct states so."
)


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
    ids_are_distinct: bool = False,
) -> Findings:
    """Attack a method's images.

    Args:
        originals: what was privatized, and any other images of the patients or of others.
        privatized: its output; each image has a source.
        learn: privatized images of known patients to learn from, none of a source that is read;
            None to learn from a part of `privatized`.
        seed: of what is drawn.
        ids_are_distinct: whether ids that differ in case, blanks or leading zeros alone are of
            different patients, so that no remark is made on them.

    Raises:
        DataError: when the collections don't fit together or are too few (`parts.divide`), or an
            image can't be read.
    """
    parts = divide(originals, privatized, learn, seed=seed)
    _check_learned(parts.learned)
    setting = Setting(parts, seed)
    figures, grid = _attack_method(setting)
    controls = attack_controls(setting)
    verdicts = (
        conclude(Victim.PATIENT, figures, unfit=find_fault(controls)),
        conclude(Victim.REPLACED, figures, unfit="" if setting.knows_used else NO_USED),
    )
    facts = describe_parts(setting, ids_are_distinct=ids_are_distinct)
    return Findings(tuple(figures), controls, tuple(grid), verdicts, facts)


def _check_learned(learned: Part) -> None:
    if len(np.unique(learned.source)) == len(np.unique(learned.identity)):
        raise DataError(
            f"{learned.images.name}: attackers learn from half the images or more, and that is one "
            "of each patient; add images so that some patients have three"
        )


def describe_parts(setting: Setting, *, ids_are_distinct: bool) -> dict:
    """Return what was attacked: counts, sizes, and remarks as sentences, on ids unless these are distinct."""
    parts = setting.parts
    sizes = [one.images.size_px for one in (parts.originals, parts.read)]
    remarks = [LOWER_BOUND]
    if not parts.given:
        remarks.append(DIVIDED)
    if parts.drawn_from > MOST_PATIENTS:
        remarks.append(f"{MOST_PATIENTS} of {parts.drawn_from} patients were drawn.")
    if not ids_are_distinct and (alike := group_ids(parts.classes)):
        remarks.append(SPELLINGS.format(sum(map(len, alike)), len(alike)))
    if sizes[0] != sizes[1]:
        remarks.append(OTHER_SIZE)
    unknown = parts.read.identity[~np.isin(parts.read.identity, parts.learned.identity)]
    if len(unknown):
        count = len(np.unique(unknown))
        remarks.append(f"Of {count} patients who are read nothing was learned.")
    return {
        "originals": len(parts.originals),
        "privatized": len(parts.read.images),
        "learned": len(parts.learned),
        "validated": len(parts.validation),
        "read": len(parts.read),
        "patients": setting.patients,
        "draws": parts.read.draws,
        "seed": setting.seed,
        "sizes_px": [[int(side) for side in size] for size in sizes],
        "remarks": remarks,
    }


def _attack_method(setting: Setting) -> tuple[list[Figure], list[dict]]:
    """Return the figures and the grid of the privatized images."""
    parts = setting.parts
    learned = setting.load(parts.learned)
    some = setting.take_some(parts.unread)
    unread = setting.load(some) if len(some) else None
    attackers = [*_fit_static(setting, unread), *fit_attackers(learned, setting.patients)]
    copies = _make_copy_finder(setting, unread)
    chosen_on, read = (
        (setting.load(block) for block in part.split_by_patient())
        for part in (parts.validation, parts.read)
    )
    rated = setting.read(attackers, chosen_on, parts.validation.draws)
    draws = min(parts.validation.draws, parts.read.draws)
    found = setting.read(attackers, _watch(read, copies), draws)
    figures = _measure_patients(setting, found, rated)
    of = 1 + FIGURES if setting.knows_used else 1
    if copies is not None:
        figures.append(copies.describe(of=of, seed=setting.seed))
    if setting.knows_used:
        figures += _measure_used(setting, of)
    return [one for one in figures if one is not None], _list_grid(found, rated)


def _fit_static(setting: Setting, unread: Look | None) -> list[Attacker]:
    try:
        return [] if unread is None else list(fit_static(unread, setting.patients))
    except DataError:  # too few originals beside those that are read
        return []


def _make_copy_finder(setting: Setting, unread: Look | None) -> CopyFinder | None:
    if unread is None or len(np.unique(unread.small.identity)) < 2:
        return None
    parts = setting.parts
    control = setting.load(setting.take_some(parts.take_originals(parts.read)))
    return CopyFinder(unread, control, setting.patients)


def _watch(blocks: Iterable[Look], copies: CopyFinder | None) -> Iterator[Look]:
    for look in blocks:
        if copies is not None:
            copies.add(look)
        yield look


def _measure_patients(
    setting: Setting, found: dict[Cell, Tally], rated: dict[Cell, Tally]
) -> list[Figure | None]:
    names = dict.fromkeys(cell.attacker for cell in found)
    figures = [
        setting.measure_cell(
            f"identity_{name}",
            choose(found, rated, attacker=name),
            found,
            of=DECIDING * len(names),  # together as much as PERSON
        )
        for name in names
    ]
    best = choose(found, rated)
    for name, cell in ((BEST, best), (PERSON, choose(found, rated, person=True))):
        figures.append(setting.measure_cell(name, cell, found, of=DECIDING, decides=True))
    learned, labels = setting.parts.learned, setting.labels
    for label, word in ((1, "with"), (0, "without")):
        sharing = learned.identity[labels[learned.source] == label]
        if len(sharing):
            name, chance = f"{BEST}_{word}", 1 / len(np.unique(sharing))
            figures.append(setting.measure_cell(name, best, found, label=label, chance=chance))
    return figures


def _measure_used(setting: Setting, of: int) -> list[Figure | None]:
    parts, rng = setting.parts, np.random.default_rng([setting.seed, 3])
    some = parts.read.take(rng.permutation(len(parts.read))[:MOST_READ])

    def mark(part: Part):
        return part.load(channels=setting.channels, classes=parts.classes).small

    gallery = None
    same_size = parts.originals.images.size_px == parts.read.images.size_px
    if same_size and len(parts.originals) <= MOST_GALLERY:
        gallery = setting.load(parts.originals).small
    releases = [mark(part) for part in (parts.learned, parts.validation, some)]
    learned, validation, read = releases
    if not all(mark_others(one).any() for one in (learned, validation.first(1), read)):
        return []
    return list(
        measure_used(*releases, labels=setting.labels, gallery=gallery, of=of, seed=setting.seed)
    )


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
