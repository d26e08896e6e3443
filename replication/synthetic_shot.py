"""What changes from one image of a surrogate eye to the next: place, gaze, light, focus, grain.

Ours. A session moves both eyes of a patient alike; each image then differs from its session.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replication.synthetic_patient import PATIENT_LEVEL, EyeIdentity, make_rng

SESSION_BASE = 1000


@dataclass(frozen=True)
class Shot:
    """All that changes from image to image; x and y in iris radii unless said otherwise."""

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
    noise_grey: float
    sign_strength: float


def describe_shot(identity: EyeIdentity, image: int, session: int) -> Shot:
    """Draw what the session (both eyes alike) and the single image change.

    Args:
        identity: the eye.
        image: number of the image within the eye, from 1.
        session: number of the session, from 1.
    """
    visit = make_rng(identity.seed, identity.patient, PATIENT_LEVEL, SESSION_BASE + session)
    shot = make_rng(identity.seed, identity.patient, identity.eye.number, image)
    pupil = identity.traits["pupil_ratio"] + visit.normal(0, 0.035) + shot.normal(0, 0.015)
    opening = visit.normal(0.95, 0.035) + shot.normal(0, 0.04)
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
        noise_grey=float(np.clip(visit.gamma(4.0, 0.8), 1, 7)),
        sign_strength=float(np.clip(visit.uniform(0.15, 1.05) + shot.normal(0, 0.12), 0.15, 1.2)),
    )
