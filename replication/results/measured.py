"""What studies left in a run: the cost of departures, and whether maps pass sanity checks."""

from pathlib import Path

from replication.errors import DataError
from replication.store.files import read_json
from validation.claims.judge import Finding

Costs = dict[str, dict[str, float]]  # accuracies by choice, fractions in [0, 1]
COSTS = "departures.json"
SANITY_FIGURES, SANITY_PAGE = "explanation_sanity.json", "explanation_sanity.md"


def read_costs(root: Path) -> Costs | None:
    """Return what departures were measured to cost in a run, None where they weren't.

    Args:
        root: the run's folder.

    Returns:
        Per choice, accuracies by name, fractions in [0, 1].

    Raises:
        SettingsError: when the file is no JSON.
        DataError: when it holds anything else than that.
    """
    file = root / COSTS
    if not file.exists():
        return None
    costs = read_json(file)
    if not all(isinstance(figures, dict) for figures in costs.values()) or not all(
        isinstance(figure, float) and 0 <= figure <= 1
        for figures in costs.values()
        for figure in figures.values()
    ):
        raise DataError(f"{file}: not what `cli.py measure-departures` leaves there; run it again")
    return costs


FINDINGS = ("finding", "criterion")


def read_randomisation(root: Path) -> dict[str, str] | None:
    """Return whether untrained layers destroyed a run's maps, None where it wasn't checked.

    Args:
        root: the run's folder.

    Returns:
        `finding`, a word of `Finding`, and the `criterion` it was found by.

    Raises:
        SettingsError: when the file of figures is no JSON.
        DataError: when it holds anything else than that.
    """
    file = root / SANITY_FIGURES
    if not file.exists():
        return None
    found = read_json(file).get("randomisation")
    told = {name: found.get(name) for name in FINDINGS} if isinstance(found, dict) else {}
    if told.get("finding") not in list(Finding) or not isinstance(told["criterion"], str):
        raise DataError(f"{file}: not what `cli.py check-explanations` leaves there; run it again")
    return told
