"""The most that anybody can name patients in images that carry a code, and nothing else of their source.

**Theorem.** A privatizer releases Y = G(c, z) of an image X of patient P, where the code c = q(X) is one of
M and z is noise drawn afresh, independent of X. Then P -> X -> c -> Y is a Markov chain: given the code, an
attacker's answer is independent of the patient. So whoever answers with a patient, whatever he learned
and whether or not he knows q, G and how often each patient comes, is right with probability

    sum_c sum_p Pr(p, c) Pr(answer = p | c)  <=  V = sum_c max_p Pr(p, c)  <=  M max_p Pr(p),

and who reads the code itself and answers with its most frequent patient is right with V. V is the
posterior vulnerability of the patient, and M the capacity of a channel with M outputs (Braun,
Chatzikokolakis and Palamidessi, "Quantitative notions of leakage for one-try attacks", MFPS 2009; Smith,
"On the foundations of quantitative information flow", FoSSaCS 2009; Alvim, Chatzikokolakis,
Palamidessi and Smith, "Measuring information leakage using generalized gain functions", CSF 2012). Of N
given images, each as likely as another, Pr(p, c) is the share of images of patient p with code c.

*Covered*: one image, released any number of times (the noises together are one z), and a choice among
releases by code and release alone. *Not covered*: several images of a patient seen together, when their
codes differ, for then the codes add up; and what G itself, by its weights, shows of patients it learned.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ChannelBound:
    """What the codes of some images prove of whoever sees one of them, however often released.

    Args:
        at_most: V, the largest share of images whose patient can be named, in (0, 1].
        at_most_equal: the same where every patient counts the same, however many images each has.
        at_most_loose: M max_p n_p / N, of the number of codes and the patient with the most images
            alone; it is never below V, and above 1 it proves nothing.
        codes: M, those that the images have.
        fewest_patients: the smallest number of patients who share a code.
    """

    at_most: float
    at_most_equal: float
    at_most_loose: float
    codes: int
    fewest_patients: int


def bound_channel(
    identity: np.ndarray, code: np.ndarray, mask: np.ndarray | None = None
) -> ChannelBound:
    """Return what the codes of N images prove; see the theorem above.

    Args:
        identity: (N,) of whom each image is.
        code: (N,) integers, all that the released image carries of its source.
        mask: (N,) bool, the images that it is about; None for all.

    Raises:
        ValueError: when the lengths differ, or there are no images.
    """
    rows = np.ones(len(identity), bool) if mask is None else mask
    if not len(identity) == len(code) == len(rows):
        raise ValueError(f"codes: expected one for each of {len(identity)} images, got {len(code)}")
    if not rows.any():
        raise ValueError("codes: there are no images")
    codes, row = np.unique(code[rows], return_inverse=True)
    patients, column = np.unique(identity[rows], return_inverse=True)
    counts = np.zeros((len(codes), len(patients)), int)
    np.add.at(counts, (row, column), 1)
    each = counts.sum(axis=0)
    return ChannelBound(
        at_most=float(counts.max(axis=1).sum() / counts.sum()),
        at_most_equal=float((counts / each).max(axis=1).sum() / len(patients)),
        at_most_loose=float(len(codes) * each.max() / counts.sum()),
        codes=len(codes),
        fewest_patients=int((counts > 0).sum(axis=1).min()),
    )
