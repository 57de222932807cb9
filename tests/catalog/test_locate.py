"""Locating reads this machine only. Each test has a cache of its own, laid out as the hub library does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

import thinkcap
from benchmarks.write_model import write_model
from thinkcap.catalog.gguf.header import read_header
from thinkcap.catalog.locate import NotDownloaded, locate, profile_of
from thinkcap.errors import ThinkcapError, UsageError

ABACUS = locate("abacus").path
L1 = "DataSoul/L1-Qwen-1.5B-Max-GGUF"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The library reads HF_HOME when it is imported; what it made of it is what it looks at.
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "hub"


def put(cache: Path, repository: str, name: str, source: Path = ABACUS, commit: str = "c1") -> Path:
    """A file as a pull leaves it: a blob, and a link to it in a snapshot."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    blob = folder / "blobs" / f"{commit}-{name.replace('/', '-')}"
    link = folder / "snapshots" / commit / name
    for path in (blob, link, folder / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, blob)
    link.symlink_to(os.path.relpath(blob, link.parent))
    (folder / "refs" / "main").write_text(commit)
    return link


def test_the_built_in_model() -> None:
    for spelling in ("Q8_0", "q8_0", None):
        found = locate("abacus", spelling)
        assert (found.path, found.quant, found.profile.name) == (ABACUS, "q8_0", "abacus")
    assert locate("abacus", "fp16").quant == "f16"
    assert locate("abacus:f16").profile.quant == "f16"
    with pytest.raises(UsageError, match="abacus has no quant bf16: it comes in q8_0 and f16"):
        locate("abacus", "bf16")


def test_named_model_in_the_cache(cache: Path) -> None:
    link = put(cache, L1, "L1-Qwen-1.5B-Max-Q8_0.gguf")
    put(cache, L1, "L1-Qwen-1.5B-Max-F16.gguf")
    found = locate("l1-qwen-1.5b-max")
    assert (found.path, found.quant, found.profile.prompt_mode) == (link, "q8_0", "max")
    assert locate(None).path == link, "it is the default"
    assert locate("l1-qwen-1.5b-max", "FP16").quant == "f16"
    assert locate(f"{L1}:f16").profile.prompt_mode == "max", "a repository an entry lists has the entry's prompt"


def test_sources_are_looked_at_in_order_and_conversions_last(cache: Path) -> None:
    put(cache, "l3lab/L1-Qwen-1.5B-Max", "L1-Qwen-1.5B-Max-Q8_0.gguf")
    assert "l3lab" in str(locate("l1-qwen-1.5b-max").path)
    put(cache, L1, "x.q8_0.gguf")
    assert "DataSoul" in str(locate("l1-qwen-1.5b-max").path)


def test_another_quant_does_where_none_is_asked_for(cache: Path) -> None:
    put(cache, L1, "L1-Q4_K_M.gguf")
    assert locate("l1-qwen-1.5b-max").quant == "q4_k_m"
    with pytest.raises(NotDownloaded):
        locate("l1-qwen-1.5b-max", "q8_0")


def test_what_is_not_downloaded_says_both_ways_out() -> None:
    with pytest.raises(NotDownloaded) as caught:
        locate()
    assert str(caught.value) == (
        "l1-qwen-1.5b-max (q8_0) is not downloaded yet: run `thinkcap pull l1-qwen-1.5b-max`, or use the built-in "
        "model: --model abacus."
    )
    for name, quant, command in (
        ("l1-qwen-1.5b-max", "f16", "thinkcap pull l1-qwen-1.5b-max --quant f16"),
        ("e1-math-1.5b", None, "thinkcap pull e1-math-1.5b --convert"),
        ("someone/Thinker-GGUF:Q4_K_M", None, "thinkcap pull someone/Thinker-GGUF:q4_k_m"),
        (f"{L1}", "f16", f"thinkcap pull {L1}:f16"),
    ):
        with pytest.raises(NotDownloaded) as caught:
            locate(name, quant)
        assert caught.value.command == command


def test_broken_links_and_halves_are_not_models(cache: Path) -> None:
    put(cache, L1, "L1-Q8_0.gguf").resolve().unlink()
    put(cache, L1, "L1-F16-00001-of-00002.gguf")
    with pytest.raises(NotDownloaded):
        locate("l1-qwen-1.5b-max")


def test_the_state_main_points_at_comes_first(cache: Path) -> None:
    put(cache, L1, "L1-Q8_0.gguf", commit="old")
    new = put(cache, L1, "L1-Q8_0.gguf", commit="new")
    assert locate("l1-qwen-1.5b-max").path == new


def test_repository_without_an_entry(cache: Path) -> None:
    link = put(cache, "someone/Thinker-GGUF", "Q8_0/thinker-Q8_0.gguf")
    for name in ("someone/Thinker-GGUF", "someone/Thinker-GGUF:Q8_0"):
        found = locate(name)
        assert (found.path, found.quant, found.profile.name) == (link, "q8_0", "someone/Thinker-GGUF")
        assert found.profile.cut_style == "message"


def test_file_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my model.gguf"
    shutil.copy(ABACUS, file)
    found = locate(str(file))
    assert (found.path, found.quant, found.profile.name) == (file, "q8_0", "my model")
    monkeypatch.chdir(tmp_path)
    assert locate("my model.gguf").path == Path("my model.gguf")
    with pytest.raises(UsageError, match="holds q8_0, not f16: leave --quant out"):
        locate(str(file), "f16")


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    for name, sentence in (
        (f"{tmp_path}/no.gguf", f"There is no file {tmp_path}/no.gguf: give the path of a .gguf, or a name that"),
        ("deep/er/no", "There is no file deep/er/no: give the path of a .gguf"),
        (str(tmp_path), f"{tmp_path} is a folder: point --model at a .gguf file in it."),
    ):
        with pytest.raises(ThinkcapError) as caught:
            locate(name)
        assert str(caught.value).startswith(sentence)


def test_paths_that_no_file_has(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    long = "x" * 300
    for name in (long * 20, f"{long}.gguf", f"{long}/y", "~nobody-here/x.gguf", "~nobody-here/x", "a\0b/c", "",
                 str(tmp_path / "pipe.gguf"), "/dev/zero", "\udcff.gguf"):  # fmt: skip
        with pytest.raises(ThinkcapError):
            locate(name)


def test_path_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "\udcff.gguf"
    shutil.copy(ABACUS, file)
    assert locate(str(file)).path == file
    with thinkcap.load(str(file)) as engine:
        assert engine.solve("What is 12 + 34?").answer == "46"


def test_split_file_by_any_of_its_parts(tmp_path: Path) -> None:
    first, second = tmp_path / "x-00001-of-00002.gguf", tmp_path / "x-00002-of-00002.gguf"
    shutil.copy(ABACUS, second)
    with pytest.raises(ThinkcapError, match=r"split into 2 files and x-00001-of-00002.gguf is not beside it: fetch it"):
        locate(str(second))
    shutil.copy(ABACUS, first)
    assert locate(str(second)).path == first


def test_local_file_with_an_entry_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "config" / "thinkcap" / "models.toml"
    own.parent.mkdir(parents=True)
    own.write_text(f'[models.mine]\npath = "{ABACUS}"\ncut_style = "soft"\n')
    found = locate("mine")
    assert (found.path, found.quant, found.profile.cut_style) == (ABACUS, "q8_0", "soft")


def test_sampling_comes_from_the_file_where_it_says(tmp_path: Path) -> None:
    import gguf

    path = tmp_path / "sampled.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_sampling_temp(0.9)
    writer.add_sampling_top_k(20)
    writer.add_sampling_top_p(7.0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    sampling = profile_of(read_header(path), "x").sampling
    assert sampling.temperature == pytest.approx(0.9)
    assert (sampling.top_k, sampling.top_p) == (20, 0.95), "values that make no sense are passed over"


def test_file_of_the_seeds_shape_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "shape.gguf"
    write_model(path, "q8_0", layers=1, width=192)
    header = read_header(path, tokens=True)
    assert header.tokens[151_648:151_650] == ("<think>", "</think>")
    assert header.tokens[151_643:151_647] == (
        "<｜end▁of▁sentence｜>",
        "<｜User｜>",
        "<｜Assistant｜>",
        "<｜begin▁of▁sentence｜>",
    )
    assert len(header.tokens) == len(set(header.tokens)) == 151_936
    assert locate(str(path)).quant == "q8_0"
