"""What the checks of explanations found, as Markdown, and where it lies in a run's folder."""

from collections.abc import Mapping

from replication.evaluate.table1 import NOT_MEASURED
from replication.explain.agreement import MEASURES
from replication.store.run_record import is_by_patient, tell_split
from replication.store.tables import lay_out_table


def to_markdown(figures: Mapping) -> str:
    """Write the page of what `check_explanations` found, without headings of its own.

    Args:
        figures: the content of `explanation_sanity.json`; None was not measured.
    """
    parts = (
        _tell_settings,
        _tell_randomisation,
        _tell_logit,
        _tell_structure,
        _tell_speed,
    )
    return "\n".join(line for part in parts for line in (*part(figures), ""))


def _tell_settings(figures: Mapping) -> list[str]:
    run, settings = figures["run"], figures["settings"]
    data = f"{run['source']['kind']} `{run['source']['name']}`"
    profile, seed = run["profile"]["name"], run["seed"]
    return [
        f"Checks of `{settings['method']}` of the glaucoma network. Data: {data}. Profile {profile}, "
        + f"seed {seed}. Sample: {settings['sample']}."
        + tell_split(by_patient=is_by_patient(run))
    ]


def _tell_randomisation(figures: Mapping) -> list[str]:
    found, lift = figures["randomisation"], figures["settings"]["lift"]
    others = {"level": "two different images"} | found["other_images"]
    note = (
        "**Parameter randomisation.** Layers replaced by untrained ones, from the last to the "
        "first, each row with those above it; medians over the sample of the agreement with the "
        "trained network's maps of the same images. Glaucoma neuron; both biases of the last layer "
        f"raised by {lift:g}, which changes neither a probability nor a map's pattern, so that no "
        "map is empty for its logit's sign. Maps that are empty all the same, since an untrained "
        "last layer may weigh no active unit positively, are counted and left out. For comparison, "
        "the trained network's maps of two patients with the same pathology."
    )
    headings = ("replaced down to", *(name.replace("_", " ") for name in MEASURES))
    rows = (
        (
            row["level"],
            *(_write(row[name], ".3f") for name in MEASURES),
            str(row["compared"]),
            str(row["empty"]),
        )
        for row in (*found["levels"], others)
    )
    table = lay_out_table((*headings, "pairs", "empty"), rows, words=1)
    return [note, "", *table, "", _tell_finding("Randomisation destroys the map", found)]


def _tell_logit(figures: Mapping) -> list[str]:
    note = (
        "**Relevance and logit.** Correlation of a map's sum with its logit, over the maps of all "
        f"{figures['settings']['test_images']} test originals that aren't empty; no bias raised."
    )
    headings = ("neuron", "Pearson", "Spearman", "maps", "empty", "smallest relevance")
    rows = (
        (
            neuron,
            _write(found["pearson"], ".3f"),
            _write(found["spearman"], ".3f"),
            str(found["maps"]),
            str(found["empty"]),
            _write(found["smallest"], "g"),
        )
        for neuron, found in figures["logit"].items()
    )
    return [note, "", *lay_out_table(headings, rows, words=1)]


def _tell_structure(figures: Mapping) -> list[str]:
    found, settings = figures["structure"], figures["settings"]
    side, cell = settings["cells"], settings["cell_px"]
    note = (
        f"**Images of one gray.** Variation (deviation / mean) of relevance over the {side}x{side} "
        f"inner cells of {cell} px; network and neuron as under randomisation, nothing replaced. "
        "No gray is exactly 0 as a network's input: its map is empty whatever the logit, since "
        "relevance is shared by input times weight."
    )
    images = {f"eyes (median of {found['compared']}; {found['empty']} empty)": found["eyes"]}
    images |= {f"gray {row['gray']}": row["variation"] for row in found["grays"]}
    rows = ((image, _write(value, ".2f")) for image, value in images.items())
    verdict = _tell_finding("An image of one gray has less structure than an eye", found)
    return [note, "", *lay_out_table(("image", "variation"), rows, words=1), "", verdict]


def _tell_speed(figures: Mapping) -> list[str]:
    speed, settings = figures["speed"], figures["settings"]
    start = f"seconds from a worker's start to its first {settings['batch']} maps"
    rows = (
        ("images a second, the analysis alone", _write(speed["images_per_second"], ".0f")),
        (start, _write(speed["start_seconds"], ".0f")),
    )
    note = f"**Speed**, on {settings['cores']} cores; not judged."
    return [note, "", *lay_out_table(("what", "figure"), rows, words=1)]


def _tell_finding(claim: str, found: Mapping) -> str:
    return f"{claim}: **{found['finding']}**. Criterion: {found['criterion']}."


def _write(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else format(value, form)
