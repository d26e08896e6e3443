"""The rows of the paper's tables and the methods behind them, in the order of its Table 1.

Every method has one shape, its parameters bound here: a new method is one file and one line. Methods
that the paper hasn't come last (`in_paper`): they are privatized, evaluated and attacked like the
others, and stand apart from Table 1's rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from replication.config import CodeSettings
from replication.errors import SettingsError
from replication.privatize.blur import privatize_by_blur
from replication.privatize.dp_pix import privatize_by_dp_pix
from replication.privatize.evidence_code import privatize_by_evidence_code, take_sign_away
from replication.privatize.k_same_grouped import privatize_by_k_same_grouped
from replication.privatize.k_same_select import privatize_by_k_same_select
from replication.privatize.pp_mir import privatize_by_pp_mir
from replication.privatize.pprl_vgan import privatize_by_pprl_vgan
from replication.privatize.replacement import Pool, count_pools
from replication.records import TABLE1_METRICS, EyeDataset, PrivatizedSet
from replication.store.run_record import CODE, PP_MIR, VGAN

BASELINE = "original"
AVERAGED_REPLACEMENTS = 5  # paper §3: six images, one of them with the original identity
# Fan's defaults (DBSec 2018; TPDP 2019) for faces of 92 x 112 px; of 64 px they are 4 x 4 cells.
DP_PIX = {"cell_px": 16, "neighbour_px": 16, "epsilon": 0.5}


@dataclass(frozen=True)
class Row:
    """A row of Table 1, or one beyond it: what it is about, and which numbers it has."""

    name: str  # on the command line
    experiment: str  # Table 1's first column
    dataset: str  # Table 1's second column
    short: str  # the same in few letters, for terminals and figures
    has_replacement: bool  # whether it has a replacement identity accuracy
    in_paper: bool = field(default=True, kw_only=True)  # whether Table 1 of the paper has it

    def metrics(self) -> tuple[str, ...]:
        """Return the names of the row's three or four numbers, in the table's order."""
        return tuple(
            name
            for name in TABLE1_METRICS
            if self.has_replacement or name != "replacement_accuracy"
        )


@dataclass(frozen=True)
class Method(Row):
    """A privatizer with its parameters, and its row of Table 1.

    Args:
        privatize: `(queries, *, gallery, generator, seed, draws)` to an iterator of
            `PrivatizedSet`: one set where nothing is drawn, else one per draw. Queries are the
            images to privatize, the gallery the training images.
        generator: unit of the training whose generator has to be handed in; None where none has.
        is_drawn: whether it draws random numbers, so that seed and number of draws change what comes.
        painted: identities that a generator paints into one image, 0 without one.
        others_only: whether what goes into an image is never of its own patient's.
        count_pools: `(queries, gallery)` to (N,), how many patients each query's replacements are
            drawn from; None where none are drawn.
        alike: how many patients at least share what their training images become, equal bytes or a code;
            0 where the method promises none.
        take_sign_away: `(drawn set, generator)` to the same drawn eyes without a sign; None where nothing
            is drawn from a code.
    """

    privatize: Callable[..., Iterator[PrivatizedSet]]
    generator: str | None = None
    is_drawn: bool = False
    painted: int = 0
    others_only: bool = False
    count_pools: Callable[[EyeDataset, EyeDataset], np.ndarray] | None = None
    alike: int = 0
    take_sign_away: Callable[..., np.ndarray] | None = None


def _pprl_vgan(
    name: str, pool: Pool, dataset: str, *, short: str, averaged: bool = False
) -> Method:
    privatize = partial(
        privatize_by_pprl_vgan,
        method=name,
        pool=pool,
        replacements=AVERAGED_REPLACEMENTS if averaged else 1,
        with_original=averaged,
        others_only=averaged,
    )
    painted = AVERAGED_REPLACEMENTS + 1 if averaged else 1
    count = partial(count_pools, pool=pool, others_only=averaged)
    return Method(
        name,
        "PPRL-VGAN",
        dataset,
        short,
        True,
        privatize,
        generator=VGAN,
        is_drawn=True,
        painted=painted,
        others_only=averaged,
        count_pools=count,
    )


def _blur(kernel_px: int) -> Method:
    name = f"blur-{kernel_px}"
    dataset = f"Privatized set with kernel size {kernel_px}"
    privatize = partial(privatize_by_blur, method=name, kernel_px=kernel_px)
    return Method(name, "Blurring", dataset, f"kernel {kernel_px}", False, privatize)


def _k_same_select(k: int) -> Method:
    name = f"k-same-{k}"
    dataset = f"Privatized set with {k} identities"
    privatize = partial(privatize_by_k_same_select, method=name, k=k, own_patient=False)
    return Method(name, "K-Same-Select", dataset, f"K = {k}", True, privatize, others_only=True)


def _k_same_grouped(k: int) -> Method:
    name = f"k-same-grouped-{k}"
    dataset = f"Privatized set with groups of {k} patients or more"
    privatize = partial(privatize_by_k_same_grouped, method=name, k=k)
    short = f"grouped, K = {k}"
    return Method(
        name, "K-Same in groups", dataset, short, True, privatize, in_paper=False, alike=k
    )


def _dp_pix(*, cell_px: int, neighbour_px: int, epsilon: float) -> Method:
    name = f"dp-pix-{cell_px}"
    dataset = (
        f"Privatized set with pixels of {cell_px} and noise, epsilon = {epsilon:g} for "
        f"m = {neighbour_px} pixels, not for a person"
    )
    privatize = partial(
        privatize_by_dp_pix,
        method=name,
        cell_px=cell_px,
        neighbour_px=neighbour_px,
        epsilon=epsilon,
    )
    short = f"DP-Pix eps {epsilon:g} m {neighbour_px}"
    return Method(name, "DP-Pix", dataset, short, False, privatize, is_drawn=True, in_paper=False)


def _pp_mir() -> Method:
    name = "pp-mir"
    dataset = "Privatized set w/ the iris kept and no identity recognised"
    privatize = partial(privatize_by_pp_mir, method=name)
    return Method(
        name,
        "PP-MIR",
        dataset,
        "PP-MIR",
        False,
        privatize,
        generator=PP_MIR,
        is_drawn=True,
        in_paper=False,
    )


def _evidence_code(k: int) -> Method:
    name = f"evidence-code-k{k}"
    dataset = f"Privatized set with a disease code that {k} patients or more share"
    privatize = partial(privatize_by_evidence_code, method=name, k=k)
    short = f"code, k = {k}"
    return Method(
        name,
        "Evidence code",
        dataset,
        short,
        True,
        privatize,
        generator=CODE,
        is_drawn=True,
        in_paper=False,
        alike=k,
        take_sign_away=take_sign_away,
    )


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        _pprl_vgan(
            "pprl-vgan-random",
            Pool.RANDOM,
            "Privatized set w/ random identities",
            short="random",
        ),
        _pprl_vgan(
            "pprl-vgan-same-pathology",
            Pool.SAME_PATHOLOGY,
            "Privatized set w/ identities w/ the same pathologies",
            short="same pathology",
        ),
        _pprl_vgan(
            "pprl-vgan-different-pathology",
            Pool.DIFFERENT_PATHOLOGY,
            "Privatized set w/ identities w/ different pathologies",
            short="different pathology",
        ),
        _pprl_vgan(
            "pprl-vgan-averaged-random",
            Pool.RANDOM,
            "Averaged privatized set using images from random identities",
            short="averaged, random",
            averaged=True,
        ),
        _pprl_vgan(
            "pprl-vgan-averaged-same-pathology",
            Pool.SAME_PATHOLOGY,
            "Averaged privatized set using images sharing the same pathology",
            short="averaged, same",
            averaged=True,
        ),
        *map(_blur, (3, 9, 15, 21)),
        *map(_k_same_select, (3, 6, 9, 12)),
        *map(_k_same_grouped, (3, 6, 12)),
        _dp_pix(**DP_PIX),
        *map(_evidence_code, CodeSettings().levels),
        _pp_mir(),
    )
}
# Table 1's rows; the baseline is a row and no method.
ROWS: tuple[Row, ...] = (
    Row(BASELINE, "Baseline", "Original test set", "original", False),
    *(method for method in METHODS.values() if method.in_paper),
)
BEYOND: tuple[Row, ...] = tuple(method for method in METHODS.values() if not method.in_paper)


def find_method(name: str) -> Method:
    """Return the method of that name.

    Raises:
        SettingsError: when there is none; the message names the known ones.
    """
    if name not in METHODS:
        raise SettingsError(f"unknown method '{name}'; known methods: {', '.join(METHODS)}")
    return METHODS[name]
