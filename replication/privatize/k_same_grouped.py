"""Privatize by K-Same-Select in groups, as Newton et al. (2005) and Gross et al. (2006) define it.

A person-specific set, one image for each person, is cut into groups; a group is taken out, and all
of its members get the same average. K-Same-Select does so within the images of one pathology. What
these definitions leave open is chosen here as follows.

- *Several images of a patient.* The person's image is the mean of the patient's gallery images of
  that pathology, so that each member weighs the same in its group's average. A patient with eyes of
  both kinds is a member of two groups, one of each pathology.
- *Order.* Of the patients left, the one of the lowest identity begins a group, with the k - 1 nearest
  ones (Euclidean, between the persons' images). Fewer than 2k are one last group.
- *Queries.* An image gets the average of its patient's group. Where the patient has no gallery image
  of that pathology, or is unknown, there is no such group, and the image joins the nearest: the one
  whose average is nearest to it. Its crowd is then larger, not smaller, than k.

What follows, and what doesn't. Images of one group are equal bytes, so nobody who sees one names its
patient better than by naming the member with the most images: 1 in k where all members have as many,
more where they don't: the group is an image's code, and `validation.statistics.channel` finds how
much. It holds for one image at a time. Who knows that two images are of one patient, one from a group of each pathology, looks for who
is in both; and images of a patient who joins as a stranger may join several groups. The average shows
its members to whoever looks for them: k-anonymity hides which of them, not who they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from replication.errors import MethodRefused
from replication.records import EyeDataset, Generator, PrivatizedSet, to_bytes, to_unit_range


def privatize_by_k_same_grouped(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    method: str,
    k: int,
) -> Iterator[PrivatizedSet]:
    """Yield the one set of groups' averages, draw 0; used are all of a group, the patient too.

    The code is the group: 2 g + 1 for group g of those with glaucoma, 2 g of those without.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`).
        method: its name in the registry.
        k: the fewest patients in a group.

    Raises:
        MethodRefused: when fewer than k patients have a gallery image of a query's pathology.
    """
    images = np.empty_like(queries.images)
    used = np.empty((len(queries), 2 * k - 1), queries.identity.dtype)
    code = np.empty(len(queries), np.intp)  # one for each group, whichever queries there are
    for pathology in (False, True):
        rows = np.flatnonzero(queries.glaucoma == pathology)
        if len(rows):
            groups = form_groups(gallery, pathology, k=k)
            joined = groups.join(queries.images[rows], queries.identity[rows])
            images[rows] = to_unit_range(groups.averages[joined])
            used[rows] = groups.members[joined]
            code[rows] = 2 * joined + pathology
    yield PrivatizedSet(method, 0, images, used, code)


@dataclass(frozen=True)
class Groups:
    """The patients of one pathology in G groups."""

    identity: np.ndarray  # (P,) of the patients, ascending
    of_patient: np.ndarray  # (P,) group of each
    averages: np.ndarray  # (G, H, W, C) uint8
    members: np.ndarray  # (G, 2k - 1) identities; the first one again where there are fewer

    def join(self, images: np.ndarray, identity: np.ndarray) -> np.ndarray:
        """Return the (N,) groups of images: their patient's, the nearest where it has none.

        Args:
            images: (N, H, W, C) float32 in [-1, 1].
            identity: (N,) of their patients.
        """
        place = np.searchsorted(self.identity, identity).clip(max=len(self.identity) - 1)
        joined = self.of_patient[place]
        strange = self.identity[place] != identity
        joined[strange] = self._find_nearest(images[strange])
        return joined

    def _find_nearest(self, images: np.ndarray) -> np.ndarray:
        # Of whole gray levels these sums are exact in float64, however many images come at once.
        averages = self.averages.reshape(len(self.averages), -1).astype(float)
        levels = to_bytes(images).reshape(-1, averages.shape[1]).astype(float)
        return ((averages**2).sum(axis=1) / 2 - levels @ averages.T).argmin(axis=1)


def form_groups(gallery: EyeDataset, pathology: bool, *, k: int) -> Groups:
    """Cut the patients with gallery images of one pathology into groups of k or more.

    Raises:
        MethodRefused: when there are fewer than k such patients.
    """
    own = gallery.glaucoma == pathology
    identity = np.unique(gallery.identity[own])
    if len(identity) < k:
        raise MethodRefused(
            f"K-Same-Select in groups with K = {k}: only {len(identity)} patients have a training "
            f"image {'with' if pathology else 'without'} glaucoma; use a smaller K or more patients"
        )
    levels = to_bytes(gallery.images[own]).reshape(own.sum(), -1)
    # Of whole gray levels a mean is the same in whatever order its images come.
    alike = (levels[gallery.identity[own] == patient] for patient in identity)
    persons = np.stack([each.mean(axis=0) for each in alike])
    groups = _cut_groups(persons, k=k)
    of_patient, members = np.empty(len(identity), np.intp), np.empty((len(groups), 2 * k - 1), int)
    for number, group in enumerate(groups):
        of_patient[group] = number
        members[number] = identity[group[0]]
        members[number, : len(group)] = identity[group]
    averages = np.stack([persons[group].mean(axis=0) for group in groups])
    whole = np.rint(averages).astype(np.uint8).reshape(-1, *gallery.images.shape[1:])
    return Groups(identity, of_patient, whole, members)


def _cut_groups(persons: np.ndarray, *, k: int) -> list[np.ndarray]:
    """Return the rows of each group, ascending; of equally near persons the first are taken."""
    left, groups = np.arange(len(persons)), []
    while len(left) >= 2 * k:
        distance = ((persons[left] - persons[left[0]]) ** 2).sum(axis=1)
        distance[0] = -1  # the beginner is in its group, however many are equal to it
        nearest = np.argsort(distance, kind="stable")[:k]
        groups.append(np.sort(left[nearest]))
        left = np.delete(left, nearest)
    return [*groups, left]
