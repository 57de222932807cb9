"""The hub's cache on disk: which paths may be made, and where files go."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkcap.catalog.hub.cache import add_to_snapshot, check_space, is_plain_path, name_revision
from thinkcap.errors import ThinkcapError


@given(st.lists(st.sampled_from([*"./\\:~a0-_ \0\n", "..", "\ud800", "é"]), max_size=12).map("".join))
def test_plain_paths_stay_below_their_folder(path: str) -> None:
    if is_plain_path(path):
        joined = Path("/cache/folder") / path
        assert joined.resolve() == joined
        assert Path("/cache/folder") in joined.parents


@pytest.mark.parametrize(
    "path", ["model.gguf", "BF16/model-00001-of-00002.gguf", "refs/pr/1", ".gitattributes", "a b.gguf"]
)
def test_usual_names_are_plain(path: str) -> None:
    assert is_plain_path(path)


def test_a_name_in_a_snapshot_is_a_relative_link(tmp_path: Path) -> None:
    blob = tmp_path / "blobs" / "b"
    blob.parent.mkdir()
    blob.write_text("data")
    place = add_to_snapshot(tmp_path / "snapshots" / "c", "sub/file", blob)
    assert str(place.readlink()) == "../../../blobs/b"
    assert add_to_snapshot(tmp_path / "snapshots" / "c", "sub/file", blob).read_text() == "data"


def test_without_links_the_blob_itself_takes_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    blob = tmp_path / "b"
    blob.write_text("data")
    place = add_to_snapshot(tmp_path / "snapshots" / "c", "file", blob)
    assert (place.read_text(), place.is_symlink(), blob.exists()) == ("data", False, False)


def test_branches_are_noted_and_commits_are_not(tmp_path: Path) -> None:
    name_revision(tmp_path, "refs/pr/1", "c" * 40)
    name_revision(tmp_path, "c" * 40, "c" * 40)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [
        "refs/refs/pr/1"
    ]
    assert (tmp_path / "refs" / "refs" / "pr" / "1").read_text() == "c" * 40


def test_a_disk_that_is_too_small_is_noticed_before(tmp_path: Path) -> None:
    check_space(1, tmp_path / "not" / "made" / "yet")
    with pytest.raises(ThinkcapError, match=r"are needed and only .* are free in .*: free some, or set"):
        check_space(1 << 60, tmp_path)
