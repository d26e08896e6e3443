"""The card: an image, its verdict, and similar cases beside it, as one page and as JSON.

The page needs no other file and no network. Of a patient other than the image's own it holds what passed
the gate, the diagnosis, and what was computed from these.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import cv2
import matplotlib
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.image import imsave

from replication.cases.search import NEAR
from replication.figures.charts import METADATA
from replication.figures.maps import CLASSES
from replication.privatize.methods import Row
from replication.records import to_gray
from replication.report.eyes import lay_over
from replication.store.numbers import write_percent

PAGE, JSON = "index.html", "card.json"
SIMILAR_PALETTE = "viridis"  # perceptually uniform, and not that of relevance


@dataclass(frozen=True)
class Shown:
    """A picture, the network's verdict on it, and where the verdict comes from."""

    image: np.ndarray  # (S, S, C) float32 in [-1, 1]
    probability: float  # of glaucoma, in [0, 1]
    relevance: np.ndarray  # (S, S), not negative

    @property
    def verdict(self) -> bool:
        """Whether the network judges it ill."""
        return self.probability > 0.5


@dataclass(frozen=True)
class Case:
    """A case beside the image."""

    shown: Shown
    glaucoma: bool  # the confirmed diagnosis
    similar: np.ndarray  # (h, w) of `search.show_similar`
    distance: float  # of `search.Similar`
    percentile: float
    alike: int  # how many patients have the same picture
    sha256: str  # of the picture


@dataclass(frozen=True)
class Risk:
    """One measured risk of the method, of the run's Table 2."""

    victim: str  # the patient, or the replaced
    measure: str  # in words
    value: float
    low: float | None  # of the interval of 95%
    high: float | None
    chance: float | None
    fraction: bool  # whether it is a share of images; else an area under a curve


@dataclass(frozen=True)
class Card:
    """What is shown of an image."""

    query: Shown
    eye: str
    own_patient: str  # what is known of the image's patient, in words
    method: Row
    alike: int  # how many patients at least the method promises to be equal
    cases: Sequence[Case]
    counter: Sequence[Case]  # of the other label; one or none
    refused: Mapping[str, int]  # nearer cases that are not shown, by reason
    redrawn: int  # of the cases shown, those whose first draw didn't pass
    risks: Sequence[Risk]
    bound: float | None  # share of such pictures that anyone can name at most; None without proof
    synthetic: bool
    network: str | None = None  # the name of the user's network, whose the verdicts are

    def to_plain(self) -> dict:
        """Return all but the pictures as JSON knows it."""
        query = {"glaucoma_probability": self.query.probability, "eye": self.eye}
        return {
            "query": query | {"verdict": _name(self.query.verdict), "patient": self.own_patient},
            "synthetic": self.synthetic,
            **({"network": self.network} if self.network else {}),
            "method": {
                "name": self.method.name,
                "words": f"{self.method.experiment}: {self.method.dataset}",
                "patients_alike_at_least": self.alike or None,
            },
            "cases": [_describe(case) for case in self.cases],
            "counter_case": [_describe(case) for case in self.counter],
            "not_shown": dict(self.refused),
            "drawn_again": self.redrawn,
            "risks": [vars(risk) for risk in self.risks],
            "named_at_most": self.bound,
        }


def render_card(card: Card) -> str:
    """Return the card as a page."""
    environment = Environment(
        loader=PackageLoader("replication.cases"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": write_percent,
        "label": _name,
        "picture": _draw_picture,
        "relevance": _draw_relevance,
        "similar": _draw_similar,
    }
    style = files("replication.report").joinpath("templates/report.css")
    return environment.get_template("card.html").render(
        card=card, near=NEAR, style=style.read_text(encoding="utf-8")
    )


def _describe(case: Case) -> dict:
    return {
        "diagnosis": _name(case.glaucoma),
        "verdict": _name(case.shown.verdict),
        "glaucoma_probability": case.shown.probability,
        "distance": case.distance,
        "nearer_known_pairs": case.percentile,
        "patients_with_this_picture": case.alike,
        "sha256": case.sha256,
    }


def _name(glaucoma: bool) -> str:
    return CLASSES[glaucoma]


def _draw_picture(shown: Shown) -> str:
    return _encode(np.repeat(_to_gray(shown)[..., None], 3, axis=-1))


def _draw_relevance(shown: Shown) -> str:
    return _encode(lay_over(_to_gray(shown), shown.relevance, float(shown.relevance.max())))


def _draw_similar(case: Case) -> str:
    gray = _to_gray(case.shown)
    size = gray.shape[::-1]
    places = cv2.resize(np.maximum(case.similar, 0).astype(np.float32), size)
    share = places / (places.max() or 1)
    colours = matplotlib.colormaps[SIMILAR_PALETTE](share)[..., :3]
    return _encode(share[..., None] * colours + (1 - share[..., None]) * gray[..., None])


def _to_gray(shown: Shown) -> np.ndarray:
    """Return (S, S) from 0 to 1."""
    return (to_gray(shown.image[None])[0] + 1) / 2


def _encode(picture: np.ndarray) -> str:
    """Return a picture, (S, S, 3) from 0 to 1, as the address of a PNG."""
    tile = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    png = io.BytesIO()
    imsave(png, tile, format="png", metadata=METADATA[".png"])
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode('ascii')}"
