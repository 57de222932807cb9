"""`thinkcap serve`: a model behind HTTP, and a page to ask it on."""

from __future__ import annotations

import contextlib
from functools import partial
from ipaddress import ip_address

import click

from thinkcap.cli import options
from thinkcap.cli.parameter_types import whole
from thinkcap.cli.pull import offer_if_missing
from thinkcap.cli.terminal import say
from thinkcap.errors import UsageError
from thinkcap.runs.load_options import LoadOptions

PORT = 8337

EXAMPLES = """\
  thinkcap serve --model abacus --open
  thinkcap serve --port 8000 --allow-origin https://chat.example
  thinkcap serve --host 0.0.0.0 --api-key SECRET
"""

_add = partial(options.add, group="Run")


@options.command(EXAMPLES, short_help="Serve a model to any client, and show a page.")
@options.load()
@_add("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than loopback need a key.")
@_add("--port", type=whole(0, 65535), default=PORT, show_default=True, help="Port to listen on; 0 takes any.")
@_add("--open", "opens", is_flag=True, help="Open the page in a browser.")
@_add("--api-key", envvar="THINKCAP_API_KEY", metavar="KEY", help="What clients must send; or set THINKCAP_API_KEY.")
@_add("--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="A web site that may ask; * allows all.")
@_add("--log-prompts", is_flag=True, help="Log what clients ask, too.")
def command(
    load: LoadOptions,
    host: str,
    port: int,
    opens: bool,
    api_key: str | None,
    origins: tuple[str, ...],
    log_prompts: bool,
) -> None:
    """Serve a model to OpenAI's, Anthropic's and Ollama's clients, and show a page at /.

    All clients' requests run in one batch. A thinking budget is kept exactly, in whichever field a client sends it.
    """
    local = is_loopback(host)
    if api_key is not None and not api_key.strip():
        raise UsageError("The API key is empty: give one, or leave --api-key out.")
    if not local and api_key is None:
        raise UsageError(f"Others reach a server on {host}: give a key with --api-key, or leave --host out.")
    offer_if_missing(load)
    from thinkcap.serve.guard import LOCAL_NAMES, Access
    from thinkcap.serve.server import address, bind, run

    access = Access(api_key, frozenset(origins), LOCAL_NAMES | {host.lower()} if local else None)
    with bind(host, port) as listening, load.load() as engine:
        engine.reserve("problem")
        where = address(listening)

        def ready() -> None:
            say(f"{engine.profile.name} is at {where}; Ctrl-C ends it.")
            if opens:
                click.launch(where)

        with contextlib.suppress(KeyboardInterrupt):
            run(engine, listening, access, ready, log_prompts)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
