"""`thinkcap serve`: a model behind HTTP, and a page to ask it on."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address

import click

from thinkcap.cli.options import GenerationOptions, Number, Tokens, debug_option
from thinkcap.cli.runner import fetch_if_missing, say
from thinkcap.errors import UsageError

PORT = 8337

EXAMPLES = """\
\b
Examples:
  thinkcap serve --model abacus --open
  thinkcap serve --port 8000 --allow-origin https://chat.example
  THINKCAP_API_KEY=secret thinkcap serve --host 0.0.0.0
"""


@click.command(epilog=EXAMPLES, short_help="Serve a model to any client, and show a page.")
@click.option("--model", "-m", metavar="NAME", help="A model's name, OWNER/REPO[:QUANT], or a path to a .gguf.")
@click.option("--quant", metavar="NAME", help="Which quantisation of it: q8_0, f16, …")
@click.option("--host", default="127.0.0.1", help="The address to listen on; another than this machine's needs a key.")
@click.option("--port", type=Number(0, 65535, whole=True), default=PORT, help="The port to listen on; 0 takes any.")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--api-key", envvar="THINKCAP_API_KEY", metavar="KEY", help="What clients must send; or THINKCAP_API_KEY."
)
@click.option(
    "--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="Pages of others that may ask; * is all."
)
@click.option("--parallel", type=Number(1, 64, whole=True), help="Thoughts in flight at once.")
@click.option("--threads", type=Number(1, whole=True), help="CPU threads.")
@click.option("--gpu-layers", type=Number(0, whole=True), help="Layers on the GPU; 0 keeps all on the CPU.")
@click.option("--context", type=Tokens(least=1), help="Context size in tokens.")
@click.option("--think-start", metavar="TEXT", help="The marker that opens the model's thought.")
@click.option("--think-end", metavar="TEXT", help="The marker that closes it.")
@click.option("--log-prompts", is_flag=True, help="Log what clients ask, too.")
@click.option("--verbose", "-v", is_flag=True, help="Show llama.cpp's own log.")
@debug_option
def command(
    host: str,
    port: int,
    opens: bool,
    api_key: str | None,
    origins: tuple[str, ...],
    parallel: int | None,
    log_prompts: bool,
    **loading: str | int | bool | None,
) -> None:
    """Serve a model to OpenAI's, Anthropic's and Ollama's clients, and show a page at /.

    All clients' requests run in one batch. A thinking budget is kept exactly, in whichever field a client sends it.
    """
    if api_key is not None and not api_key.strip():
        raise UsageError("The API key is empty: give one, or leave --api-key out.")
    if not is_loopback(host) and api_key is None:
        raise UsageError(f"Others reach a server on {host}: give a key with --api-key, or leave --host out.")
    options = GenerationOptions(**loading)  # type: ignore[arg-type]
    fetch_if_missing(options)
    from thinkcap.serve.guard import LOCAL_NAMES, Access
    from thinkcap.serve.server import address, bind, run

    access = Access(api_key, frozenset(origins), LOCAL_NAMES | {host.lower()} if is_loopback(host) else None)
    with bind(host, port) as listening, options.load() as engine:
        if parallel is not None:
            engine.parallel = parallel
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
