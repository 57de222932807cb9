"""thinkcap pull with the real hub client against a hub on this machine; in new processes if they are killed, run side
by side or have a terminal."""

import json
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from tests.catalog.hub import Hub, serve
from tests.catalog.machine import Here, Machine
from tests.catalog.qwen2 import Qwen2
from thinkcap.catalog.locate import locate

REPOSITORY = "someone/Thinker-1B-GGUF"
MODEL = bytes(range(256)) * 20_000  # 5 MB
EMPTY = b"\x02\0\0\0\0\0\0\0{}"  # safetensors without tensors


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve() as hub:
        hub.add(
            REPOSITORY, {"README.md": b"# Thinker", "Thinker-1B.Q8_0.gguf": MODEL, "Thinker-1B.fp16.gguf": b"16" * 99}
        )
        yield hub


@pytest.fixture
def machine(hub: Hub, tmp_path: Path) -> Machine:
    return Here(tmp_path, hub)


def test_pull_says_what_it_fetches_and_leaves_the_file_in_the_cache(machine: Machine) -> None:
    done = machine.run("pull", f"{REPOSITORY}:q8_0", "--json")
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert said[:3] == [f"model    {REPOSITORY} (q8_0)", "from     Thinker-1B.Q8_0.gguf", "size     5.1 MB"]
    assert said[3].startswith("free ")
    assert str(machine.cache) in done.stderr
    assert said[-2:] == ["licence  mit", f"Ready: thinkcap solve --model {REPOSITORY}:q8_0 …"]
    record = json.loads(done.stdout)
    assert (record["quant"], record["bytes"]) == ("q8_0", len(MODEL))
    assert Path(record["path"]).read_bytes() == MODEL
    assert record["path"] == str(machine.cached(REPOSITORY, "*.gguf"))


def test_second_pull_is_silent_and_asks_the_hub_nothing(machine: Machine) -> None:
    machine.run("pull", f"{REPOSITORY}:q8_0")
    machine.hub.requests.clear()
    again = machine.run("pull", f"{REPOSITORY}:Q8_0")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    offline = machine.run("pull", REPOSITORY, "--quant", "q8_0", HF_HUB_OFFLINE="1")
    assert (offline.returncode, offline.stdout, offline.stderr) == (0, "", "")
    assert machine.hub.requests == []


def test_quant_is_found_in_another_spelling(machine: Machine) -> None:
    done = machine.run("pull", f"{REPOSITORY}:F16")
    assert done.returncode == 0, done.stderr
    assert machine.cached(REPOSITORY, "Thinker-1B.fp16.gguf").read_bytes() == b"16" * 99


def test_split_model_in_a_subfolder_comes_whole(machine: Machine) -> None:
    shards = {f"BF16/big-BF16-0000{number}-of-00003.gguf": bytes([number]) * 1000 for number in (1, 2, 3)}
    machine.hub.add("someone/Big-GGUF", shards | {"mmproj-BF16.gguf": b"eyes"})
    done = machine.run("pull", "someone/Big-GGUF:bf16", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"].endswith("BF16/big-BF16-00001-of-00003.gguf")
    assert "size     3.0 kB\n" in done.stderr
    for path, data in shards.items():
        assert machine.cached("someone/Big-GGUF", path).read_bytes() == data


def test_dropped_connection_is_taken_up_where_it_dropped(machine: Machine) -> None:
    machine.hub.drop_after = [3_500_000]
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert done.returncode == 0, done.stderr
    assert machine.cached(REPOSITORY, "*Q8_0.gguf").read_bytes() == MODEL
    ranges = [request.range for request in machine.hub.asked("GET", f"/{REPOSITORY}/Thinker-1B.Q8_0.gguf")]
    assert ranges == [None, f"bytes={3 << 20}-"]


def test_server_that_ignores_ranges_still_gives_the_right_file(machine: Machine) -> None:
    machine.hub.drop_after = [3_500_000]
    machine.hub.ignore_range = True
    assert machine.run("pull", f"{REPOSITORY}:q8_0").returncode == 0
    assert machine.cached(REPOSITORY, "*Q8_0.gguf").read_bytes() == MODEL


def test_killed_pull_of_50_mb_continues(machine: Machine) -> None:
    data = MODEL * 10
    machine.hub.add("someone/Large-GGUF", {"large-q8_0.gguf": data})
    machine.hub.rate = 50_000_000
    first = machine.start("pull", "someone/Large-GGUF:q8_0")
    blobs = machine.cache / "models--someone--Large-GGUF" / "blobs"
    while not any(part.stat().st_size > len(data) // 2 for part in blobs.glob("*.incomplete")):
        assert first.poll() is None, first.communicate()
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    (part,) = blobs.iterdir()
    arrived = part.stat().st_size
    assert len(data) // 2 < arrived < len(data)

    machine.hub.rate = 0
    machine.hub.requests.clear()
    second = machine.run("pull", "someone/Large-GGUF:q8_0")
    assert second.returncode == 0, second.stderr
    assert "size     51 MB, " in second.stderr
    assert " of it still to fetch\n" in second.stderr
    (request,) = machine.hub.asked("GET", "/someone/Large-GGUF/large-q8_0.gguf")
    assert request.range == f"bytes={arrived}-"
    assert machine.cached("someone/Large-GGUF", "*.gguf").read_bytes() == data


def test_wrong_bytes_are_thrown_away(machine: Machine) -> None:
    machine.hub.corrupt = True
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "thinkcap: Thinker-1B.Q8_0.gguf arrived with wrong bytes (its checksum is not the hub's) and was thrown away: "
        "run the command again."
    )
    machine.hub.corrupt = False
    assert machine.run("pull", f"{REPOSITORY}:q8_0").returncode == 0
    assert machine.cached(REPOSITORY, "*Q8_0.gguf").read_bytes() == MODEL


def test_gated_model_asks_for_a_token_and_the_token_stays_with_the_hub(machine: Machine) -> None:
    machine.hub.add("someone/Gated-GGUF", {"gated-q8_0.gguf": b"secret"}, gated=True)
    refused = machine.run("pull", "someone/Gated-GGUF:q8_0")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        f"thinkcap: someone/Gated-GGUF is gated: accept its terms on {machine.hub.url}/someone/Gated-GGUF, then set "
        "HF_TOKEN to a token of yours that may read it."
    )
    assert machine.run("pull", "someone/Gated-GGUF:q8_0", HF_TOKEN="let-me-in").returncode == 0
    (to_store,) = machine.hub.asked("GET", "/someone/Gated-GGUF/gated-q8_0.gguf")
    assert to_store.token is None


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not let you read {repository} (401): set HF_TOKEN to a token that may read it."),
        (403, "does not let you read {repository} (403): set HF_TOKEN to a token that may read it."),
        (
            429,
            "is asked too often (429), also after 3 more tries: wait a few minutes and run the command again; a token "
            "in HF_TOKEN raises the limit.",
        ),
        (
            503,
            "is out of order (503), also after 3 more tries: run the command again later; what has arrived is kept.",
        ),
    ],
)
def test_refusals_say_what_to_do(machine: Machine, status: int, sentence: str) -> None:
    machine.hub.forever = status
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert done.returncode == 1
    host = machine.hub.url.removeprefix("http://")
    assert done.stderr.splitlines()[-1] == f"thinkcap: The hub ({host}) " + sentence.format(repository=REPOSITORY)


@pytest.mark.parametrize("status", [429, 503])
def test_busy_hub_is_waited_for(machine: Machine, status: int) -> None:
    machine.hub.statuses = [status, status]
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert done.returncode == 0, done.stderr
    assert f"answers {status}: trying again in 0 s." in done.stderr


def test_hub_that_asks_for_a_long_pause_is_not_waited_for(machine: Machine) -> None:
    machine.hub.forever, machine.hub.retry_after = 429, "290"
    started = time.monotonic()
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert "wait 290 s and run the command again" in done.stderr
    assert time.monotonic() - started < 20


def test_unknown_repository_and_revision(machine: Machine) -> None:
    done = machine.run("pull", "someone/Nothing-GGUF")
    assert done.returncode == 1
    assert "has no repository someone/Nothing-GGUF, or it is private: check the name, or set HF_TOKEN" in done.stderr
    done = machine.run("pull", f"{REPOSITORY}:q8_0", "--revision", "v9")
    assert done.stderr == (f"thinkcap: {REPOSITORY} has no revision 'v9': leave --revision out for the newest.\n")


def test_missing_quant_lists_what_there_is(machine: Machine) -> None:
    done = machine.run("pull", f"{REPOSITORY}:q4_k_m")
    assert (done.returncode, done.stderr) == (
        1,
        f"thinkcap: There is no {REPOSITORY} in q4_k_m: {REPOSITORY} has q8_0, f16.\n",
    )


def test_no_space_keeps_what_has_arrived(machine: Machine) -> None:
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))

    done = machine.run("pull", f"{REPOSITORY}:q8_0", before=small_files_only)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"thinkcap: No space is left for Thinker-1B.Q8_0.gguf in {machine.cache}: free some or set HF_HOME to a folder "
        "on another disk, then run the command again; what has arrived is kept."
    )
    machine.hub.requests.clear()
    assert machine.run("pull", f"{REPOSITORY}:q8_0").returncode == 0
    (request,) = machine.hub.asked("GET", f"/{REPOSITORY}/Thinker-1B.Q8_0.gguf")
    assert request.range == f"bytes={3 << 20}-"


def test_offline_without_the_file(machine: Machine) -> None:
    done = machine.run("pull", f"{REPOSITORY}:q8_0", HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stderr) == (
        1,
        f"thinkcap: HF_HUB_OFFLINE is set, so {REPOSITORY} can't be looked up: unset it and run the command again.\n",
    )


def test_no_network_says_so_at_once(machine: Machine) -> None:
    started = time.monotonic()
    done = machine.run("pull", f"{REPOSITORY}:q8_0", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("thinkcap: The hub (127.0.0.1:9) can't be reached (")
    assert time.monotonic() - started < 15


def test_sources_are_tried_in_order_and_the_terms_are_said(machine: Machine) -> None:
    machine.own_models(
        f"""
        [models.thinker]
        sources = ["someone/Gone-GGUF", "someone/Other-GGUF", "{REPOSITORY}"]
        licence = "CC-BY-NC-4.0"
        noncommercial = true
        quants = ["q8_0"]
        """
    )
    machine.hub.add("someone/Other-GGUF", {"other-q4_k_m.gguf": b"4"})
    done = machine.run("pull", "thinker")
    assert done.returncode == 0, done.stderr
    assert f"model    thinker (q8_0)\nfrom     {REPOSITORY}, Thinker-1B.Q8_0.gguf\n" in done.stderr
    assert "licence  CC-BY-NC-4.0, for non-commercial use only\n" in done.stderr
    done = machine.run("pull", "thinker", "--quant", "iq4_xs")
    assert done.stderr == (
        "thinkcap: There is no thinker in iq4_xs: someone/Gone-GGUF is not on the hub; someone/Other-GGUF has q4_k_m; "
        f"{REPOSITORY} has q8_0, f16.\n"
    )


def test_two_pulls_at_once_share_one_download(machine: Machine) -> None:
    machine.hub.rate = 5_000_000
    both = [machine.start("pull", f"{REPOSITORY}:q8_0") for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert machine.cached(REPOSITORY, "*Q8_0.gguf").read_bytes() == MODEL
    assert machine.hub.sent <= len(MODEL)
    for process in both:
        process.communicate()


def test_interrupted_pull_exits_with_130_and_goes_on_later(machine: Machine) -> None:
    machine.hub.rate = 3_000_000
    process = machine.start("pull", f"{REPOSITORY}:q8_0")
    while machine.hub.sent < 2_500_000:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in complaint
    machine.hub.requests.clear()
    machine.hub.rate = 0
    assert machine.run("pull", f"{REPOSITORY}:q8_0").returncode == 0
    (request,) = machine.hub.asked("GET", f"/{REPOSITORY}/Thinker-1B.Q8_0.gguf")
    assert request.range is not None


def test_pull_of_what_needs_none(machine: Machine, tmp_path: Path) -> None:
    assert machine.run("pull", "abacus").returncode == 0
    file = tmp_path / "my.gguf"
    file.write_bytes(b"GGUF")
    done = machine.run("pull", str(file))
    assert (done.returncode, done.stderr) == (
        2,
        f"thinkcap: {file} is a file, there is nothing to pull: give it to --model as it is.\n",
    )
    done = machine.run("pull", "abacas")
    assert (done.returncode, done.stderr) == (
        2,
        "thinkcap: There is no model named 'abacas': did you mean abacus? `thinkcap models` lists them all.\n",
    )


def test_bar_on_a_terminal_has_rate_and_time_left_and_goes_away(machine: Machine) -> None:
    machine.hub.rate = 4_000_000
    terminal = on_terminal(machine, "pull", f"{REPOSITORY}:q8_0")
    terminal.expect(r"fetching.*?\d\.\d/5\.1 MB.*?\d\.\d MB/s.*?0:00:\d\d")
    terminal.expect("Ready: thinkcap solve")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


E1 = "Salesforce/E1-Math-1.5B"


def checkpoint_of_e1(machine: Machine) -> None:
    folder = machine.home / "checkpoint"
    Qwen2.random(layers=1).write(folder, shards=2)
    machine.hub.add(E1, {path.name: path.read_bytes() for path in folder.iterdir()}, licence="cc-by-nc-4.0")


def test_e1_is_converted_from_its_original_when_asked(machine: Machine) -> None:
    checkpoint_of_e1(machine)
    unasked = machine.run("pull", "e1-math-1.5b")
    assert (unasked.returncode, unasked.stderr) == (
        1,
        "thinkcap: There is no e1-math-1.5b in q8_0: no GGUF of it is published. `thinkcap pull e1-math-1.5b "
        f"--convert` makes one from {E1}, a larger download.\n",
    )
    wrong = machine.run("pull", "e1-math-1.5b", "--convert", "--quant", "q4_k_m")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "thinkcap: A conversion writes q8_0, f16 or bf16, not q4_k_m.\n",
    )
    done = machine.run("pull", "e1-math-1.5b", "--convert", "--json")
    assert done.returncode == 0, done.stderr
    assert "licence  CC-BY-NC-4.0, for non-commercial use only\n" in done.stderr
    made = machine.cached(E1, "E1-Math-1.5B-Q8_0.gguf")
    assert made.is_symlink()
    assert made.resolve().parent.name == "blobs"
    assert json.loads(done.stdout)["path"] == str(made)

    machine.hub.requests.clear()
    again = machine.run("pull", "e1-math-1.5b", "--convert", HF_HUB_OFFLINE="1")
    assert (again.returncode, again.stderr, machine.hub.requests) == (0, "", [])
    shown = json.loads(machine.run("models", "show", "e1-math-1.5b", "--json").stdout)
    assert shown["file"]["path"] == str(made)
    assert shown["file"]["markers"]["start"] == "<think>"
    solved = machine.run(
        "solve", "What?", "--model", "e1-math-1.5b", "--budget", "4", "--solution-budget", "4", "--json"
    )
    assert solved.returncode == 0, solved.stderr
    assert json.loads(solved.stdout)["thinking_tokens"] == 4


def test_conversion_of_what_is_no_qwen2_is_refused(machine: Machine) -> None:
    machine.hub.add("someone/Llama-Thinker", {"config.json": b'{"model_type": "llama"}', "model.safetensors": EMPTY})
    done = machine.run("pull", "someone/Llama-Thinker", "--convert")
    assert done.returncode == 1
    assert done.stderr == (
        "thinkcap: someone/Llama-Thinker is of the architecture llama: only qwen2 is converted; look for a GGUF on the "
        "hub.\n"
    )
    assert machine.hub.asked("GET", "model.safetensors") == [], "nothing large is fetched in vain"


def on_terminal(machine: Machine, *words: str) -> pexpect.spawn:
    environment = machine.environment(TERM="xterm-256color")
    return pexpect.spawn(
        sys.executable, ["-m", "thinkcap", *words], env=environment, dimensions=(24, 80), timeout=30, encoding="utf-8"
    )


def test_conversion_is_offered_on_a_terminal_and_no_is_no(machine: Machine) -> None:
    checkpoint_of_e1(machine)
    terminal = on_terminal(machine, "pull", "e1-math-1.5b")
    terminal.expect(r"Fetch the original and convert it now\? \[y/N\]")
    terminal.sendline("n")
    terminal.expect(pexpect.EOF)
    assert machine.hub.requests == []


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("l1-qwen-1.5b-max", r"about 1\.9 GB from DataSoul/L1-Qwen-1\.5B-Max-GGUF, licence MIT\."),
        (
            "e1-math-1.5b",
            r"about 3\.6 GB from Salesforce/E1-Math-1\.5B, licence CC-BY-NC-4\.0, for non-commercial use only",
        ),
    ],
)
def test_the_offer_names_size_source_licence_and_the_way_without(machine: Machine, name: str, terms: str) -> None:
    terminal = on_terminal(machine, "solve", "What?", "--model", name)
    terminal.setwinsize(24, 200)
    terminal.expect(rf"not downloaded yet: {terms}")
    terminal.expect_exact("--model abacus")
    terminal.expect(r"now\? \[y/N\]")
    terminal.sendline("n")
    terminal.expect(pexpect.EOF)
    assert machine.hub.requests == []


def test_solve_offers_the_pull_on_a_terminal_only(machine: Machine) -> None:
    machine.own_models(f'[models.thinker]\nsources = ["{REPOSITORY}"]\nlicence = "MIT"\n')
    elsewhere = machine.run("solve", "What?", "--model", "thinker")
    assert (elsewhere.returncode, elsewhere.stderr) == (
        1,
        "thinkcap: thinker (q8_0) is not downloaded yet: run `thinkcap pull thinker`, or use the built-in model: "
        "--model abacus.\n",
    )
    machine.hub.repositories[REPOSITORY].files["Thinker-1B.Q8_0.gguf"] = locate("abacus").path.read_bytes()
    terminal = on_terminal(machine, "solve", "What is 12 + 34?", "--model", "thinker")
    terminal.expect_exact(f"thinker (q8_0) is not downloaded yet: from {REPOSITORY}, licence MIT.")
    terminal.expect_exact("The built-in model needs no download: --model abacus.")
    terminal.expect(r"Fetch it now\? \[y/N\]")
    terminal.sendline("y")
    terminal.expect("Ready: thinkcap solve --model thinker")
    terminal.expect("46")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
