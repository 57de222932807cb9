"""Batches on a real Ray cluster of two workers on this machine: the same records as without, also when one is lost."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runs.lines import key_of, read_lines
from thinkcap import cli
from thinkcap.errors import ThinkcapError
from thinkcap.runs.ray_cluster import RayCluster, engines_on

GREEDY = ("--model", "abacus", "--quant", "f16", "--temperature", "0", "--budget", "48", "--solution-budget", "24")


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster as LocalCluster

    worker = {"num_cpus": 1, "include_dashboard": False}
    cluster = LocalCluster(initialize_head=True, head_node_args=worker)
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    lines = [{"problem": f"What is {a} + {b}?", "answer": a + b} for a in range(11, 19) for b in range(21, 29)]
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def records(path: Path) -> dict[str, Any]:
    """What each record holds but its seconds, which differ from run to run."""
    found = read_lines(path)
    assert len({entry["id"] for entry in found}) == len(found)
    return {entry["id"]: {name: value for name, value in entry.items() if name != "seconds"} for entry in found}


def test_a_model_that_no_worker_can_load_is_one_sentence(ray_cluster: Any) -> None:
    with pytest.raises(ThinkcapError, match="could be loaded: There is no model named 'nonesuch'"):
        RayCluster(ray_cluster.address, {"name": "nonesuch"})


def test_an_address_where_nothing_answers_is_one_sentence() -> None:
    with pytest.raises(ThinkcapError, match=r"127.0.0.1:1 can't be reached .*Connection refused"):
        RayCluster("127.0.0.1:1", {"name": "abacus"})


def test_a_cluster_sweeps(ray_cluster: Any, sums: Path, tmp_path: Path) -> None:
    alone, together = (tmp_path / f"{name}.jsonl" for name in ("alone", "together"))
    sweep = ("sweep", str(sums), "--budgets", "0,8,48", "--limit", "24", *GREEDY[:-4], *GREEDY[-2:])
    assert cli.run([*sweep, "-o", str(alone), "--threads", "1"]) == 0
    assert cli.run([*sweep, "-o", str(together), "--parallel", "4", "--ray", ray_cluster.address]) == 0
    found = [{key_of(entry): {**entry, "seconds": 0} for entry in read_lines(path)} for path in (alone, together)]
    assert len(found[0]) == 72
    assert found[0] == found[1]


def test_a_cluster_gives_the_same_records_and_a_lost_worker_loses_nothing(
    ray_cluster: Any, sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, together, lossy = (tmp_path / f"{name}.jsonl" for name in ("alone", "together", "lossy"))
    assert cli.run(["batch", str(sums), "-o", str(alone), "--threads", "1", *GREEDY]) == 0
    on_ray = ("--parallel", "4", "--ray", ray_cluster.address, *GREEDY)
    assert cli.run(["batch", str(sums), "-o", str(together), *on_ray]) == 0
    assert len(records(together)) == 64
    assert records(together) == records(alone)

    def lose_a_worker() -> None:
        while not lossy.exists() or lossy.read_bytes().count(b"\n") < 10:
            time.sleep(0.01)
        ray_cluster.remove_node(ray_cluster.worker_nodes.copy().pop(), allow_graceful=False)

    thread = threading.Thread(target=lose_a_worker)
    thread.start()
    assert cli.run(["batch", str(sums), "-o", str(lossy), *on_ray]) == 0
    thread.join()
    assert records(lossy) == records(alone)
    assert "raylet" not in capsys.readouterr().out  # Ray's own word on it does not mix with the report


def test_a_cluster_runs_no_samples_that_votes_do_not_need(ray_cluster: Any, sums: Path, tmp_path: Path) -> None:
    alone, together = (tmp_path / f"{name}.jsonl" for name in ("alone", "together"))
    vote = ("--samples", "6", "--vote-until", "0.95", "--temperature", "1.6", "--top-p", "1", "--budget", "24")
    line = ("batch", str(sums), "--limit", "4", "--solution-budget", "24", *GREEDY[:4], *vote)
    assert cli.run([*line, "-o", str(alone), "--threads", "1"]) == 0
    assert cli.run([*line, "-o", str(together), "--ray", ray_cluster.address]) == 0
    found = [
        {(each["id"], each["sample"]): (each["thinking"], each.get("unneeded")) for each in read_lines(path)}
        for path in (alone, together)
    ]
    assert len(found[0]) == 24
    assert any(unneeded for _, unneeded in found[0].values())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("resources", "threads", "gpu_layers", "engines"),
    [
        ({"CPU": 16.0}, None, None, [(16, 0)]),
        ({"CPU": 16.0}, 6, None, [(6, 0), (6, 0)]),
        ({"CPU": 4.0}, 6, None, []),
        ({"CPU": 16.0, "GPU": 2.0}, None, None, [(1, 1), (1, 1)]),
        ({"CPU": 16.0, "GPU": 2.0}, None, 0, [(16, 0)]),
        ({"memory": 1.0}, None, None, []),
    ],
)
def test_a_node_runs_as_many_engines_as_it_has_room_for(
    resources: dict[str, float], threads: int | None, gpu_layers: int | None, engines: list[tuple[int, int]]
) -> None:
    assert engines_on(resources, threads, gpu_layers) == engines
