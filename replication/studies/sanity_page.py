"""The page of what the checks of explanations found, in Markdown."""

from collections.abc import Mapping

from replication.explain.agreement import MEASURES
from replication.store.numbers import write_or_absent
from replication.store.run_record import describe_split, is_by_patient
from replication.store.tables import Section


def to_markdown(figures: Mapping) -> str:
    """Write the page of what `check_explanations` found, without headings of its own.

    Args:
        figures: the content of `explanation_sanity.json`; None was not measured.
    """
    sections = (
        _describe_settings,
        _describe_randomisation,
        _describe_logit,
        _describe_structure,
        _describe_speed,
    )
    return "\n\n".join(section(figures).to_markdown() for section in sections) + "\n"


def _describe_settings(figures: Mapping) -> Section:
    run, settings = figures["run"], figures["settings"]
    data = f"{run['source']['kind']} `{run['source']['name']}`"
    return Section(
        f"Checks of `{settings['method']}` of the glaucoma network. Data: {data}. Profile "
        f"{run['profile']['name']}, seed {run['seed']}. Sample: {settings['sample']}."
        + describe_split(by_patient=is_by_patient(run))
    )


def _describe_randomisation(figures: Mapping) -> Section:
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
    measures = (name.replace("_", " ") for name in MEASURES)
    rows = [
        (
            row["level"],
            *(_write(row[name], ".3f") for name in MEASURES),
            row["compared"],
            row["empty"],
        )
        for row in (*found["levels"], others)
    ]
    verdict = _describe_finding("Randomisation destroys the map", found)
    return Section(note, ("replaced down to", *measures, "pairs", "empty"), rows, last=verdict)


def _describe_logit(figures: Mapping) -> Section:
    note = (
        "**Relevance and logit.** Correlation of a map's sum with its logit, over the maps of all "
        f"{figures['settings']['test_images']} test originals that aren't empty; no bias raised."
    )
    forms = {"pearson": ".3f", "spearman": ".3f", "maps": "", "empty": "", "smallest": "g"}
    return Section(
        note,
        ("neuron", "Pearson", "Spearman", "maps", "empty", "smallest relevance"),
        [
            (neuron, *(_write(found[name], form) for name, form in forms.items()))
            for neuron, found in figures["logit"].items()
        ],
    )


def _describe_structure(figures: Mapping) -> Section:
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
    rows = [(image, _write(value, ".2f")) for image, value in images.items()]
    verdict = _describe_finding("An image of one gray has less structure than an eye", found)
    return Section(note, ("image", "variation"), rows, last=verdict)


def _describe_speed(figures: Mapping) -> Section:
    speed, settings = figures["speed"], figures["settings"]
    start = f"seconds from a worker's start to its first {settings['batch']} maps"
    rows = [
        ("images a second, the analysis alone", _write(speed["images_per_second"], ".0f")),
        (start, _write(speed["start_seconds"], ".0f")),
    ]
    note = f"**Speed**, on {settings['cores']} cores; not judged."
    return Section(note, ("what", "figure"), rows)


def _describe_finding(claim: str, found: Mapping) -> str:
    return f"{claim}: **{found['finding']}**. Criterion: {found['criterion']}."


def _write(value: float | None, form: str) -> str:
    return write_or_absent(value, lambda number: format(number, form))
