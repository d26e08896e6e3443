"""The paper's sentence on k-anonymity (§3), of K-Same-Select as built and as its authors define it.

It is about the highest probability of being recognised, whoever looks: a network that has seen
originals alone can refute it, and can't bear it out. So it isn't judged by that network alone, with the
claims about Table 1, but in Table 2: by it, and by the best attacker that retrains.
"""

from validation.claims.parts import Claim, Part, each_below
from validation.claims.table1_claims import K_SAMES

GROUPED = ("k-same-grouped-3", "k-same-grouped-6", "k-same-grouped-12")
PLACE = "§3, on K-Same-Select"
QUOTATION = (
    "Each image used in the privatized image belongs to a different patient, ensuring K-Anonymity"
)


def _below_one_in_k(methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Return the parts: with each method, whose name ends with its K, 1/K is not reached."""
    parts = (
        each_below(1 / int(method.rpartition("-")[2]), "identity_accuracy", (method,))
        for method in methods
    )
    return tuple(part for [part] in parts)


ANONYMITY_CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="K-Same-Select is k-anonymous",
        place=PLACE,
        quotation=QUOTATION,
        statement="With every K the patient is named in less than 1/K of the images.",
        parts=_below_one_in_k(K_SAMES),
    ),
    Claim(
        name="K-Same-Select in groups is k-anonymous",
        place=PLACE,
        quotation=QUOTATION,
        statement=(
            "The same with groups that share one average, as Newton et al. (2005) define them. 1/K is "
            "the bound for patients with as many images each; where some have more, whoever names the "
            "member with the most does better, and the page of stage 06 has the bound that is proven."
        ),
        parts=_below_one_in_k(GROUPED),
    ),
)
