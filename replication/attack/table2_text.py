"""Table 2 as text: a table per requirement, the summary, the claims; and in short for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from replication.attack.proven import IMAGES
from replication.attack.table2 import (
    AT_MOST,
    MEASURES,
    NOISE,
    Requirement,
)
from replication.privatize.methods import BEYOND, ROWS
from replication.store.numbers import (
    DOES_NOT_APPLY,
    NOT_MEASURED,
    Write,
    write_interval,
    write_percent,
)
from replication.store.tables import Section, lay_out_for_terminal
from validation.claims.judge import Finding
from validation.claims.requirements_claim import (
    ALL,
    EVIDENCE,
    LIMITS,
    NAME,
    PRIVACY,
    QUALITY,
    QUOTATION,
    Limit,
    MethodJudgement,
    judge_claim,
)

READ_ME = (
    "Value (95% interval by bootstrap over patients) / chance, what it would be with nothing to "
    "see. Shares in percent. '-' does not apply, or is not known on these data. Figures are exploratory "
    "but for the claims below: each interval is of 95% by itself, and of so many some miss. Of "
    "differences between methods (`differences.csv`) q is the false discovery rate over all of them "
    "(Benjamini-Hochberg): believe those below 0.05."
)
SUMMARY = (
    "Each by its worst figure. Privacy is 1 at chance and 0 where everyone is named; evidence is 1 "
    "as in the original and 0 at chance, and without a sign's place not measured; intelligibility "
    "is 1 as real eyes."
)
CLAIMS = (
    "By the network that has seen originals alone, as the paper's, and by the best attackers that "
    "retrain, on the patient and on the replaced."
)
GRID = (
    "Patients named, in percent, by the attacker that is best on validation images: so many draws "
    "of each training image learned, so many releases of a test image read, or of every test image "
    "of a patient. A method that doesn't draw has one release."
)
CHECKS = (
    "On originals the best attacker has to recognise at least as well as the identity network, on "
    "noise nobody may be named beyond chance: else no method's privacy counts as measured. A "
    "learning curve that still rises by more than the limit with the last draws makes a method's "
    "figure a lower bound."
)
PROVEN = (
    "In percent. Where all that an image carries of its source is a code, beside fresh noise, nobody names "
    "more patients in single images than 'at most', however often each is released and whatever was "
    "learned; of several images of a patient together that is proven only where they have one code. "
    "With patients equal: each counts the same, however many images they have. Loose: codes times "
    "the largest share of a patient."
)
THREE = (
    f'The paper (§4): "{QUOTATION}". With limits of ours, for any method and data: {{}}. A limit is kept '
    "where all of a number's interval lies inside, and broken where all of it lies outside."
)
KEPT = {True: "yes", False: "no: something besides the code leaks", None: NOT_MEASURED}
NOTES = {
    Requirement.PATIENT: (
        "Each attacker's figure is by the draws learned and the releases read that do best on "
        "validation images, and so is the best retrained attacker chosen. Noise shows nothing of anyone: "
        "an attacker above chance there would be wrong. Unseen patients are those of whom the attacker "
        "has learned nothing; the evaluator's network has learned their originals. A patient is linked "
        "who scores above all others of a crowd, and singled out where a score is above its limit "
        "for one of the crowd alone, whoever that is: the law's words (WP29, Opinion 05/2014)."
    ),
    Requirement.REPLACED: (
        "Learned: by ridge regression from releases of the training images, whose used patients "
        "are known to who owns the method. Solved: least squares over the gallery gives exactly "
        "the patients used. Chance is what is known without an image: whom the method uses how "
        "often, given the label."
    ),
    Requirement.EVIDENCE: (
        "Glaucoma accuracy flatters a method that is given the label: without an effect of the sign "
        "it shows a label, not evidence. The pupil's and the iris' edge correlate too, so read the "
        "correlation beside its chance and beside what of it is owed to the sign."
    ),
    Requirement.QUALITY: (
        "SSIM and PSNR are highest for an image that hides nothing, and say nothing of the sign: a "
        "blur that has lost it scores above PPRL-VGAN. Sharpness of 1 is no proof of a true eye. "
        "The kernel distance is of gradients, to other patients' training originals: 1 as real eyes "
        "of other patients, 2 where images are as far off again as two groups of 50 are apart."
    ),
}
SHORT = {row.name: row.short for row in (*ROWS, *BEYOND)} | {NOISE: NOISE}

NUMBER = 12  # letters of a column
# What a terminal has room for: the measure, and its heading in two lines.
SHOWN = (
    ("identity_static", "Identity:", "static"),
    ("identity_best", "Identity:", "retrained"),
    ("used_auc", "Replaced:", "AUC"),
    ("glaucoma_f1", "Glaucoma:", "F1"),
    ("sign_kind_auc", "Sign kind:", "AUC"),
)


def to_markdown(attack: Mapping, *, heading: str) -> str:
    """Write the page of rows, summary and claims, as `table2.json` has them, under a heading."""
    tables = [
        replace(table, note=f"**{title}.** {table.note}".rstrip())
        for title, table in to_tables(attack).items()
    ]
    return "\n\n".join([heading, READ_ME, *(table.to_markdown() for table in tables)]) + "\n"


def to_tables(attack: Mapping) -> dict[str, Section]:
    """Lay Table 2 out, by title: one table per requirement, then the summary and the claims."""
    tables = {
        requirement.value.capitalize(): _tabulate(attack["rows"], requirement)
        for requirement in Requirement
    }
    if attack.get("grid"):  # a run's page can be made anew that is older than both
        tables["Draws learned, releases read"] = _tabulate_grid(attack["grid"])
        tables["Were the attackers good enough?"] = _tabulate_checks(attack["attackers"])
    if attack.get("proven"):
        tables["What is proven"] = _tabulate_proven(attack["proven"])
    tables["The paper's three requirements"] = _tabulate_summary(attack["summary"])
    claims = [
        (claim["name"], *(Finding.from_stored(claim[who]).value for who in ("static", "retrained")))
        for claim in attack["claims"]
    ]
    headings = ("claim", "static network", "best retrained")
    tables["The paper's claims about privacy"] = Section(CLAIMS, headings, claims, words=3)
    if attack.get("requirements"):
        tables["Does a method meet all three?"] = _tabulate_judged(attack["requirements"])
    return tables


def _tabulate(numbers: Sequence[Mapping], requirement: Requirement) -> Section:
    """One row per method, one column per measure that any method has."""
    cells = {
        (row["method"], row["measure"]): write_cell(row)
        for row in numbers
        if MEASURES[row["measure"]].requirement is requirement
    }
    found = {measure for _, measure in cells}
    headings = {name: one.heading for name, one in MEASURES.items() if name in found}
    rows = [
        (SHORT[method], *(cells.get((method, name), DOES_NOT_APPLY) for name in headings))
        for method in dict.fromkeys(method for method, _ in cells)
    ]
    return Section(NOTES.get(requirement, ""), ("method", *headings.values()), rows)


def _tabulate_grid(grid: Sequence[Mapping]) -> Section:
    """One row per method, one column per draws learned and releases read; the best attacker each."""
    best: dict[tuple, Mapping] = {}
    for row in grid:
        if row["victim"] == "patient":
            cell = row["method"], row["images"], row["learned"], row["read"]
            if cell not in best or row["validation"] > best[cell]["validation"]:
                best[cell] = row
    ways = sorted({cell[1:] for cell in best}, key=lambda way: (way[0] != "one", *way[1:]))
    headings = [
        f"{learned} learned, {read} read" + ("" if images == "one" else ", all images")
        for images, learned, read in ways
    ]
    rows = [
        (
            SHORT[method],
            *(
                write_percent(best[method, *way]["test"], digits=1)
                if (method, *way) in best
                else DOES_NOT_APPLY
                for way in ways
            ),
        )
        for method in dict.fromkeys(cell[0] for cell in best)
    ]
    return Section(GRID, ("method", *headings), rows)


def _tabulate_checks(checks: Sequence[Mapping]) -> Section:
    rows = [
        (
            check["check"],
            SHORT[check["method"]] if check["method"] else "all",
            check["victim"],
            f"{check['value']:.3f}",
            f"{check['limit']:.3f}",
            "yes" if check["holds"] else "no",
        )
        for check in checks
    ]
    headings = ("check", "method", "victim", "value", "limit", "good enough")
    return Section(CHECKS, headings, rows, words=3)


def _tabulate_proven(held: Sequence[Mapping]) -> Section:
    rows = [
        (
            f"{SHORT[row['method']]}, {IMAGES[row['measure'].removeprefix(AT_MOST)]}",
            write_cell({"measure": row["measure"], "chance": None} | row),
            *(write_percent(row[f"at_most{kind}"], digits=1) for kind in ("", "_equal", "_loose")),
            row["codes"],
            row["fewest_patients"],
            KEPT[row["holds"]],
        )
        for row in held
    ]
    headings = ("images", "best retrained attacker", "at most", "patients equal", "loose")
    headings += ("codes", "fewest patients of a code", "attackers keep within")
    return Section(PROVEN, headings, rows)


def _tabulate_summary(summary: Sequence[Mapping]) -> Section:
    by_cell = {(row["method"], row["requirement"]): row for row in summary}
    requirements = (PRIVACY, EVIDENCE, QUALITY)
    rows = [
        (SHORT[method], *(_write_worst(by_cell[method, one]) for one in requirements))
        for method in dict.fromkeys(row["method"] for row in summary)
    ]
    return Section(SUMMARY, ("method", *requirements), rows, words=4)


def _tabulate_judged(found: Sequence[Mapping]) -> Section:
    judged = [
        MethodJudgement(
            *(row[key] for key in ("method", "requirement")),
            Finding(row["finding"]),
            tuple(row["measures"]),
        )
        for row in found
    ]
    by_cell = {(each.method, each.requirement): each for each in judged}
    requirements = (PRIVACY, EVIDENCE, QUALITY, ALL)
    rows = [
        (SHORT[method], *(_write_judged(by_cell[method, one]) for one in requirements))
        for method in dict.fromkeys(each.method for each in judged)
    ]
    last = f'The claim "{NAME}": {judge_claim(judged).value}.'
    note = THREE.format("; ".join(map(_write_limit, LIMITS)))
    return Section(note, ("method", *requirements), rows, words=5, last=last)


def _write_limit(limit: Limit) -> str:
    write = _find_form(limit.measure) if limit.beside is None else "{:.2f}".format
    ends = {"at least": limit.least, "at most": limit.most}
    words = " and ".join(f"{word} {write(end)}" for word, end in ends.items() if end is not None)
    of = f" of {SHORT[limit.beside]}'s" if limit.beside else ""
    return f"{MEASURES[limit.measure].heading} {words}{of}"


def _write_judged(found: MethodJudgement) -> str:
    if found.requirement == ALL or found.finding is Finding.HOLDS:
        return found.finding.value
    names = ", ".join(MEASURES[name].heading for name in found.measures)
    return f"{found.finding.value}: {names}"


def _write_worst(row: Mapping) -> str:
    if row["measure"] is None:
        return NOT_MEASURED
    return f"{row['share']:.2f}: {MEASURES[row['measure']].heading}, {write_cell(row)}"


def write_cell(row: Mapping) -> str:
    """Write one number of the table: value (low to high) / chance."""
    value, low, chance = row["value"], row["low"], row["chance"]
    write = _find_form(row["measure"])
    text = write(value) if low is None else write_interval(value, low, row["high"], write)
    return text if chance is None else f"{text} / {write(chance)}"


def _find_form(measure: str) -> Write:
    return partial(write_percent, digits=1) if MEASURES[measure].fraction else "{:.2f}".format


def lay_out_table2(numbers: Sequence[Mapping], *, title: str) -> list[str]:
    """Return the table's lines for a terminal.

    They are the title, two lines of headings, the methods in Table 1's order and then noise.
    """
    values = {(row["method"], row["measure"]): row["value"] for row in numbers}
    measured = {method for method, _ in values}
    headings = [("", *(shown[line] for shown in SHOWN)) for line in (1, 2)]
    rows = [
        (f" {short}", *(_write(values, method, shown[0]) for shown in SHOWN))
        for method, short in SHORT.items()
        if method in measured
    ]
    return lay_out_for_terminal(title, [*headings, *rows], number=NUMBER)


def _write(values: Mapping, method: str, measure: str) -> str:
    value = values.get((method, measure))
    if value is None:
        return DOES_NOT_APPLY
    return _find_form(measure)(value) + "%" * MEASURES[measure].fraction
