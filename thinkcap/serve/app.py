"""The application: what is at which path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from thinkcap.engine.engine import Engine
from thinkcap.errors import ThinkcapError
from thinkcap.serve import anthropic, ollama, openai, page, sweep
from thinkcap.serve.access_log import AccessLog, log
from thinkcap.serve.dispatcher import MAX_OPEN, Dispatcher
from thinkcap.serve.errors import HttpError, refusal
from thinkcap.serve.finished_thoughts import FinishedThoughts
from thinkcap.serve.guard import LOCAL, Access, Guard, content_policy
from thinkcap.serve.loaded_model import LoadedModel
from thinkcap.serve.streaming import Json


def build(engine: Engine, access: Access = LOCAL, max_open: int = MAX_OPEN, log_prompts: bool = False) -> Starlette:
    """The application around an engine, which it leaves open.

    access       who may ask
    max_open     generations that may run or wait at once
    log_prompts  whether the log holds what clients ask
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        engine.start()
        app.state.model = LoadedModel(engine)
        app.state.dispatcher = Dispatcher(engine, max_open)
        app.state.thoughts = FinishedThoughts()
        app.state.log_prompts = log_prompts
        yield

    guard = Middleware(Guard, access=access, policy=content_policy(page.html()), refuse=refused)
    return Starlette(
        routes=[
            Route("/", show_page),
            Route("/health", health),
            Route("/v1/models", openai.models),
            Route("/v1/models/{name:path}", openai.retrieve_model),
            Route("/v1/chat/completions", openai.complete, methods=["POST"]),
            Route("/v1/messages", anthropic.create, methods=["POST"]),
            Route("/api/chat", ollama.chat, methods=["POST"]),
            Route("/api/tags", ollama.tags),
            Route("/api/show", ollama.show, methods=["POST"]),
            Route("/api/version", ollama.version),
            Route("/v1/sweep", sweep.sweep, methods=["POST"]),
            Route("/v1/answer_now", sweep.answer_now, methods=["POST"]),
        ],
        lifespan=lifespan,
        middleware=[Middleware(AccessLog), guard],
        exception_handlers={ThinkcapError: _failed, HTTPException: _not_found, Exception: _unforeseen},
    )


async def show_page(request: Request) -> Response:
    """`GET /`."""
    return HTMLResponse(page.html())


async def health(request: Request) -> Response:
    """`GET /health`: up, and how much there is to do. `idle` says that every cell and slot of the KV cache is free."""
    state = request.app.state
    work = {"open": state.dispatcher.open, "idle": state.dispatcher.engine.idle}
    return Json({"status": "ok", "model": state.model.name, **work})


def refused(path: str, error: HttpError) -> Response:
    """The answer to a refused request, in the form of the dialect that its path belongs to."""
    dialect = ollama if path.startswith("/api/") else anthropic if path.startswith("/v1/messages") else openai
    return Json(dialect.error_object(error), error.status, error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, ThinkcapError)
    return refused(request.url.path, refusal(error))


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"There is no {request.method} {request.url.path}; `thinkcap serve --help` lists what there is."
    return refused(request.url.path, HttpError(error.status_code, message, headers=error.headers))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    message = f"Something unforeseen went wrong ({type(error).__name__}); the server's log says more."
    return refused(request.url.path, HttpError(500, message))
