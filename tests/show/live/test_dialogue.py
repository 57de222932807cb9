"""`thinkcap solve` without a problem in a pseudo-terminal: a session, in one process for many steps."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect  # type: ignore[import-untyped]
import pytest

COMMAND = ["-m", "thinkcap", "solve", "--model", "abacus", "--threads", "1"]
PROBLEM = "What is 4821 + 9377 + 6145?"
_ESCAPES = re.compile(r"\x1b\[[?\d;]*[A-Za-z]|\x1b[=>]")


class Typist:
    """A person at a terminal: types lines and reads what comes, without the sequences that steer the terminal."""

    def __init__(self, home: Path, *args: str, term: str = "xterm-256color") -> None:
        environment = {**os.environ, "TERM": term, "XDG_STATE_HOME": str(home)}
        environment["PROMPT_TOOLKIT_NO_CPR"] = "1"  # nobody answers requests for the cursor's position here
        environment.pop("NO_COLOR", None)
        self.process = pexpect.spawn(
            sys.executable, [*COMMAND, *args], env=environment, dimensions=(40, 100), encoding="utf-8", timeout=30
        )
        self.process.delaybeforesend = None

    def until(self, pattern: str) -> str:
        """Reads up to a pattern and returns what was shown until then, the pattern included."""
        self.process.expect(pattern)
        return _ESCAPES.sub("", self.process.before + self.process.after).replace("\r", "")

    def prompt(self) -> str:
        """Reads up to the next prompt, which begins to listen for pasted text."""
        return self.until(r"\x1b\[\?2004h")

    def enter(self, line: str) -> str:
        """Types a line, and returns all that is shown up to the next prompt."""
        self.process.send(f"{line}\r")
        return self.prompt()

    def record(self) -> dict[str, Any]:
        """The last result."""
        found: dict[str, Any] = json.loads(self.enter("/json").split("\n")[1])
        return found

    def end(self) -> int | None:
        """What the exit code is once the process has ended by itself."""
        self.process.expect(pexpect.EOF)
        self.process.close()
        status: int | None = self.process.exitstatus
        return status


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    typist = Typist(tmp_path)
    yield typist
    typist.process.close(force=True)


def test_a_session(typist: Typist, tmp_path: Path) -> None:
    assert "/help lists the commands" in typist.prompt()
    assert "thinking budget: 64" in typist.enter("/budget 64")
    first = typist.enter(PROBLEM)
    assert "── cut at the budget ──" in first
    assert "thinking 64/64" in first
    more = typist.enter("+20")
    assert "── thinking on from 64 to 84 tokens ──" in more
    assert "thinking 84/84, 64 of them kept" in more
    assert "There is no command /bugdet: did you mean /budget?" in typist.enter("/bugdet 5")
    assert "lower /min-thinking or raise /budget." in typist.enter("/min-thinking 500")
    curve = typist.enter("/curve 0..32")
    assert "cut at the budget" in curve
    assert "95 % intervals" not in curve  # no answer is expected, so there is nothing to draw
    assert ", wrong: expected -5" in typist.enter("/expect -5")
    assert "/curve 0..1k" in typist.enter("/help")
    assert "95 % intervals" in typist.enter("/curve 0..32")
    typist.enter("/temperature 0.9")
    assert re.search(r"[1-3] of 3 votes", typist.enter("/vote 3"))
    before = typist.record()

    # Several lines: by a backslash, pasted, and what was typed before.
    typist.process.send("What is\\\r")
    assert "thinking 64/64" in typist.enter("4821 + 3797 + 6145?")
    assert typist.record()["problem"] == "What is\n4821 + 3797 + 6145?"
    assert "thinking" in typist.enter("\x1b[200~What is\n2 + 3?\x1b[201~")
    after = typist.record()
    assert after["problem"] == "What is\n2 + 3?"
    assert after["seconds"]["load"] == before["seconds"]["load"]  # the model was loaded once
    typist.enter("\x1b[A\x1b[A")
    assert typist.record()["problem"] == "What is\n2 + 3?"

    # A thought of some seconds: resized, made to answer, and the next one ended.
    typist.enter("/budget 3000")
    typist.enter("/min-thinking 2900")
    typist.process.send(f"{PROBLEM}\r")
    for columns in (60, 120):
        typist.until(r"\d+/3000")
        typist.process.setwinsize(40, columns)
    typist.until(r"\d+/3000")
    typist.process.sendintr()
    answered = typist.prompt()
    assert "── interrupted ──" in answered
    assert re.search(r"The answer is \\boxed\{.*\}", answered)
    assert re.search(r"thinking \d+/3000, interrupted", answered)

    # Twice and three times at once: that ends the thought in whatever state it is, and never the session.
    for times in (2, 3):
        typist.process.send("+3000\r")
        typist.until(r"\d+/3\d\d\d ")
        for _ in range(times):
            typist.process.sendintr()
        typist.process.send("/temperature 0\r")
        typist.until("temperature: 0.0")
        typist.prompt()
    typist.enter("/min-thinking 0")
    assert "── stopped by itself ──" in typist.enter("What is 2 + 3?")
    typist.process.sendintr()
    assert "Ctrl-D or /quit ends the session." in typist.prompt()
    saved = tmp_path / "saved.jsonl"
    assert "Wrote" in typist.enter(f"/save {saved}")
    assert len(saved.read_text().splitlines()) > 8
    typist.process.sendeof()
    assert typist.end() == 0
    assert "+20" in (tmp_path / "thinkcap" / "history").read_text()
