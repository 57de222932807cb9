"""Why a model file cannot be used, in one sentence each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from thinkcap.errors import ThinkcapError
from thinkcap.text import one_line


class ModelFileError(ThinkcapError):
    """The model file cannot be used; the text says why and what to do."""


def check_head(path: Path) -> None:
    """Raises ModelFileError for what plainly is no GGUF, before llama.cpp is asked."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except FileNotFoundError:
        raise ModelFileError(f"There is no file {path}; check the path.") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder; name a .gguf file in it.") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}); check the file and its permissions.") from None
    if not head:
        raise ModelFileError(f"{path} is empty; download it again.")
    if head != b"GGUF":
        raise ModelFileError(f"{path} is not a GGUF file; thinkcap runs models in GGUF form.")


def why_unloadable(path: Path, errors: Iterable[str]) -> str:
    """What llama.cpp's error lines say, and what to do about it."""
    errors = list(errors)
    text = " ".join(errors)
    if "file bounds" in text or "failed to read" in text:
        return f"{path} is cut short (a part of the file is missing); download it again."
    if "unknown model architecture" in text:
        return f"{path} holds an architecture this llama.cpp does not know; run `pip install -U llama-cpp-python`."
    if re.search(r"tensor '.*' not found|missing tensor", text):
        return f"{path} has no (or not all) weights in it; use a complete GGUF of the model."
    reason = next((line for line in errors if "error" in line.lower()), errors[0] if errors else "")
    reason = one_line(reason.split(":", 1)[-1], 200).rstrip(".")
    detail = f" (llama.cpp: {reason})" if reason else ""
    return f"{path} could not be loaded{detail}; it may be damaged, so download it again."
