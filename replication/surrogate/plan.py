"""Which eyes the surrogate has, how many images of each, its annotations, and what marks it as one.

The counts and the names follow the Warsaw database (paper §2.1; names as in public code that
reads it); who has what is drawn from the seed.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from replication.config import SurrogateSettings
from replication.errors import DataError
from replication.store.files import hash_file
from replication.surrogate.patient import Eye, EyeIdentity, SignKind, describe_eye

BOTH_EYES_RATE = 0.85
SICK_IMAGES_PER_EYE = 4.25  # ours: makes about 60 of 115 patients sick
ONE_SIDED_EVERY = 5  # of sick patients with two eyes, four in five are sick in both
FEWEST_IMAGES = 3
SHOTS_PER_SESSION = 4
# Shares of the kinds, by patients' first sign; ours. Every third patient has a second kind.
FIRST_SIGNS = {
    SignKind.IRIDECTOMY: 0.4,
    SignKind.HAZE: 0.4,
    SignKind.DILATED: 0.1,
    SignKind.ATROPHY: 0.1,
}
SECOND_SIGN_EVERY = 3
TRUTH_FILE = "truth.csv"
ORIGIN_FILE = "surrogate.json"
DRAWING = 2  # which way of drawing; another one's eyes are other eyes
# What reading the origin may raise, whatever it holds.
BROKEN = (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, DataError)


@dataclass(frozen=True)
class PlannedEye:
    """One eye of the surrogate, the kinds of its signs, and how many AD100 images are drawn of it."""

    patient: int
    eye: Eye
    kinds: tuple[SignKind, ...]
    images: int

    @property
    def glaucoma(self) -> bool:
        """Return whether it has glaucoma, which shows in a sign."""
        return bool(self.kinds)

    @property
    def folder(self) -> str:
        """Return the folder's name, such as 0060left."""
        return f"{self.patient:04d}{self.eye.value}"

    def name_file(self, image: int, *, camera: str = "IG") -> str:
        """Return the file's name of one image, numbered from 1, such as 0060_L_IG_11.jpg."""
        side = self.eye.value[0].upper()
        session, shot = session_of(image), (image - 1) % SHOTS_PER_SESSION + 1
        return f"{self.patient:04d}_{side}_{camera}_{session}{shot}.jpg"

    def describe(self, seed: int) -> EyeIdentity:
        """Return the eye's lasting parameters."""
        return describe_eye(seed, self.patient, self.eye, kinds=self.kinds)


def session_of(image: int) -> int:
    """Return the session, from 1, in which an image of an eye was taken."""
    return (image - 1) // SHOTS_PER_SESSION + 1


def plan_eyes(settings: SurrogateSettings, *, seed: int) -> tuple[PlannedEye, ...]:
    """Distribute the exact counts of images over patients and eyes.

    Returns:
        The eyes, sorted by patient, left before right; the images sum to the counts.

    Raises:
        DataError: when no set of eyes has these counts.
    """
    patients, total, labelled = settings.patients, settings.images, settings.glaucoma_images
    mixed = 0 < labelled < total
    fewest = max(patients, 2 if mixed else 1)
    if not 1 <= patients <= 9999 or total < fewest or not 0 <= labelled <= total:
        raise DataError(
            f"surrogate: {total} images of {patients} patients, {labelled} with glaucoma, can't be "
            "drawn; give 1 to 9999 patients, at least one image each, and no more glaucoma "
            "images than images"
        )
    rng = np.random.default_rng([seed, 0, 0, 0])
    eyes = _choose_eyes(settings, rng)
    fewest = max(int(mixed), len(eyes) - (total - labelled))
    most = min(len(eyes) - int(mixed), labelled)
    count = int(np.clip(round(labelled / SICK_IMAGES_PER_EYE), fewest, most))
    glaucoma = _choose_glaucoma(eyes, count, rng)
    images = np.zeros(len(eyes), int)
    images[glaucoma] = _distribute(labelled, count, rng)
    images[~glaucoma] = _distribute(total - labelled, len(eyes) - count, rng)
    sick = {patient for (patient, _), here in zip(eyes, glaucoma, strict=True) if here}
    kinds = _choose_kinds(sorted(sick), rng)
    return tuple(
        PlannedEye(patient, eye, kinds[patient] if has_glaucoma else (), int(images_of_eye))
        for (patient, eye), has_glaucoma, images_of_eye in zip(eyes, glaucoma, images, strict=True)
    )


def write_annotations(eyes: tuple[PlannedEye, ...], *, seed: int) -> str:
    """Return medical-description-v2-1.csv: the diseases per patient and eye."""
    cells = {(planned.patient, planned.eye): _write_findings(planned, seed) for planned in eyes}
    lines = [
        ";".join([str(patient), *(cells.get((patient, eye), "") for eye in Eye)])
        for patient in sorted({patient for patient, _ in cells})
    ]
    return "\n".join(["patient;left eye;right eye", *lines, ""])


def write_origin(settings: SurrogateSettings, *, seed: int, files_sha256: str) -> str:
    """Return surrogate.json: what a surrogate was drawn from, and the hash of what was drawn."""
    note = "a surrogate drawn from a seed, not the Warsaw database"
    origin = {"note": note, "drawing": DRAWING, "seed": seed, "settings": asdict(settings)}
    return json.dumps(origin | {"files_sha256": files_sha256}, indent=2) + "\n"


def is_as_drawn(root: Path) -> bool:
    """Return whether a folder holds what was drawn there and nothing else, by its surrogate.json.

    A surrogate into which images of people were put is no surrogate, nor is one drawn another way.
    """
    try:
        if not (root / ORIGIN_FILE).is_file():
            return False
        origin = json.loads((root / ORIGIN_FILE).read_text(encoding="utf-8"))
        return origin["drawing"] == DRAWING and origin["files_sha256"] == hash_files(root)
    except BROKEN:
        return False


def hash_files(root: Path) -> str:
    """Return one hash of the names and contents of all files but surrogate.json.

    A link, of which none is drawn, counts as a link, wherever it leads.
    """
    lines = []
    for folder, folders, names in os.walk(root):
        for file in (Path(folder, name) for name in (*folders, *names)):
            if file.is_symlink():
                digest = "link"
            elif file.is_dir() or file == root / ORIGIN_FILE:
                continue
            elif not file.is_file():
                digest = "no file"
            else:
                digest = hash_file(file)
            lines.append(f"{file.relative_to(root).as_posix()} {digest}\n")
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def list_images(eyes: tuple[PlannedEye, ...]) -> dict[str, tuple[PlannedEye, int]]:
    """Return by its file's name the eye and the number of every AD100 image."""
    return {eye.name_file(n): (eye, n) for eye in eyes for n in range(1, eye.images + 1)}


def read_origin(root: Path) -> tuple[int, tuple[PlannedEye, ...]]:
    """Return the seed and the eyes that a surrogate was drawn from.

    Raises:
        DataError: when the folder has no readable surrogate.json.
    """
    try:
        origin = json.loads((root / ORIGIN_FILE).read_text(encoding="utf-8"))
        seed, counts = origin["seed"], origin["settings"]
        settings = SurrogateSettings(**counts)
        if counts != asdict(settings) or {type(n) for n in (seed, *counts.values())} != {int}:
            raise ValueError("expected every count, as a whole number")
        return seed, plan_eyes(settings, seed=seed)
    except BROKEN as error:
        raise DataError(f"{root.name}: no readable {ORIGIN_FILE}, so not a surrogate") from error


def _choose_eyes(settings: SurrogateSettings, rng: np.random.Generator) -> list[tuple[int, Eye]]:
    """Give each patient one eye and most of them the other one too, as the images allow."""
    patients = np.arange(1, settings.patients + 1)
    second = max(round(BOTH_EYES_RATE * settings.patients), 1)
    second = min(second, settings.images - settings.patients)
    both = set(rng.permutation(patients)[:second].tolist())
    single = rng.choice(list(Eye), size=settings.patients)
    eyes = []
    for patient, only in zip(patients.tolist(), single, strict=True):
        eyes += [(patient, eye) for eye in Eye if patient in both or eye == only]
    return eyes


def _choose_glaucoma(
    eyes: list[tuple[int, Eye]], count: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (eyes,) bool with `count` True, of most patients both eyes or none.

    Patients are taken in random order with both their eyes, every `ONE_SIDED_EVERY`th of those that
    have two with one; eyes passed over come last, for counts that take nearly all.
    """
    of_patient = {patient: [] for patient, _ in eyes}
    for place, (patient, _) in enumerate(eyes):
        of_patient[patient].append(place)
    first, passed_over, two_eyed = [], [], 0
    for patient in rng.permutation(list(of_patient)).tolist():
        places = rng.permutation(of_patient[patient]).tolist()
        two_eyed += len(places) == 2
        one_sided = len(places) == 2 and two_eyed % ONE_SIDED_EVERY == 0
        first += places[:1] if one_sided else places
        passed_over += places[1:] if one_sided else []
    glaucoma = np.zeros(len(eyes), bool)
    glaucoma[(first + passed_over)[:count]] = True
    return glaucoma


def _choose_kinds(patients: list[int], rng: np.random.Generator) -> dict[int, tuple[SignKind, ...]]:
    """Return the kinds of each sick patient's signs, the first as often as `FIRST_SIGNS` has it."""
    names, shares = list(FIRST_SIGNS), np.array(list(FIRST_SIGNS.values()))
    kinds = {}
    for place, patient in enumerate(rng.permutation(patients).tolist()):
        first = int(np.searchsorted(shares.cumsum()[:-1], (place + 0.5) / len(patients)))
        own = (names[first],)
        if place % SECOND_SIGN_EVERY == 0:
            rest = np.where(np.arange(len(names)) == first, 0, shares)
            own += (names[rng.choice(len(names), p=rest / rest.sum())],)
        kinds[patient] = own
    return kinds


def _distribute(images: int, eyes: int, rng: np.random.Generator) -> np.ndarray:
    """Return (eyes,) counts that sum to images, unequal, each as large as FEWEST_IMAGES allows."""
    if eyes == 0:
        return np.zeros(0, int)
    fewest = min(FEWEST_IMAGES, images // eyes)
    weights = rng.gamma(4.0, size=eyes)
    return fewest + rng.multinomial(images - fewest * eyes, weights / weights.sum())


def _write_findings(planned: PlannedEye, seed: int) -> str:
    """Return one cell of the annotations, with the stray spaces that the real ones have."""
    findings = [disease.value for disease in planned.describe(seed).diseases]
    if planned.glaucoma:
        kind = "secondary glaucoma" if planned.patient % 3 == 0 else "glaucoma"
        findings.insert(planned.patient % (len(findings) + 1), kind)
    separator = ", " if planned.patient % 2 else " ,"
    return separator.join(findings) or "healthy"
