"""What a run's pages call the disease and an image: glaucoma and eyes, or what its manifest has.

Sentences are written in the paper's words, once. Where a page, a picture's text or a printed line is
written, `put` gives it the words of the run at work, as a locale does; with the paper's words nothing
changes. Names of columns, keys, files and expectations are identifiers and stay: what stands in
backticks or in `<code>`, or is joined by `_`, `-`, `/`, `.` or `:`. So does what the paper says.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

GLAUCOMA, DISEASE = "glaucoma", "disease"  # what a manifest may call its label
ALONE = r"(?<![-/_.:\w]){}(?![-/_]|[.:]\w)\b"
# Where a patient has a left and a right one, an eye is an eye.
EYE = re.compile(ALONE.format("(?<!left )(?<!right )(eye|Eye)"))
EYES = re.compile(ALONE.format("(eye|Eye)s"))
# Before another noun it has no article: the disease network.
BEFORE_NOUN = re.compile(
    ALONE.format("glaucoma") + r"(?= (?:accuracy|F1|label|network|probability|recognition))"
)
RULES = (
    (re.compile(ALONE.format("no glaucoma")), "no disease"),
    (re.compile(ALONE.format("its glaucoma")), "its label"),
    (re.compile(r"\b(every image|every eye called) glaucoma\b"), r"\1 ill"),
    (BEFORE_NOUN, "disease"),
    (re.compile(ALONE.format("Glaucoma")), "Disease"),
    (re.compile(ALONE.format("glaucoma")), "the disease"),
)
# What is said of eyes alone, and of images instead.
OF_EYES = (
    (re.compile(r"\b(its|Its) eye\b"), r"\1 side"),
    (re.compile(", as an eye does"), ""),
    (re.compile("images of eyes"), "images"),
    (re.compile("Pictures of eyes"), "Pictures of patients"),
    (re.compile("picture of an eye"), "picture of a patient"),
    (
        re.compile(r"The pupil\S+ and the iris\S+ edge correlate"),
        "Edges that all images have correlate",
    ),
)
# Names in backticks, quotations of the paper and where they stand.
KEPT = re.compile(r"(`[^`]*`|“[^”]*”|\(§[^)]*\))")
# Also kept: what the report has of docs/departures.md, whose figures are of eyes.
MARKUP = re.compile(
    r'(<(style|script|code|blockquote)\b.*?</\2>|<h2 id="departures">.*?(?=<h2 )|<[^>]*>)',
    re.DOTALL,
)
READ_OUT = re.compile(r'( (?:alt|aria-label|title)=")([^"]*)')


@dataclass(frozen=True)
class Words:
    """What one run calls things.

    Args:
        label: the name of the manifest's column, GLAUCOMA or DISEASE.
        eyes: whether an image is called an eye.
    """

    label: str = GLAUCOMA
    eyes: bool = True

    def put(self, text: str) -> str:
        """Return a sentence, or a page of Markdown, in these words."""
        if self == OF_PAPER:
            return text
        return "".join(
            part if number % 2 else self._replace(part)
            for number, part in enumerate(KEPT.split(text))
        )

    def put_page(self, page: str) -> str:
        """Return a page of HTML in these words: its text, and what screen readers read out."""
        if self == OF_PAPER:
            return page
        parts, at = [], 0
        for mark in MARKUP.finditer(page):
            read_out = READ_OUT.sub(lambda found: found[1] + self.put(found[2]), mark[0])
            parts += [self.put(page[at : mark.start()]), read_out]
            at = mark.end()
        return "".join([*parts, self.put(page[at:])])

    def _replace(self, text: str) -> str:
        if self.label == DISEASE:
            for pattern, word in RULES:
                text = pattern.sub(word, text)
        if not self.eyes:
            for pattern, words in OF_EYES:
                text = pattern.sub(words, text)
            text = EYES.sub(partial(_name_image, plural="s"), text)
            text = EYE.sub(_name_image, text)
        return text


def _name_image(found: re.Match, plural: str = "") -> str:
    return ("Image" if found[1] == "Eye" else "image") + plural


OF_PAPER = Words()
AT_WORK: ContextVar[Words] = ContextVar("words", default=OF_PAPER)


def choose_words(label: str, *, mirroring: bool, on_irises: bool) -> Words:
    """Return the words of a run: an image is an eye where it has a side or an iris in the middle."""
    return Words(label, eyes=mirroring or on_irises)


@contextmanager
def using(words: Words) -> Iterator[None]:
    """Have `put` and `put_page` use these words inside."""
    before = AT_WORK.set(words)
    try:
        yield
    finally:
        AT_WORK.reset(before)


def put(text: str) -> str:
    """Return a sentence, or a page of Markdown, in the words of the run at work."""
    return AT_WORK.get().put(text)


def put_page(page: str) -> str:
    """Return a page of HTML in the words of the run at work."""
    return AT_WORK.get().put_page(page)
