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
from replication.surrogate.patient import Eye, EyeIdentity, describe_eye

BOTH_EYES_RATE = 0.85
FEWEST_IMAGES = 3
SHOTS_PER_SESSION = 4
TRUTH_FILE = "truth.csv"
ORIGIN_FILE = "surrogate.json"
# What reading the origin may raise, whatever it holds.
BROKEN = (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, DataError)


@dataclass(frozen=True)
class PlannedEye:
    """One eye of the surrogate and how many AD100 images are drawn of it."""

    patient: int
    eye: Eye
    glaucoma: bool
    images: int

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
        return describe_eye(seed, self.patient, self.eye, glaucoma=self.glaucoma)


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
    count = int(np.clip(round(labelled / total * len(eyes)), mixed, len(eyes) - mixed))
    glaucoma = _choose_glaucoma(eyes, count, rng)
    images = np.zeros(len(eyes), int)
    images[glaucoma] = _distribute(labelled, count, rng)
    images[~glaucoma] = _distribute(total - labelled, len(eyes) - count, rng)
    return tuple(
        PlannedEye(patient, eye, bool(has_glaucoma), int(images_of_eye))
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
    origin = {"note": note, "seed": seed, "settings": asdict(settings)}
    return json.dumps(origin | {"files_sha256": files_sha256}, indent=2) + "\n"


def is_as_drawn(root: Path) -> bool:
    """Return whether a folder holds what was drawn there and nothing else, by its surrogate.json.

    A surrogate into which images of people were put is no surrogate.
    """
    try:
        if not (root / ORIGIN_FILE).is_file():
            return False
        origin = json.loads((root / ORIGIN_FILE).read_text(encoding="utf-8"))
        return origin["files_sha256"] == hash_files(root)
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
    """Return (eyes,) bool with `count` True; where one eye is, the other more often is too."""
    leaning = {patient: rng.uniform() for patient in dict(eyes)}
    rank = [leaning[patient] + 1.6 * rng.uniform() for patient, _ in eyes]
    glaucoma = np.zeros(len(eyes), bool)
    glaucoma[np.argsort(rank)[:count]] = True
    return glaucoma


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
