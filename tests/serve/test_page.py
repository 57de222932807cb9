"""The page in Chromium, used as a person uses it."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import thinkcap
from tests.serve.site import Script, real, served
from thinkcap import cli
from thinkcap.engine.core import EngineCore
from thinkcap.serve.guard import Access

pytestmark = pytest.mark.browser

PROBLEM = "What is 4821 + 9377 + 6145?"
ENTER, ESCAPE, TAB, LEFT, RIGHT, SPACE, CONTROL = "\ue007", "\ue00c", "\ue004", "\ue012", "\ue014", "\ue00d", "\ue009"
HOSTILE = "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> &lt;b&gt;"


class Screen:
    """What a person sees of the page, and does."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.until(lambda: self.text("model"))

    def one(self, name: str) -> Any:
        return self.browser.find_element("css selector", name if name.startswith((".", "#")) else f"#{name}")

    def all(self, selector: str) -> list[Any]:
        return list(self.browser.find_elements("css selector", selector))

    def text(self, name: str) -> str:
        """The whole text of an element, also what has scrolled out of sight."""
        return str(self.one(name).get_property("textContent"))

    def seen(self, name: str) -> bool:
        return bool(self.one(name).is_displayed())

    def until(self, holds: Callable[[], Any], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.browser.find_element("css selector", "body").text
            time.sleep(0.02)

    def type(self, name: str, text: str) -> None:
        self.one(name).clear()
        self.one(name).send_keys(text)

    def think(self, problem: str = PROBLEM, budget: str = "none", button: str = "think") -> None:
        """Asks, and waits for the end."""
        self.type("problem", problem)
        self.type("tokens", budget)
        self.one(button).click()
        self.done()

    def done(self) -> None:
        self.until(lambda: self.seen("think") and self.text("figures"))

    @property
    def focused(self) -> str:
        return str(self.browser.switch_to.active_element.get_attribute("id"))

    def clipboard(self) -> str:
        return str(self.browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])"))


Look = Callable[..., Screen]


@pytest.fixture
def look(visit: Callable[..., Any]) -> Look:
    return lambda address, **how: Screen(visit(address, **how))


@pytest.fixture(scope="module")
def site(abacus: thinkcap.Engine) -> Iterator[str]:
    with real(abacus) as address:
        yield address


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[thinkcap.Engine]:
    """abacus as on a machine that takes 20 ms a token."""
    step = EngineCore._step

    def slowed(core: EngineCore) -> None:
        time.sleep(0.02)
        step(core)

    monkeypatch.setattr(EngineCore, "_step", slowed)
    with thinkcap.load("abacus") as engine:
        yield engine


@contextmanager
def scripted(look: Look, budgets: str = "") -> Iterator[tuple[Screen, Script]]:
    """The page on a server that says what the test wants, asked for a first answer."""
    script = Script()
    with served(script.app) as address:
        screen = look(address)
        screen.type("problem", "Anything?")
        screen.one("sweep" if budgets else "think").click()
        screen.until(lambda: script.asked)
        yield screen, script


def outcome(budget: int | None, **fields: Any) -> dict[str, Any]:
    whole = {
        "thinking": "",
        "solution": "",
        "answer": None,
        "stop_reason": "natural",
        "finish_reason": "stop",
        "thinking_tokens": 0,
        "injected_tokens": 0,
        "solution_tokens": 0,
        "seconds": {"thinking": 0.1, "solution": 0.1},
    }
    return {"type": "outcome", "budget": budget, "outcome": whole | fields}


def thought(text: str, tokens: int, budget: int | None = None, injected: bool = False) -> dict[str, Any]:
    return {"type": "thought", "budget": budget, "text": text, "thinking_tokens": tokens, "injected": injected}


FINISHED = {"type": "finished"}


def test_it_shows_the_thought_the_cut_the_answer_and_the_figures(
    look: Look, site: str, abacus: thinkcap.Engine
) -> None:
    screen = look(site)
    screen.think(budget="64")
    expected = abacus.solve(PROBLEM, 64)
    assert screen.text("thought") == expected.thinking + "✂ cut at the budget, after 64 tokens"
    assert screen.one(".end.cut").text == "✂ cut at the budget, after 64 tokens"
    assert screen.text("count") == "64 of 64 tokens"
    assert screen.text("solution") == f"The answer is {expected.answer}."
    assert [each.text for each in screen.all("#solution math .boxed")] == [expected.answer]
    figures = screen.text("figures")
    assert figures.startswith("It thought 64 of 64 tokens in ")
    assert "a second: cut at the budget. 1 token was put in to close the thought. The answer took 15 tokens" in figures
    assert figures.endswith(" a second: complete.")


def test_a_thought_may_end_by_itself_or_not_begin(look: Look, site: str, abacus: thinkcap.Engine) -> None:
    screen = look(site)
    screen.think(budget="none")
    assert screen.text(".end") == "stopped by itself, after 216 tokens"
    assert not screen.all(".end.cut")
    assert screen.text("count") == "216 tokens"
    assert "20343" in screen.text("solution")
    screen.think(budget="0")
    assert screen.text("thought") == "✂ cut at the budget"
    assert screen.text("figures").startswith("It answered without thinking.")
    assert screen.text("solution") == f"The answer is {abacus.solve(PROBLEM, 0).answer}."


def test_it_offers_what_suits_the_model_and_says_what_can_be_asked(look: Look, site: str) -> None:
    screen = look(site)
    assert screen.text("model").startswith("abacus · q8_0 · Long-hand arithmetic")
    assert "fractions" in screen.text("scope")
    examples = screen.all("#examples button")
    assert screen.one("problem").get_property("value") == examples[0].text == PROBLEM
    examples[2].click()
    assert screen.one("problem").get_property("value") == examples[2].text
    assert screen.focused == "problem"


def test_every_example_is_answered(look: Look, site: str) -> None:
    screen = look(site)
    answers = []
    for example in screen.all("#examples button"):
        example.click()
        screen.think(example.text)
        answers.append(screen.text("#solution .boxed"))
    assert answers == ["20343", "1692", "9", "29/24", "36", "14"]


def test_the_slider_doubles_from_mark_to_mark(look: Look, site: str) -> None:
    screen = look(site)
    marks = [each.get_property("textContent") for each in screen.all("#marks span")]
    assert marks == ["0", "8", "16", "32", "64", "128", "256", "512", "1,024", "no limit"]
    slider, tokens = screen.one("slider"), screen.one("tokens")
    assert tokens.get_property("value") == "unlimited"
    for _ in range(20):
        slider.send_keys(LEFT)
    assert tokens.get_property("value") == "64"
    assert slider.get_attribute("aria-valuetext") == "64 tokens"
    assert [each.text for each in screen.all("#marks .here")] == ["64"]
    slider.send_keys(LEFT)
    assert tokens.get_property("value") == "54"
    slider.send_keys("\ue011")
    assert tokens.get_property("value") == "0"
    screen.type("tokens", "1k")
    assert slider.get_attribute("aria-valuetext") == "1,024 tokens"
    assert slider.get_property("value") == "32"


def test_the_marks_suit_the_model(look: Look) -> None:
    """From a sixteenth of its usual budget on, and no further than its context."""
    script = Script({"thinking": 1024, "context": 4096, "solution": 1024})
    with served(script.app) as address:
        screen = look(address)
        marks = [each.get_property("textContent") for each in screen.all("#marks span")]
        assert marks == ["0", "64", "128", "256", "512", "1,024", "2,048", "no limit"]
        assert screen.one("tokens").get_property("value") == "1024"


def test_a_budget_that_is_none_is_not_sent(look: Look) -> None:
    with served((script := Script()).app) as address:
        screen = look(address)
        screen.type("problem", PROBLEM)
        screen.type("tokens", "many")
        screen.one("think").click()
        assert screen.one("tokens").get_attribute("aria-invalid") == "true"
        assert screen.focused == "tokens"
        screen.one("problem").clear()
        screen.type("tokens", "17")
        screen.one("think").click()
        assert screen.focused == "problem"
        assert not script.asked


def test_all_budgets_at_once(look: Look, site: str, abacus: thinkcap.Engine) -> None:
    screen = look(site)
    screen.think(button="sweep")
    budgets = [0, 8, 16, 32, 64, 128, 256, 512, 1024, None]
    expected = {each.budget.thinking: each for each in abacus.sweep(PROBLEM, budgets)}
    rows = screen.all("#forks button")
    assert [row.find_element("css selector", ".said").text for row in rows] == [
        expected[budget].answer for budget in budgets
    ]
    assert [row.find_element("css selector", ".how").text for row in rows] == ["✂ cut"] * 6 + ["216 tokens"] * 4
    assert len(screen.all("#plot .dot.last")) == 4
    assert "64: 14148; 128: 10343; 256: 20343" in screen.one("plot").get_attribute("aria-label")
    flags = [each.text for each in screen.all("#thought .flag")]
    assert flags == [f"✂ {budget}" for budget in (0, 8, 16, 32, 64, 128)]
    rows[4].click()
    onward = screen.text("#thought .onward")
    assert expected[None].thinking.startswith(expected[64].thinking)
    kept = screen.text("thought").removesuffix(onward + "stopped by itself, after 216 tokens")
    for flag in flags[:5]:
        kept = kept.replace(flag, "", 1)
    assert kept == expected[64].thinking
    assert screen.text("solution") == "The answer is 14148."
    assert "64 of 64 tokens" in screen.text("figures")
    rows[4].click()
    assert not screen.all("#thought .onward")
    assert screen.text("solution") == ""


def test_forks_show_while_the_thought_goes_on(look: Look) -> None:
    with scripted(look, budgets="all") as (screen, script):
        assert script.asked[0]["budgets"] == [0, 8, 16, 32, 64, 128, 256, 512, 1024, "none"]
        script.say(thought("one two three", 9), outcome(0, answer="1", stop_reason="budget"))
        script.say(outcome(8, answer=r"\frac12", stop_reason="budget", thinking="one two"))
        screen.until(lambda: len(screen.all("#forks button:enabled")) == 2)
        assert screen.text("thought") == "✂ 0one two✂ 8 three"
        assert screen.seen("stop")
        assert len(screen.all("#plot .dot.waiting")) == 8
        names = [each.get_property("textContent") for each in screen.all("#plot .name")]
        assert names == ["1", "12"]
        assert len(screen.all("#forks mfrac")) == 1
        script.say(outcome(None, answer="3", thinking="one two three", thinking_tokens=9), FINISHED)
        screen.done()


def test_thoughts_that_were_told_their_budgets_are_shown_each_on_its_own(look: Look) -> None:
    with scripted(look, budgets="all") as (screen, script):
        for budget in (8, None):
            script.say({"type": "started", "budget": budget, "id": "x"}, thought(f"thought {budget}", 2, budget))
            script.say({"type": "closed", "budget": budget, "stop_reason": "natural", "thinking_tokens": 2})
            script.say(outcome(budget, answer="7", solution=f"under {budget}", thinking_tokens=2))
        script.say(FINISHED)
        screen.done()
        assert screen.text("thought").startswith("thought None")
        screen.all("#forks button")[1].click()
        assert screen.text("thought").startswith("thought 8")
        assert screen.text("solution") == "under 8"


def test_what_was_put_into_a_thought_is_marked(look: Look) -> None:
    with scripted(look) as (screen, script):
        script.say(thought("I have it.", 4), thought("Wait", 4, injected=True), thought(", once more.", 8))
        screen.until(lambda: "once more" in screen.text("thought"))
        assert screen.text("thought") == "I have it.Wait, once more."
        assert [each.text for each in screen.all("#thought mark")] == ["Wait"]
        script.say(outcome(None), FINISHED)
        screen.done()


def test_stop_ends_it_on_the_server_too(look: Look, slow: thinkcap.Engine) -> None:
    with real(slow) as address:
        screen = look(address)
        screen.one("think").click()
        screen.until(lambda: len(screen.text("thought")) > 20)
        assert not screen.seen("think")
        screen.one("stop").click()
        screen.until(lambda: screen.seen("think"))
        assert "✂ stopped, after " in screen.text("thought")
        screen.until(lambda: slow.idle)
        assert screen.text("news") == "stopped"
        assert screen.text("trouble") == ""


def test_answer_now_closes_the_thought(look: Look, slow: thinkcap.Engine) -> None:
    with real(slow) as address:
        screen = look(address)
        screen.one("think").click()
        screen.until(lambda: len(screen.text("thought")) > 20)
        screen.one("answer").click()
        screen.done()
        assert "interrupted, after " in screen.text(".end.cut")
        assert int(screen.text("count").split()[0]) < 216
        assert screen.text("solution").startswith("The answer is ")


def test_a_thought_goes_on_from_its_cut(look: Look, site: str, abacus: thinkcap.Engine) -> None:
    screen = look(site)
    screen.think(budget="20")
    assert screen.one("more").text == "Think more"
    screen.one("more").click()
    screen.done()
    short, long = abacus.solve(PROBLEM, 20), abacus.solve(PROBLEM, 32)
    rest = long.thinking.removeprefix(short.thinking)
    assert screen.text("thought") == f"{short.thinking}✂ 20{rest}✂ cut at the budget, after 32 tokens"
    assert screen.one("tokens").get_property("value") == "32"
    assert screen.text("count") == "32 of 32 tokens"
    assert screen.text("solution") == f"The answer is {long.answer}."
    assert "It thought 32 of 32 tokens, 20 of them before, the rest in " in screen.text("figures")
    screen.type("tokens", "none")
    screen.one("more").click()
    screen.until(lambda: "20343" in screen.text("solution") and screen.seen("think"))
    assert [each.text for each in screen.all(".flag")] == ["✂ 20", "✂ 32"]
    assert screen.text(".end") == "stopped by itself, after 216 tokens"
    assert not screen.seen("more")


def test_what_cannot_go_on_leaves_all_as_it_was(look: Look, site: str) -> None:
    screen = look(site)
    screen.think(budget="20")
    before = [screen.text(name) for name in ("thought", "solution", "figures", "count")]
    screen.type("tokens", "1000000")
    screen.one("more").click()
    screen.until(lambda: "largest" in screen.text("trouble"))
    assert [screen.text(name) for name in ("thought", "solution", "figures", "count")] == before
    assert [entry["source"] for entry in screen.browser.get_log("browser")] == ["network"]  # of the refusal
    screen.type("tokens", "none")
    screen.one("more").click()
    screen.until(lambda: "20343" in screen.text("solution"))
    assert screen.text("trouble") == ""


def test_an_answer_that_was_begun_is_said_so(look: Look) -> None:
    with scripted(look) as (screen, script):
        fields = {"stop_reason": "budget", "answer_forced": True, "probe_tokens": 9}
        script.say({"type": "started", "budget": None}, outcome(None, **fields), FINISHED)
        screen.done()
        assert "No answer could be read, so thinkcap began one for it: 9 tokens." in screen.text("figures")


def test_slow_motion_shows_a_fast_thought_token_by_token(look: Look, site: str) -> None:
    screen = look(site)
    screen.one("slowly").click()
    screen.one("think").click()
    screen.until(lambda: len(screen.text("thought")) > 30)
    shown = int(screen.text("count").split()[0])
    assert shown < 150
    screen.one("answer").click()
    screen.done()
    assert int(screen.text("count").split()[0]) > shown
    assert screen.text("solution").startswith("The answer is ")
    # The model has answered long ago, unless the machine is a slow one.
    assert all("404" in each["message"] for each in screen.browser.get_log("browser"))


def test_everything_can_be_done_by_keyboard(look: Look, site: str) -> None:
    screen = look(site)
    order = []
    for _ in range(13):
        screen.browser.switch_to.active_element.send_keys(TAB)
        order.append(screen.focused)
    assert order == ["problem", *[""] * 6, "tokens", "slowly", "sweep", "think", "slider", order[12]]
    screen.one("problem").send_keys(ENTER)
    screen.done()
    assert screen.focused == "problem"
    assert "20343" in screen.text("solution")
    screen.one("sweep").send_keys(SPACE)
    screen.done()
    assert screen.focused in ("think", "sweep")
    row = screen.all("#forks button")[3]
    row.send_keys(ENTER)
    assert row.get_attribute("aria-pressed") == "true"


def test_escape_stops(look: Look, slow: thinkcap.Engine) -> None:
    with real(slow) as address:
        screen = look(address)
        screen.one("problem").send_keys(ENTER)
        screen.until(lambda: len(screen.text("thought")) > 5)
        screen.one("problem").send_keys(ESCAPE)
        screen.until(lambda: screen.seen("think"))
        assert "stopped" in screen.text(".end.cut")


def test_screen_readers_hear_what_happens_and_not_every_token(look: Look, site: str) -> None:
    screen = look(site)
    assert {each.get_attribute("id") for each in screen.all("[aria-live], [role=status], [role=alert]")} == {
        "news",
        "trouble",
    }
    screen.think(budget="64")
    assert screen.text("news") == "Answered: The answer is 14148."
    unnamed = """
    const named = (each) =>
      each.textContent.trim() || each.labels?.length || each.ariaLabel || each.getAttribute("aria-labelledby");
    return [...document.querySelectorAll("button, input, textarea, [role=region]")]
      .filter((each) => !named(each)).length;
    """
    assert screen.browser.execute_script(unnamed) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_texts_stand_out_and_nothing_is_wider_than_the_window(look: Look, site: str, scheme: str, width: int) -> None:
    screen = look(site, scheme=scheme, width=width)
    ground = screen.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(251, 250, 247)" if scheme == "light" else "rgb(20, 22, 26)")
    for button in ("think", "sweep"):
        screen.think(budget="64", button=button)
        assert screen.browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert [found for found in screen.browser.execute_script(CONTRASTS) if found[0] < 4.5] == []


def test_on_a_phone_what_is_asked_for_comes_into_view(look: Look, site: str) -> None:
    screen = look(site, width=390, height=844)
    screen.think(budget="64")
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    assert 0 <= screen.browser.execute_script(top, "budget") < 100
    assert screen.browser.execute_script(top, "solution") < 844


def test_slow_motion_keeps_characters_whole(look: Look) -> None:
    with served((script := Script()).app) as address:
        screen = look(address)
        screen.type("problem", "Anything?")
        screen.one("slowly").click()
        screen.one("think").click()
        script.say({"type": "started", "budget": None, "id": "x"}, thought("😀𝟙😀", 6), outcome(None), FINISHED)
        screen.done()
        assert screen.text("thought") == "😀𝟙😀"


def test_hostile_text_stays_text(look: Look) -> None:
    deep = r"\boxed{" * 3000 + "1" + "}" * 3000
    with scripted(look) as (screen, script):
        script.say(thought(HOSTILE + "\u202e\x1b[2J", 3))
        script.say({"type": "closed", "budget": None, "stop_reason": HOSTILE, "thinking_tokens": 3})
        solution = rf"{HOSTILE} $\text{{{HOSTILE}}}$ \boxed{{{HOSTILE}}} {deep} **{HOSTILE}** $\__proto__ \constructor$"
        script.say(outcome(None, solution=solution, answer=HOSTILE), FINISHED)
        screen.done()
        assert screen.text("thought").startswith(HOSTILE + "[2J")
        assert screen.text("solution").startswith(HOSTILE)
        assert screen.browser.title == "thinkcap"
        assert not screen.all("main script, main img, main b")
    with scripted(look, budgets="all") as (screen, script):
        script.say(outcome(None, answer=HOSTILE, solution=deep), FINISHED)
        screen.done()
        assert not screen.all("main script, main img, main b")


def test_no_other_script_or_style_runs(look: Look, site: str) -> None:
    screen = look(site)
    screen.browser.execute_script(
        "const made = document.createElement('script'); made.textContent = 'document.title = \"taken\"';"
        "document.body.append(made);"
        "const style = document.createElement('style'); style.textContent = 'body { display: none }';"
        "document.body.append(style);"
    )
    assert screen.browser.title == "thinkcap"
    assert screen.seen("problem")
    complaints = [each["message"] for each in screen.browser.get_log("browser")]
    assert len(complaints) == 2
    assert all("Content Security Policy" in each for each in complaints)


def test_a_refusal_is_shown_and_the_page_goes_on(look: Look, site: str) -> None:
    screen = look(site)
    screen.type("problem", PROBLEM)
    screen.type("tokens", "1m")
    screen.one("think").click()
    screen.until(lambda: screen.text("trouble"))
    assert "1,048,576 tokens does not fit" in screen.text("trouble")
    assert not screen.seen("result")
    assert [each["message"].count("400") for each in screen.browser.get_log("browser")] == [1]
    screen.think(budget="8")
    assert screen.text("trouble") == ""


def test_a_server_that_has_gone_is_said_so(look: Look, abacus: thinkcap.Engine) -> None:
    with real(abacus) as address:
        screen = look(address)
    screen.one("think").click()
    screen.until(lambda: screen.text("trouble"))
    assert screen.text("trouble") == "The server can't be reached."
    assert screen.seen("think")
    screen.browser.get_log("browser")


def test_it_asks_for_the_key_of_a_server_that_has_one(visit: Callable[..., Any], abacus: thinkcap.Engine) -> None:
    with real(abacus, Access(api_key="sesame")) as address:
        browser = visit(address)
        screen = Screen.__new__(Screen)
        screen.browser = browser
        screen.until(lambda: screen.seen("door"))
        assert screen.focused == "key"
        screen.one("key").send_keys("wrong", ENTER)
        screen.until(lambda: screen.text("trouble"))
        screen.type("key", "sesame" + ENTER)
        screen.until(lambda: screen.text("model"))
        assert not screen.seen("door")
        screen.think(budget="64")
        assert "14148" in screen.text("solution")
        assert all("401" in each["message"] for each in browser.get_log("browser"))


def test_what_is_copied_does_the_same_again(
    look: Look, site: str, abacus: thinkcap.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = look(site)
    permissions = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": site}
    screen.browser.execute_cdp_cmd("Browser.grantPermissions", permissions)
    problem = 'What\'s -5 + 17, "please"?'
    screen.think(problem, budget="20")
    screen.one("copy-json").click()
    screen.until(lambda: screen.text("copy-json") == "Copied")
    copied = json.loads(screen.clipboard())
    assert copied.items() >= {"problem": problem, "thinking_tokens": 20, "stop_reason": "budget"}.items()
    assert copied["thinking"] == abacus.solve(problem, 20).thinking
    screen.one("copy-command").click()
    screen.until(lambda: screen.text("copy-command") == "Copied")
    program, *arguments = shlex.split(screen.clipboard())
    assert program == "thinkcap"
    assert cli.run([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["solution"] == copied["solution"]


def test_the_command_of_a_sweep_names_its_budgets(look: Look, site: str) -> None:
    screen = look(site)
    screen.browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": site},
    )
    screen.think("-3 + 5", button="sweep")
    screen.one("copy-command").click()
    screen.until(lambda: screen.text("copy-command") == "Copied")
    budgets = "0,8,16,32,64,128,256,512,1024,unlimited"
    assert screen.clipboard() == f"thinkcap sweep --model abacus --quant q8_0 --budgets {budgets} -- '-3 + 5'"


CONTRASTS = """
const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const light = (color) => {
  const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
  return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
};
const ground = (each) => {
  for (; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor;
    if (!/, 0\\)$/.test(color)) return color;
  }
};
const shown = (each) => each.getClientRects().length && !/, 0\\)$/.test(getComputedStyle(each).color) &&
  [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
return [...document.querySelectorAll("body *")].filter(shown).map((each) => {
  const [a, b] = [light(getComputedStyle(each).color), light(ground(each))].sort((one, other) => other - one);
  return [(a + 0.05) / (b + 0.05), each.outerHTML.slice(0, 120)];
});
"""
