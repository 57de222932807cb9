"""The curve as a page: what is in the file, and what Chromium makes of it if it is installed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import thinkcap
from tests.browser import Visit
from tests.show.sweeps import curves_of, record, sweep
from thinkcap.runs.result import Result
from thinkcap.show.curve.page.html import page
from thinkcap.show.curve.plot import save
from thinkcap.show.curve.published import published_curves

HOSTILE = (
    "</script><script>document.title='taken'</script><!--<script><img src=x onerror=\"document.title='taken'\">"
    "{{ data }} &lt;b&gt; ]]> \u2028 \x1b[2J \u202e 😀 \ud83d"
)
PROBLEMS = {"What is 24 + 61 + 15?": "100", "What is 384 + 297 + 581?": "1262", "Compute 95 + 85": "180"}
BUDGETS = (0, 16, 32, 64, None)


class Parts(HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


@pytest.fixture(scope="module")
def swept(abacus_f16: thinkcap.Engine) -> list[dict[str, Any]]:
    """Records of real sweeps, with a bare cut and with a message."""
    return [
        outcome.graded(answer, outcome.answer == answer).to_dict()
        for style in ("bare", "message")
        for number, (problem, answer) in enumerate(PROBLEMS.items())
        for outcome in abacus_f16.sweep(problem, BUDGETS, id=f"sum-{number}", cut_style=style, temperature=0.0)
    ]


@pytest.fixture
def hostile() -> list[dict[str, Any]]:
    """Records in which every text is an attack."""
    texts = dict.fromkeys(("thinking", "solution", "answer", "expected"), HOSTILE)
    return [record(HOSTILE, budget, True, model=HOSTILE, **texts) | {"problem": HOSTILE} for budget in BUDGETS]


def test_one_file_that_asks_for_nothing_else(swept: list[dict[str, Any]]) -> None:
    parts = Parts(page(curves_of(swept)))
    assert not [tag for tag, attributes in parts.elements if {"src", "href", "srcset", "data"} & attributes.keys()]
    assert not re.findall(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page(curves_of(swept)))
    policy = next(a["content"] for _, a in parts.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy


def test_a_record_cannot_leave_its_place_in_the_page(hostile: list[dict[str, Any]]) -> None:
    text = page(curves_of(hostile), title=HOSTILE)
    parts = Parts(text)
    assert [tag for tag, _ in parts.elements].count("script") == 2
    assert not [tag for tag, _ in parts.elements if tag in ("img", "b")]
    assert text.count("<!--") == 0
    shown = HOSTILE.replace("\x1b", "").replace("\u202e", "").replace("\ud83d", "")
    assert parts.data["problems"] == [[shown, shown]]
    assert parts.data["thoughts"] == [shown]
    assert parts.data["results"][0][0]["solution"] == shown


def test_thoughts_of_a_sweep_are_there_once_with_the_place_of_the_cut(swept: list[dict[str, Any]]) -> None:
    data = Parts(page(curves_of(swept))).data
    bare = [result for point in data["curves"][0]["points"] for result in data["results"][point["results"]]]
    assert len(bare) == len(PROBLEMS) * len(BUDGETS)
    thoughts = [each["thinking"] for each in swept if each["budget"]["style"] == "bare"]
    assert {data["thoughts"][number][:length] + tail for number, length, tail in (r["thought"] for r in bare)} == {
        *thoughts
    }
    assert len({result["thought"][0] for result in bare}) == len(PROBLEMS)
    assert all(tail == "" for _, _, tail in (result["thought"] for result in bare))


def test_the_message_of_a_cut_is_told_from_the_thought(
    swept: list[dict[str, Any]], abacus_f16: thinkcap.Engine
) -> None:
    data = Parts(page(curves_of(swept))).data
    cut = [
        result
        for point in data["curves"][1]["points"]
        for result in data["results"][point["results"]]
        if result["stop"] == "cut at the budget" and point["label"] != "0"
    ]
    assert len(cut) >= len(PROBLEMS)
    assert {result["thought"][2] for result in cut} == {abacus_f16.profile.cut_message}


def test_lengths_are_counted_as_javascript_does() -> None:
    thought = "😀 then 𝟙 more"
    records = [
        record("p", 8, thinking=thought[:8]),
        record("p", None, thinking=thought),
        record("p", 9, thinking="another"),
    ]
    data = Parts(page(curves_of(records))).data
    assert sorted(each["thought"][1] for table in data["results"] for each in table) == [7, 10, 15]


def test_answers_to_one_thought_are_told_apart() -> None:
    data = Parts(page(curves_of([record("p", 8), record("p", None)]))).data
    assert [table[0]["sample"] for table in data["results"]] == ["0", "0"]
    (curve,) = curves_of([record("p", 8)])
    (point,) = curve.points
    several = replace(point, results=[Result.from_dict(record("p", 8, reply=index)) for index in (1, 0)])
    data = Parts(page([replace(curve, points=(several,))])).data
    assert [result["sample"] for result in data["results"][0]] == ["0", "0.1"]
    assert len(data["thoughts"]) == 1


def test_half_a_surrogate_pair_can_be_written(tmp_path: Path) -> None:
    save(curves_of([record("\ud83d", 8), record("p", 8, model="\udc00")]), tmp_path / "curve.html", "\udc00")
    assert (tmp_path / "curve.html").read_text("utf-8")


def test_votes_and_published_points_are_drawn_too() -> None:
    data = Parts(page([*curves_of(sweep()), *published_curves("e1")])).data
    assert [curve["published"] for curve in data["curves"]] == [False, True]
    assert all(point["results"] is None for point in data["curves"][1]["points"])


# ---- in a browser ------------------------------------------------------------------------------------------------


@pytest.fixture
def written(swept: list[dict[str, Any]], tmp_path: Path) -> Path:
    save([*curves_of(swept), *published_curves("e1")], tmp_path / "curve.html")
    return tmp_path / "curve.html"


def all_of(browser: Any, selector: str) -> list[Any]:
    found: list[Any] = browser.find_elements("css selector", selector)
    return found


def one(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def background(browser: Any) -> str:
    return str(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))


@pytest.mark.browser
def test_a_click_on_a_point_leads_to_the_thought_and_its_cut(
    visit: Visit, written: Path, swept: list[dict[str, Any]]
) -> None:
    browser = visit(written)
    assert len(all_of(browser, "#drawings figure")) == 3
    one(browser, '[data-key="accuracy-0-1"]').send_keys("\n")  # the other curve's mark may lie on it
    assert one(browser, "#where h2").text == "abacus · bare cut, budget 16"
    rows = all_of(browser, "#problems button")
    assert len(rows) == len(PROBLEMS)
    rows[1].click()
    cut, whole = (
        next(r for r in swept if r["id"] == "sum-1" and r["budget"]["thinking"] == b and r["budget"]["style"] == "bare")
        for b in (16, None)
    )
    box = one(browser, "#result .thought")
    assert one(browser, ".end.cut").text == "✂ cut at the budget, after 16 tokens"
    before, after = box.get_attribute("textContent").split("✂ cut at the budget, after 16 tokens")
    assert before.strip() == cut["thinking"].strip()
    assert (before.rstrip() + after).replace("\n", "").replace(" ", "") == re.sub(r"\s", "", whole["thinking"])
    assert one(browser, "#result .onward").get_attribute("textContent") == after
    assert f"expected {cut['expected']}" in one(browser, "#result").text


@pytest.mark.browser
def test_other_budgets_and_filters_of_the_same_problem(visit: Visit, written: Path) -> None:
    browser = visit(written)
    one(browser, '[data-key="cut-1-0"]').click()
    all_of(browser, "#problems button")[2].click()
    chips = all_of(browser, "#result .chips button")
    assert [chip.text.split()[0] for chip in chips] == ["0", "16", "32", "64", "unlimited"]
    chips[-1].click()
    assert one(browser, "#result h2").text == "sum-2"
    assert one(browser, "#where h2").text.endswith("budget unlimited")
    assert one(browser, ".end.closed").text == "stopped by itself"
    one(browser, "#filters input").send_keys("compute")
    assert [row.text.split()[1] for row in all_of(browser, "#problems button")] == ["sum-2"]
    one(browser, "#filters input").send_keys("x")
    assert one(browser, "#problems").text == "No problem is like that."


@pytest.mark.browser
@pytest.mark.parametrize("height", [700, 900, 1400])
def test_the_chosen_problem_is_in_sight(visit: Visit, tmp_path: Path, height: int) -> None:
    save(curves_of(sweep(100)), tmp_path / "curve.html")
    browser = visit(tmp_path / "curve.html", height=height)
    for key in (None, "accuracy-0-0", "accuracy-0-4", "accuracy-0-3"):
        if key:
            one(browser, f'[data-key="{key}"]').click()
        frame, row = (one(browser, f"#problems{part}").rect for part in ("", " [aria-current=true]"))
        assert frame["y"] <= row["y"]
        assert row["y"] + row["height"] <= frame["y"] + frame["height"] + 1
        all_of(browser, "#problems button")[80].click()


@pytest.mark.browser
def test_clicks_go_through_points_that_lie_on_one_another(visit: Visit, written: Path) -> None:
    browser = visit(written)
    seen = []
    for _ in range(3):
        one(browser, '[data-key="cut-1-0"]').click()
        seen.append(one(browser, "#where h2").text)
    assert seen == [f"abacus · {style} cut, budget 0" for style in ("message", "bare", "message")]


@pytest.mark.browser
def test_points_can_be_reached_and_opened_by_keyboard(visit: Visit, written: Path) -> None:
    browser = visit(written)
    mark = one(browser, '[data-key="accuracy-1-2"]')
    assert "abacus · message cut, budget 32" in mark.get_attribute("aria-label")
    browser.execute_script("arguments[0].focus()", mark)
    browser.switch_to.active_element.send_keys("\ue007")
    assert one(browser, "#where h2").text == "abacus · message cut, budget 32"
    assert browser.switch_to.active_element.get_attribute("data-key") == "accuracy-1-2"


@pytest.mark.browser
def test_a_name_hides_its_curve(visit: Visit, written: Path) -> None:
    browser = visit(written)
    names = all_of(browser, "#legend button")
    assert [name.text for name in names] == [
        "abacus · bare cut",
        "abacus · message cut",
        "E1-Math-1.5B, AIME 2024 (published)",
    ]
    names[1].click()
    assert not all_of(browser, '[data-key^="accuracy-1"]')
    all_of(browser, "#legend button")[1].click()
    assert all_of(browser, '[data-key^="accuracy-1"]')


@pytest.mark.browser
def test_it_follows_the_systems_theme_and_a_switch(visit: Visit, written: Path) -> None:
    browser = visit(written, scheme="dark")
    dark = background(browser)
    browser = visit(written, scheme="light")
    light = background(browser)
    assert dark == "rgb(15, 19, 24)"
    assert light == "rgb(255, 255, 255)"
    one(browser, "#theme").click()
    assert background(browser) == dark
    one(browser, "#theme").click()
    assert background(browser) == light
    browser.execute_script("localStorage.clear()")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground_in_both_themes(visit: Visit, written: Path, scheme: str) -> None:
    """At least 4.5 : 1 for every text and 3 : 1 for every line (WCAG 2.2, 1.4.3 and 1.4.11)."""
    browser = visit(written, scheme=scheme)
    worst = browser.execute_script(CONTRASTS)
    assert len(worst) > 60
    for ratio, least, what in worst:
        assert ratio >= least, what


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 900, 400])
def test_no_text_lies_over_another_at_any_width(visit: Visit, written: Path, width: int) -> None:
    browser = visit(written, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    overlapping = browser.execute_script(OVERLAPS)
    assert overlapping == []


@pytest.mark.browser
def test_a_hostile_record_is_only_read(visit: Visit, hostile: list[dict[str, Any]], tmp_path: Path) -> None:
    save(curves_of(hostile), tmp_path / "curve.html", "A title")
    browser = visit(tmp_path / "curve.html")
    one(browser, '[data-key="accuracy-0-1"]').click()
    assert browser.title == "A title"
    assert "</script><script>document.title='taken'</script>" in one(browser, "#result").text
    assert not all_of(browser, "img, #result script, b")
    assert len(all_of(browser, "script")) == 2


@pytest.mark.browser
def test_another_script_would_not_run(visit: Visit, written: Path, tmp_path: Path) -> None:
    text = written.read_text("utf-8")
    (tmp_path / "injected.html").write_text(
        text.replace("</main>", "</main><script>document.title='taken'</script>"), "utf-8"
    )
    browser = visit(tmp_path / "injected.html")
    assert browser.title != "taken"
    refused = browser.get_log("browser")
    assert len(refused) == 1
    assert "Content Security Policy" in refused[0]["message"]


CONTRASTS = r"""
const light = (colour) => {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const ratio = (one, other) => {
  const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
  return (more + 0.05) / (less + 0.05);
};
const ground = (at) => {
  for (; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/, 0\)$/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
};
const texts = "h1, h2, h3, p, button, span, td, th, summary, figcaption, figure text";
const measured = (selector, least, property) => [...document.querySelectorAll(selector)]
  .filter((each) => each.getClientRects().length)
  .map((each) => [ratio(getComputedStyle(each)[property(each)], ground(each)), least, each.outerHTML.slice(0, 120)]);
return [
  ...measured(texts, 4.5, (each) => each instanceof SVGElement ? "fill" : "color"),
  ...measured("figure .line", 3, () => "stroke"),
];
"""

OVERLAPS = """
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
const inside = (a, b) =>
  a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 3 && a.bottom <= b.bottom + 3;
return [...document.querySelectorAll("figure svg")].flatMap((drawing) => {
  const frame = drawing.getBoundingClientRect();
  const texts = [...drawing.querySelectorAll("text")];
  const boxes = texts.map((text) => text.getBoundingClientRect());
  return texts.flatMap((text, at) => [
    ...(inside(boxes[at], frame) ? [] : [text.textContent]),
    ...texts.filter((other, to) => to > at && meet(boxes[at], boxes[to]))
      .map((other) => `${text.textContent} / ${other.textContent}`),
  ]);
});
"""
