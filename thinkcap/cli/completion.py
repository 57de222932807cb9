"""`thinkcap completion`: the script that lets a shell complete commands, options, models and files."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from thinkcap.cli import commands, options

SHELLS = ("bash", "zsh", "fish")

EXAMPLES = """\
  thinkcap completion bash >> ~/.bashrc
  thinkcap completion zsh > ~/.zfunc/_thinkcap
  thinkcap completion fish > ~/.config/fish/completions/thinkcap.fish
"""


@options.command(EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script with which SHELL completes thinkcap's commands, options, models and files.

    Put it into a file that the shell reads, as below; new shells complete then. For zsh a line `fpath+=~/.zfunc` comes
    before `compinit` in ~/.zshrc. To try it at once in bash or zsh: `eval "$(thinkcap completion bash)"`.
    """
    from thinkcap.text import write_line

    script = get_completion_class(shell)
    assert script is not None
    write_line(script(commands, {}, "thinkcap", "_THINKCAP_COMPLETE").source().rstrip(), sys.stdout)
