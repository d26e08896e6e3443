"""The paper's claims about its Deep Taylor maps (§3, Figure 5), judged by the maps' rows.

The paper shows three maps of one eye; here every test image counts. Numbers are means over images,
each image first averaged over its draws; images of one patient are drawn together, as for the
claims about Table 1 (`validation.statistics.resampling`). Every map explains the log-odds of its
image's verdict, whichever it is, so that maps of different verdicts are of one quantity.
"""

import numpy as np
import pandas as pd

from validation.claims.judge import Judgement, judge_claim
from validation.claims.parts import Claim, exceeds, outweighs
from validation.claims.table1_claims import DIFFERENT, SAME
from validation.statistics.intervals import Cell
from validation.statistics.patient_sums import Ratio
from validation.statistics.resampling import Resamples, resample_ratios

ORIGINAL = "original"
AGREEMENTS = ("rank_correlation", "top_overlap", "structural_similarity")
OTHERS = tuple(f"other_{measure}" for measure in AGREEMENTS)
UPPER, LOWER = HALVES = ("in_upper_half", "in_lower_half")
COLUMNS = ("method", "draw", "image_id", "identity", "glaucoma", *AGREEMENTS, *OTHERS)
PLACES = ("in_iris", UPPER)
NOTHING_EXPLAINED = pd.DataFrame(columns=[*COLUMNS, *PLACES])
NO_RESAMPLES = Resamples({}, 0, {}, {}, {})
WHERE = "§3, on Deep Taylor, and Figure 5"

RELEVANCE_CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="relevance stays where it was",
        place=WHERE,
        quotation=(
            "both the original image (a) and the privatized image with glaucoma (b) display pixels "
            "with higher relevance for the classification in the same regions"
        ),
        statement=(
            "Maps of a privatized image and its original agree more with replacements of the same "
            "pathology than of a different one, and more than with another patient's original of "
            "the same pathology: any two eyes' maps agree somewhat. The three measures are ours."
        ),
        parts=(
            *(exceeds(measure, SAME, DIFFERENT) for measure in AGREEMENTS),
            *(outweighs(SAME, own, other) for own, other in zip(AGREEMENTS, OTHERS, strict=True)),
        ),
    ),
    Claim(
        name="relevance is in the upper side of the iris",
        place=WHERE,
        quotation="in the same regions (upper side of the iris)",
        statement=(
            "Of eyes with glaucoma, originals and privatized images with replacements of the same "
            "pathology have more relevance in the upper half of the iris than in the lower half."
        ),
        parts=(outweighs(ORIGINAL, UPPER, LOWER), outweighs(SAME, UPPER, LOWER)),
    ),
    Claim(
        name="without glaucoma the upper side is not highlighted",
        place=WHERE,
        quotation=(
            "these regions are not highlighted in the privatized image that does not contain "
            "glaucoma"
        ),
        statement=(
            "Of eyes with glaucoma, a smaller share of relevance is in the upper half of the iris "
            "with replacements of a different pathology than in originals, and than with "
            "replacements of the same pathology."
        ),
        parts=(exceeds(UPPER, ORIGINAL, DIFFERENT), exceeds(UPPER, SAME, DIFFERENT)),
    ),
)


# Claims about places in the iris, which images that aren't centred on irises can't show.
ABOUT_IRISES = tuple(claim.name for claim in RELEVANCE_CLAIMS[1:])


def judge_relevance(relevance: pd.DataFrame, *, seed: int = 0) -> list[Judgement]:
    """Judge every claim about maps.

    Args:
        relevance: one row per map, with COLUMNS and PLACES; NaN where a map has no such number.
            A method without rows was not measured.
        seed: of the bootstrap.

    Raises:
        ValueError: when a column is missing.
    """
    if missing := [name for name in (*COLUMNS, *PLACES) if name not in relevance]:
        raise ValueError(f"no column {', '.join(missing)}; explain the run again")
    resamples = NO_RESAMPLES
    if len(relevance):
        resamples = resample_ratios(
            average_by_patient(relevance),
            patients=relevance["identity"].nunique(),
            images=relevance["image_id"].nunique(),
            rng=np.random.default_rng(seed),
        )
    return [judge_claim(claim, resamples) for claim in RELEVANCE_CLAIMS]


def average_by_patient(relevance: pd.DataFrame) -> dict[Cell, Ratio]:
    """Sum what each mean needs, by patient, over the images that have all numbers compared.

    Args:
        relevance: as `judge_relevance`.

    Returns:
        By (method, measure): agreements over all images, places in the iris over those of eyes
        with glaucoma. Numbers that no image has are missing.
    """
    halves = relevance.assign(in_lower_half=relevance["in_iris"] - relevance[UPPER])
    glaucoma = halves[halves["glaucoma"].astype(bool)]
    patients = sorted(relevance["identity"].unique())
    return {
        **_average(halves, patients, (SAME, DIFFERENT), (*AGREEMENTS, *OTHERS)),
        **_average(glaucoma, patients, (ORIGINAL, SAME, DIFFERENT), HALVES),
    }


def _average(
    relevance: pd.DataFrame,
    patients: list[int],
    methods: tuple[str, ...],
    measures: tuple[str, ...],
) -> dict[Cell, Ratio]:
    """Return each patient's sums and counts of images that have every measure of every method."""
    wanted = relevance[relevance["method"].isin(methods)]
    if wanted["method"].nunique() < len(methods):
        return {}
    by_image = wanted.groupby(["identity", "image_id", "method"])[list(measures)].mean()
    table = by_image.unstack("method").dropna()
    if table.empty:
        return {}
    by_patient = table.groupby("identity")
    sums = by_patient.sum().reindex(patients, fill_value=0)
    bottom = by_patient.size().reindex(patients, fill_value=0).to_numpy(float)[:, None]
    return {
        (method, measure): Ratio(sums[measure, method].to_numpy(float)[:, None], bottom)
        for method in methods
        for measure in measures
    }
