"""The card: an image, its verdict, and similar cases beside it, as one page and as JSON.

The page needs no other file and no network. Of a patient other than the image's own it holds what passed
the gate, the diagnosis, and what was computed from these.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import cv2
import matplotlib
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.image import imsave

from replication.cases.search import NEAR
from replication.figures.charts import FAST, METADATA
from replication.figures.maps import CLASSES
from replication.privatize.methods import Row
from replication.records import to_gray
from replication.report.eyes import lay_over
from replication.store.numbers import write_percent
from replication.store.words import put, put_page

PAGE, JSON = "index.html", "card.json"
SIMILAR_PALETTE = "viridis"  # perceptually uniform, and not that of relevance


@dataclass(frozen=True)
class Judged:
    """A picture, and the network's verdict on it."""

    image: np.ndarray  # (S, S, C) float32 in [-1, 1]
    probability: float  # of glaucoma, in [0, 1]

    @property
    def verdict(self) -> bool:
        """Whether the network judges it ill."""
        return self.probability > 0.5

    @cached_property
    def gray(self) -> np.ndarray:
        """(S, S) from 0 to 1."""
        return (to_gray(self.image[None])[0] + 1) / 2

    @cached_property
    def picture(self) -> str:
        """The picture as the address of a PNG; of a case one for all the cards that show it."""
        return _encode(np.repeat(self.gray[..., None], 3, axis=-1))


@dataclass(frozen=True)
class Shown(Judged):
    """The same, and where the verdict comes from."""

    relevance: np.ndarray  # (S, S), not negative

    @cached_property
    def reason(self) -> str:
        """The picture with its relevance over it, as the address of a PNG."""
        return _encode(lay_over(self.gray, self.relevance, float(self.relevance.max())))


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
    without_sign: Judged | None = None  # the same drawn eye; None where no sign was drawn


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
            "query": query
            | {"verdict": name_label(self.query.verdict), "patient": self.own_patient},
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
            "risks": [vars(risk) | {"measure": put(risk.measure)} for risk in self.risks],
            "named_at_most": self.bound,
        }


def render_card(card: Card) -> str:
    """Return the card as a page."""
    return render_page("card.html", card=card, near=NEAR)


def render_page(template: str, **content: object) -> str:
    """Return a page of this room by its template, in the report's style."""
    return put_page(_open_templates().get_template(template).render(**content))


@cache
def _open_templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("replication.cases"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": write_percent,
        "label": name_label,
        "similar": _draw_similar,
    }
    style = files("replication.report").joinpath("templates/report.css")
    environment.globals["style"] = style.read_text(encoding="utf-8")
    return environment


def _describe(case: Case) -> dict:
    without = case.without_sign
    return {
        "diagnosis": name_label(case.glaucoma),
        "verdict": name_label(case.shown.verdict),
        "glaucoma_probability": case.shown.probability,
        "distance": case.distance,
        "nearer_known_pairs": case.percentile,
        "patients_with_this_picture": case.alike,
        "sha256": case.sha256,
        "without_sign": without
        and {
            "verdict": name_label(without.verdict),
            "glaucoma_probability": without.probability,
            "verdict_changes": without.verdict != case.shown.verdict,
        },
    }


def name_label(glaucoma: bool) -> str:
    """Return a verdict or a diagnosis in words."""
    return put(CLASSES[glaucoma])


def _draw_similar(case: Case) -> str:
    gray = case.shown.gray
    size = gray.shape[::-1]
    places = cv2.resize(np.maximum(case.similar, 0).astype(np.float32), size)
    share = places / (places.max() or 1)
    colours = matplotlib.colormaps[SIMILAR_PALETTE](share)[..., :3]
    return _encode(share[..., None] * colours + (1 - share[..., None]) * gray[..., None])


def _encode(picture: np.ndarray) -> str:
    """Return a picture, (S, S, 3) from 0 to 1, as the address of a PNG."""
    tile = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    png = io.BytesIO()
    imsave(png, tile, format="png", metadata=METADATA[".png"], pil_kwargs=FAST)
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode('ascii')}"
