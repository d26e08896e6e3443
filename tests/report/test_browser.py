"""The report in a real browser: no request, no error, keyboard, contrast, a phone's width."""

import json
import shutil
from pathlib import Path

import pytest
from fake_eyes import plant_eyes
from planted_card import plant_card
from planted_run import plant_whole_run
from planted_table2 import plant_attack, plant_rows
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

from replication.attack.anybody.attack import attack_images
from replication.attack.anybody.collection import Collection
from replication.attack.anybody.outputs import list_cases
from replication.cases.card import render_card
from replication.records import to_bytes
from replication.report.attack_page import render_attack
from replication.report.stage import remake_report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason="no browser: chromium and chromedriver are not installed (Debian: chromium-driver)",
)
# Of every element with words of its own: its words, their size and weight, and the contrast of
# their colour with the first opaque background behind them (WCAG 2.1, 1.4.3).
FIND_CONTRASTS = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => {
  const linear = [r, g, b].map((c) => c / 255 <= 0.04045 ? c / 255 / 12.92
    : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const [r, g, b, a = 1] = channels(getComputedStyle(e).backgroundColor);
    if (a === 1) return [r, g, b];
  }
  throw new Error("no background");
};
for (const details of document.querySelectorAll("details")) details.open = true;
return [...document.querySelectorAll("body *:not(script, style)")].filter((e) =>
  [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
  const style = getComputedStyle(e);
  const colour = e instanceof SVGElement ? style.fill : style.color;
  const [one, other] = [luminance(channels(colour)), luminance(behind(e))];
  return {
    words: e.textContent.trim().slice(0, 40),
    ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05),
  };
});
"""
FIND_OVERFLOW = """
for (const details of document.querySelectorAll("details")) details.open = true;
const inside = (e) => e.closest(".scroll, .hidden, .skip, .label");
return [document.documentElement.scrollWidth, [...document.querySelectorAll("body *")]
  .filter((e) => !inside(e) && e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.tagName + ": " + e.textContent.trim().slice(0, 40))];
"""
# Of every chart of Table 2: its words, where they are, and their size on the screen. Boxes are as high
# as the letters, since lines stand closer than the boxes of a font.
FIND_CHART_WORDS = """
return [...document.querySelectorAll("[aria-label^='Chart with a row']")].map(chart =>
  [...chart.querySelectorAll("text")].map(text => {
    const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const middle = (top + bottom) / 2;
    return { words: text.textContent.trim(), size, left, right,
      top: middle - size / 2, bottom: middle + size / 2 };
  }));
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    planted = plant_whole_run(tmp_path_factory.mktemp("runs"))
    plant_attack(planted, "Table 2", plant_rows())
    return remake_report(planted)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    profile = tmp_path_factory.mktemp("browser")
    for word in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "hide-scrollbars",
    ):
        options.add_argument(f"--{word}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def show(browser, page):
    """Open the page anew; every test starts from it untouched."""

    def load(width=1280, scheme="light", of=page):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        # Without motion, so that what is pressed stays where it was seen.
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.get(of.as_uri())
        return browser

    return load


@pytest.fixture(scope="module")
def attack_page(tmp_path_factory):
    eyes = plant_eyes(8, 8)
    names = [f"p{number}" for number in eyes.identity]
    levels, disease = to_bytes(eyes.images), eyes.glaucoma.astype(int)
    originals = Collection.of_arrays("originals", levels, names, disease=disease)
    privatized = Collection.of_arrays("hidden", 255 - levels, names, source=range(len(levels)))
    findings = attack_images(originals, privatized)
    file = tmp_path_factory.mktemp("attack") / "index.html"
    cases = list_cases(findings, 0.05)
    file.write_text(render_attack(findings, cases, limit=0.05), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    file = tmp_path_factory.mktemp("card") / "index.html"
    file.write_text(render_card(plant_card()), encoding="utf-8")
    return file


def test_it_requests_nothing_and_logs_nothing(show, page, browser):
    browser.get("about:blank")
    browser.get_log(
        "performance"
    )  # reading it empties it of the requests of the browser's own pages
    show()
    requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    addresses = {
        message["params"]["request"]["url"]
        for message in requests
        if message["method"] == "Network.requestWillBeSent"
    }
    assert page.as_uri() in addresses
    assert [a for a in addresses if not a.startswith("data:")] == [page.as_uri()]
    assert browser.get_log("browser") == []


def test_the_table_sorts_by_its_buttons_and_back(show):
    browser = show()
    rows = "return [...document.querySelectorAll('#table1 tbody tr')].map(r => r.cells[3].dataset.value)"
    heading = "return document.querySelectorAll('#table1 thead th')[3].getAttribute('aria-sort')"
    as_printed = browser.execute_script(rows)
    button = browser.find_elements("css selector", "#table1 thead button")[3]
    for state, order in (("ascending", 1), ("descending", -1)):
        button.click()
        values = [float(value) for value in browser.execute_script(rows)]
        assert values == sorted(values)[::order]
        assert browser.execute_script(heading) == state
        assert state in browser.find_element("id", "sorting").get_attribute("textContent")
    button.click()
    assert browser.execute_script(rows) == as_printed
    assert browser.execute_script(heading) == "none"


def test_a_number_that_does_not_apply_sorts_last_both_ways(show):
    browser = show()
    last = "return [...document.querySelectorAll('#table1 tbody tr')].at(-1).cells[2].dataset.value"
    button = browser.find_elements("css selector", "#table1 thead button")[2]
    for _ in range(2):
        button.click()
        assert browser.execute_script(last) == ""


def test_every_figure_has_words_and_no_id_comes_twice(show):
    browser = show()
    words = browser.execute_script(
        "return [...document.querySelectorAll('figure')].map(f => { const i = f.querySelector('img, "
        "[role=img]'); return i.alt || i.getAttribute('aria-label'); })"
    )
    assert len(words) == 1 + 4 + 8 + 5
    assert min(map(len, words)) > 40
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_keys_alone_reach_everything_and_show_where_they_are(show):
    browser = show()
    wanted = browser.execute_script(
        "return document.querySelectorAll('a[href], button, summary, "
        '[tabindex="0"]:not(details *)\').length'
    )
    reached = []
    for _ in range(wanted):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        element = browser.switch_to.active_element
        style = browser.execute_script(
            "const s = getComputedStyle(arguments[0]); return [s.outlineStyle, s.outlineWidth]",
            element,
        )
        assert style == ["solid", "3px"], element.text
        reached.append(element)
    assert len({element.id for element in reached}) == wanted
    button = browser.find_elements("css selector", "#table1 thead button")[1]
    button.send_keys(Keys.ENTER)
    assert browser.find_element("css selector", "th[aria-sort=ascending] button") == button


def test_a_key_unfolds_the_numbers_of_a_requirement_and_the_next_reaches_them(show):
    browser = show()
    folded = browser.find_element("css selector", ".pair + details")
    box = folded.find_element("css selector", ".scroll")
    assert not box.is_displayed()
    folded.find_element("css selector", "summary").send_keys(Keys.ENTER)
    assert box.is_displayed()
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element == box
    assert "100.0 (50.0 to 100.0) / 10.0" in box.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_what_is_behind_it(show, scheme):
    browser = show(scheme=scheme)
    found = browser.execute_script(FIND_CONTRASTS)
    assert len(found) > 400
    assert [each for each in found if each["ratio"] < 4.5] == []
    dark = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_anybodys_images_can_be_read_on_a_phone_too(show, attack_page, scheme):
    browser = show(width=390, scheme=scheme, of=attack_page)
    assert browser.execute_script(FIND_OVERFLOW) == [390, []]
    faint = [each for each in browser.execute_script(FIND_CONTRASTS) if each["ratio"] < 4.5]
    assert faint == []
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_card_can_be_read_on_a_phone_and_on_a_screen(show, card, width, scheme):
    browser = show(width=width, scheme=scheme, of=card)
    assert browser.execute_script(FIND_OVERFLOW) == [width, []]
    found = browser.execute_script(FIND_CONTRASTS)
    assert len(found) > 60
    assert [each for each in found if each["ratio"] < 4.5] == []
    assert browser.get_log("browser") == []


def test_a_card_has_your_image_at_the_left_and_is_reached_by_keys(show, card):
    browser = show(of=card)
    query, cases = (browser.find_element("css selector", one) for one in (".query", ".cases"))
    assert query.rect["x"] + query.rect["width"] < cases.rect["x"]
    for words in ("To the cases", "How to read this"):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        assert browser.switch_to.active_element.text == words
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert "Known pairs" in browser.find_element("css selector", "details").text


def test_on_a_phone_nothing_is_wider_than_the_screen(show):
    assert show(width=390).execute_script(FIND_OVERFLOW) == [390, []]


def test_no_table_of_the_attack_is_cut_off_on_a_wide_screen(show):
    boxes = show(width=1280).execute_script(
        "for (const details of document.querySelectorAll('details')) details.open = true;"
        "return [...document.querySelectorAll('.scroll:has(.table2)')]"
        ".map(e => [e.scrollWidth - e.clientWidth, e.ariaLabel])"
    )
    assert len(boxes) > 8
    assert [each for each in boxes if each[0] > 0] == []


@pytest.mark.parametrize("width", [390, 1280])
def test_words_of_charts_are_large_enough_and_overlap_no_other(show, width):
    charts = show(width=width).execute_script(FIND_CHART_WORDS)
    assert len(charts) == 8
    for words in charts:
        assert len(words) > 20
        assert min(word["size"] for word in words) >= 10.5
        assert [
            (one["words"], other["words"])
            for i, one in enumerate(words)
            for other in words[:i]
            if one["left"] < other["right"]
            and other["left"] < one["right"]
            and one["top"] < other["bottom"]
            and other["top"] < one["bottom"]
        ] == []


@pytest.mark.parametrize(("width", "columns"), [(390, 1), (1280, 2)])
def test_charts_of_a_requirement_stand_side_by_side_where_there_is_room(show, width, columns):
    lefts = show(width=width).execute_script(
        "return [...document.querySelectorAll('.pair:has(+ details)')].map(pair => "
        "[...pair.children].map(chart => chart.getBoundingClientRect().left))"
    )
    assert [len(set(pair)) for pair in lefts] == [columns] * 4


def test_the_page_is_a_file_that_may_be_anywhere(page, browser, tmp_path):
    alone = Path(shutil.copy(page, tmp_path / "mailed.html"))
    browser.get(alone.as_uri())
    assert browser.execute_script(
        "return [...document.images].every(i => i.complete && i.naturalWidth > 100)"
    )


def test_on_paper_nothing_stays_folded(show, page, card, attack_page):
    for printed in (page, card, attack_page):
        browser = show(of=printed)
        folded = "return [...document.querySelectorAll('details > :not(summary)')].map(e => e.checkVisibility())"
        assert not any(browser.execute_script(folded))
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        assert all(browser.execute_script(folded))
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
