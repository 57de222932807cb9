from __future__ import annotations

from pathlib import Path

import pytest

from thinkcap.catalog.models_file import load_catalogue, packaged_file, user_file
from thinkcap.errors import ThinkcapError, UsageError

MODELS_OF_THE_PAPERS = {
    "e1-math-1.5b": ("Salesforce/E1-Math-1.5B", "bare", "none"),
    "l1-qwen-1.5b-max": ("l3lab/L1-Qwen-1.5B-Max", "message", "max"),
    "l1-qwen-1.5b-exact": ("l3lab/L1-Qwen-1.5B-Exact", "message", "exact"),
    "deepscaler-1.5b-preview": ("agentica-org/DeepScaleR-1.5B-Preview", "message", "none"),
    "deepseek-r1-distill-qwen-1.5b": ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "message", "none"),
}
OTHERS = {
    "openreasoning-nemotron-1.5b": ("CC-BY-4.0", 0.6, 0.95, 0),
    "vibethinker-1.5b": ("MIT", 0.6, 0.95, 0),
    "vibethinker-3b": ("MIT", 0.6, 0.95, 0),
    "e1-math-7b": ("CC-BY-NC-4.0", 0.6, 0.95, 0),
    "qwen3-1.7b": ("Apache-2.0", 0.6, 0.95, 20),
    "qwen3-4b": ("Apache-2.0", 0.6, 0.95, 20),
    "qwen3.5-2b": ("Apache-2.0", 1.0, 0.95, 20),
    "qwen3.5-4b": ("Apache-2.0", 1.0, 0.95, 20),
    "granite-3.3-2b": ("Apache-2.0", 0.6, 0.95, 0),
    "gpt-oss-20b": ("Apache-2.0", 1.0, 1.0, 0),
}
"""Licence, temperature, top-p and top-k, as their cards have them."""


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    file = user_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_packaged_models() -> None:
    catalogue = load_catalogue()
    assert catalogue.default == "l1-qwen-1.5b-max"
    assert set(catalogue.entries) == {*MODELS_OF_THE_PAPERS, *OTHERS, "abacus"}
    for name, (original, style, mode) in MODELS_OF_THE_PAPERS.items():
        entry = catalogue[name]
        profile = entry.profile(name, "q8_0")
        assert (entry.original, profile.cut_style, profile.prompt_mode) == (original, style, mode)
        assert (profile.thinking, profile.solution) == (1024, 1024)
        assert (profile.sampling.temperature, profile.sampling.top_p, profile.sampling.top_k) == (0.6, 0.95, 0)
        assert "\\boxed{}." in profile.prompt
    assert catalogue["e1-math-1.5b"].noncommercial
    assert catalogue["abacus"].profile("abacus", "f16").thinking is None


@pytest.mark.parametrize("name", OTHERS)
def test_other_models_are_as_their_cards_say(name: str) -> None:
    licence, temperature, top_p, top_k = OTHERS[name]
    entry = load_catalogue()[name]
    sampling = entry.sampling
    assert (entry.licence, sampling.temperature, sampling.top_p, sampling.top_k) == (
        licence,
        temperature,
        top_p,
        top_k,
    )
    assert entry.noncommercial == ("NC" in licence)
    assert entry.parameters
    assert entry.sources or entry.original, "a pull or a conversion gets it"
    assert entry.prompt.endswith("{length}")


def test_an_entry_names_the_source_of_its_values() -> None:
    text = packaged_file().read_text()
    for name in OTHERS:
        table = text.partition(f'[models."{name}"]\n')[2]
        assert table.startswith("# "), name
        assert "card" in table.partition("\ndescription")[0] or "README.md" in table.partition("\ndescription")[0]


def test_prompt_of_l1_is_the_papers() -> None:
    profile = load_catalogue()["l1-qwen-1.5b-max"].profile("l1-qwen-1.5b-max", "q8_0")
    told = profile.prompt.replace("{length}", profile.length_max.replace("{n}", "512")).replace("{problem}", "Why?")
    assert told == (
        "Why?\n\nLet's think step by step and output the final answer within \\boxed{}. Think for maximum 512 tokens."
    )


def test_own_file_overlays_key_by_key(own_file: Path) -> None:
    own_file.write_text(
        """
        default = "mine"
        [models.mine]
        path = "~/mine.gguf"
        [models."e1-math-1.5b"]
        thinking = "2k"
        sampling = { temperature = 1.0 }
        """
    )
    catalogue = load_catalogue()
    assert catalogue.default == "mine"
    changed = catalogue["e1-math-1.5b"]
    assert (changed.thinking, changed.sampling.temperature, changed.sampling.top_p) == (2048, 1.0, 0.95)
    assert changed.original == "Salesforce/E1-Math-1.5B"
    assert catalogue["abacus"].builtin


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("x = 1", "x", "only `default` and tables named [models.NAME]"),
        ("models = 1", "models", "tables named [models.NAME]"),
        ('default = "nobody"', "default", "the name of a model (l1-qwen-1.5b-max, "),
        ("default = []", "default", "the name of a model (l1-qwen-1.5b-max, "),
        ("default = {}", "default", "the name of a model (l1-qwen-1.5b-max, "),
        ("[models.abacus]\nsolution = inf", "models.abacus.solution", "a whole number, not inf"),
        ("[models.abacus.sampling]\ntemperature = nan", "models.abacus.sampling.temperature", "0 or more, not nan"),
        ("[models.a]", "models.a", "one of sources, original or path, to say where the model is"),
        ('[models.a]\nsources = "x/y"', "models.a.sources", "a list, not 'x/y'"),
        ('[models.a]\nsources = ["xy"]', "models.a.sources.0", "a repository on the hub, written owner/name, not 'xy'"),
        (
            '[models.abacus]\ncut_style = "hard"',
            "models.abacus.cut_style",
            "bare, message, soft, pause or pause+message, not 'hard'",
        ),
        (
            '[models.abacus]\nthinking = "lots"',
            "models.abacus.thinking",
            'a number of tokens such as 1024, or "unlimited"',
        ),
        ("[models.abacus]\nthinking = -1", "models.abacus.thinking", "0 or more, not -1"),
        ("[models.abacus]\nsolution = 1.5", "models.abacus.solution", "a whole number, not 1.5"),
        ('[models.abacus]\nquants = ["q9"]', "models.abacus.quants.0", "the name of a GGUF quant such as q8_0, f16"),
        ('[models.abacus]\nprompt = "hi"', "models.abacus.prompt", "a text with {problem} in it, not 'hi'"),
        ("[models.abacus]\ntemprature = 1", "models.abacus.temprature", "no key of a model; the keys are description"),
        (
            "[models.abacus.sampling]\ntemprature = 1",
            "models.abacus.sampling.temprature",
            "no key of a model; the keys are temperature, top_p, top_k, min_p",
        ),
        ("[models.abacus.sampling]\ntop_p = 0", "models.abacus.sampling.top_p", "above 0 and at most 1, not 0"),
        ("[models]\nabacus = 3", "models.abacus", "a table of keys"),
        (
            '[models."deepscaler-1.5b-preview"]\ncontext = "big"',
            'models."deepscaler-1.5b-preview".context',
            "a whole number, not 'big'",
        ),
    ],
)
def test_mistakes_name_file_key_and_what_was_expected(own_file: Path, text: str, key: str, expected: str) -> None:
    own_file.write_text(text)
    with pytest.raises(ThinkcapError) as caught:
        load_catalogue()
    assert str(caught.value).startswith(f"{own_file}: {key} should be {expected}")
    assert str(caught.value).endswith(".")


def test_broken_toml_says_where(own_file: Path) -> None:
    own_file.write_text("[models\n")
    with pytest.raises(ThinkcapError, match=r"models\.toml is not valid TOML: .*line 1"):
        load_catalogue()


def test_file_that_cannot_be_read_is_not_passed_over(own_file: Path) -> None:
    own_file.symlink_to(own_file)
    with pytest.raises(ThinkcapError, match=r"models\.toml cannot be read: Too many levels of symbolic links\."):
        load_catalogue()
    own_file.unlink()
    own_file.symlink_to("nowhere.toml")
    with pytest.raises(ThinkcapError, match=r"models\.toml cannot be read: No such file or directory\."):
        load_catalogue()
    own_file.unlink()
    own_file.write_bytes(b"\xff")
    with pytest.raises(ThinkcapError, match=r"models\.toml cannot be read: it is not UTF-8\."):
        load_catalogue()
    own_file.write_text("x = " + "[" * 100_000)
    with pytest.raises(ThinkcapError, match=r"models\.toml is not valid TOML: it is nested too deeply\."):
        load_catalogue()


def test_unknown_names_get_near_ones() -> None:
    catalogue = load_catalogue()
    for wrong, near in (("abacas", "abacus"), ("E1-Math", "e1-math-1.5b"), ("deepscaler", "deepscaler-1.5b-preview")):
        with pytest.raises(UsageError, match=f"did you mean .*{near}"):
            catalogue[wrong]
    with pytest.raises(UsageError, match="`thinkcap models` lists the names"):
        catalogue["zzzzzz"]


def test_the_packaged_file_is_the_one_at_the_top() -> None:
    assert packaged_file().read_text() == (Path(__file__).parents[2] / "models.toml").read_text()
