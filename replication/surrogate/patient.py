"""Who the surrogate's patients are, and what changes from one image of an eye to the next.

Ours, without a source in the paper: the numbers below are what the drawing looks like, not a
measurement of anybody's eyes. Lengths are in iris radii about the middle of the eye, brightness is
in gray levels of 0..255, angles are in radians; every eye is described as a left one (inner corner
at the left), right eyes are mirrored when drawn.

Each generator is seeded with (seed, patient, eye, stream), so nothing depends on the order of
drawing.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

# Range of each trait over patients. The two eyes of a patient differ by EYE_SPREAD of the range.
TRAITS: dict[str, tuple[float, float]] = {
    "skin_gray": (150, 185),
    "skin_grain": (3.6, 8.8),
    "skin_blotch": (1.5, 4),
    "crease_gap": (0.12, 0.5),
    "crease_depth": (4, 25),
    "bag_depth": (0, 12),
    "inner_x": (-2.55, -2.3),
    "outer_x": (2.35, 2.65),
    "upper_height": (1.08, 1.28),
    "lower_height": (0.82, 0.98),
    "lid_skew": (0.85, 1.1),
    "tilt": (-0.03, 0.09),
    "lash_count": (30, 80),
    "lash_length": (0.3, 0.85),
    "lash_fall": (-0.7, 0.6),
    "lash_dark": (0.25, 0.55),
    "sclera_gray": (168, 192),
    "iris_gray": (100, 148),
    "iris_slope": (-22, 22),
    "fibre_gain": (3, 9),
    "crypt_count": (2, 30),
    "furrow_gain": (0, 3),
    "collarette_rho": (0.18, 0.42),
    "collarette_gain": (-4, 12),
    "limbus_width": (0.05, 0.14),
    "pupil_ratio": (0.35, 0.52),
    "pupil_gray": (18, 42),
    "pupil_x": (-0.06, 0.02),
    "pupil_y": (-0.04, 0.03),
}
EYE_SPREAD = 0.08
SEVERITY = (0.6, 1.2)  # of an eye, on all its images
# Directions in which signs lie, radians clockwise from the right in a left eye: 11 to 1 and 2 to 4
# o'clock (the temporal side), where iridectomies are put (Vera et al., Am. J. Ophthalmology 157,
# 2014); the other kinds' are ours.
SUPERIOR, TEMPORAL = -np.pi / 2, 0.0
HALF_RANGE = np.pi / 6
DISEASE_CHANCE = 0.25
SESSION_STREAM = 1000


class Eye(StrEnum):
    """The two eyes of a patient, by the words of the folder names."""

    LEFT = "left"
    RIGHT = "right"


class SignKind(StrEnum):
    """Glaucoma signs that are drawn."""

    IRIDECTOMY = "iridectomy"  # a hole in the iris, cut by surgery against angle closure
    HAZE = "haze"  # corneal oedema
    DILATED = "dilated"  # fixed oval pupil
    ATROPHY = "atrophy"  # pale iris sector without texture


class Disease(StrEnum):
    """Other diseases and harmless marks; they are drawn too, so a mark alone means nothing."""

    CATARACT = "cataract"
    SYNECHIAE = "posterior synechiae"
    ARCUS = "corneal arcus"
    NEVUS = "iris nevus"
    HETEROCHROMIA = "sectoral heterochromia"


@dataclass(frozen=True)
class Sign:
    """One glaucoma sign of an eye; size and strength are 0 to 1 within what the kind allows."""

    kind: SignKind
    angle: float  # direction from the pupil, radians, clockwise from the right
    rho: float  # distance, 0 at the pupil's edge and 1 at the iris's
    size: float
    strength: float


@dataclass(frozen=True)
class EyeIdentity:
    """All that lasts about one eye; `traits` has the keys of TRAITS."""

    seed: int
    patient: int
    eye: Eye
    traits: dict[str, float]
    severity: float  # of the signs, about 1
    signs: tuple[Sign, ...]
    diseases: tuple[Disease, ...]

    def rng(self, stream: int) -> np.random.Generator:
        """Return the generator of one thing about the eye; an image's stream is its number."""
        return _seed_rng(self.seed, self.patient, self.eye, stream)

    def patient_rng(self, stream: int) -> np.random.Generator:
        """Return the generator of one thing that both eyes of the patient have in common."""
        return _seed_rng(self.seed, self.patient, None, stream)


@dataclass(frozen=True)
class Shot:
    """All that changes from image to image; x and y in iris radii unless the name has a unit."""

    scale_px: float
    place_px: tuple[float, float]
    gaze: tuple[float, float]
    roll: float
    torsion: float
    opening: float
    pupil_ratio: float
    gain: float
    light: tuple[float, float]
    highlight: tuple[float, float]
    focus_px: float
    noise_gray: float
    sign_strength: float


def describe_eye(seed: int, patient: int, eye: Eye, *, kinds: tuple[SignKind, ...]) -> EyeIdentity:
    """Draw the lasting parameters of one eye.

    The other eye of the same patient is alike and not equal.

    Args:
        seed: of the whole surrogate.
        patient: number, from 1.
        eye: which eye.
        kinds: of its glaucoma signs, none of a healthy eye.
    """
    patient_rng, eye_rng = (_seed_rng(seed, patient, whose, 0) for whose in (None, eye))
    traits = {}
    for name, (low, high) in TRAITS.items():
        value = patient_rng.uniform(low, high) + EYE_SPREAD * (high - low) * eye_rng.normal()
        traits[name] = float(np.clip(value, low, high))
    signs = tuple(_draw_sign(kind, eye_rng) for kind in kinds)
    severity, diseases = float(eye_rng.uniform(*SEVERITY)), _draw_diseases(eye_rng)
    return EyeIdentity(seed, patient, eye, traits, severity, signs, diseases)


def describe_shot(identity: EyeIdentity, image: int, session: int) -> Shot:
    """Draw what the session (both eyes alike) and the single image change; both count from 1."""
    visit, shot = identity.patient_rng(SESSION_STREAM + session), identity.rng(image)
    pupil = identity.traits["pupil_ratio"] + visit.normal(0, 0.032) + shot.normal(0, 0.015)
    opening = visit.normal(0.95, 0.045) + shot.normal(0, 0.06)
    return Shot(
        scale_px=float(np.clip(124 + visit.normal(0, 4) + shot.normal(0, 3), 104, 146)),
        place_px=tuple(visit.normal(0, (18, 12)) + shot.normal(0, (24, 14))),
        gaze=tuple(shot.normal(0, (0.07, 0.045))),
        roll=float(visit.normal(0, 0.025) + shot.normal(0, 0.015)),
        torsion=float(shot.normal(0, 0.03)),
        opening=float(np.clip(opening, 0.6, 1.15)),
        pupil_ratio=float(np.clip(pupil, 0.22, 0.6)),
        gain=float(np.clip(visit.normal(1, 0.083) + shot.normal(0, 0.048), 0.7, 1.25)),
        light=tuple(visit.normal(0, 0.065, 2) + shot.normal(0, 0.038, 2)),
        highlight=tuple(visit.normal(0, 0.02, 2) + shot.normal(0, 0.02, 2)),
        focus_px=float(np.clip(shot.gamma(2.0, 0.4) + 0.5, 0.5, 3.5)),
        noise_gray=float(np.clip(visit.gamma(4.0, 0.8), 1, 7)),
        sign_strength=float(np.clip(identity.severity + visit.normal(0, 0.1), 0.4, 1.4)),
    )


def _draw_sign(kind: SignKind, rng: np.random.Generator) -> Sign:
    """Draw where one sign of an eye is, how large and how strong."""
    angle = rng.choice([SUPERIOR, TEMPORAL]) + rng.uniform(-HALF_RANGE, HALF_RANGE)
    return Sign(kind, float(angle), *rng.uniform(0, 1, 3).tolist())


def _draw_diseases(rng: np.random.Generator) -> tuple[Disease, ...]:
    """Draw the other findings of an eye; each kind is present in about one eye in four."""
    present = rng.uniform(size=len(Disease)) < DISEASE_CHANCE
    return tuple(disease for disease, here in zip(Disease, present, strict=True) if here)


def _seed_rng(seed: int, patient: int, eye: Eye | None, stream: int) -> np.random.Generator:
    """Return the generator of one eye, or of the patient as a whole."""
    place = 0 if eye is None else list(Eye).index(eye) + 1
    return np.random.default_rng([seed, patient, place, stream])
