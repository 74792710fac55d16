"""Putting the application together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from lamina_studio import __version__
from lamina_studio.api_description import describe
from lamina_studio.auth.attempts import WrongAttempts
from lamina_studio.auth.codes import OneTimeCodes
from lamina_studio.auth.credentials import Credentials, access_token
from lamina_studio.auth.guard import Guard
from lamina_studio.auth.headers import SecurityHeaders
from lamina_studio.auth.perimeter import Perimeter
from lamina_studio.auth.routes import router as auth_router
from lamina_studio.catalog.routes import router as catalog_router
from lamina_studio.database import Database
from lamina_studio.datasets.routes import router as datasets_router
from lamina_studio.datasets.service import DatasetService
from lamina_studio.engine import load_engine
from lamina_studio.graphs.routes import router as graphs_router
from lamina_studio.head_requests import HeadRequests
from lamina_studio.live.gateway import Gateway
from lamina_studio.live.routes import documents as live_documents
from lamina_studio.live.routes import router as live_router
from lamina_studio.migrate import upgrade
from lamina_studio.models.routes import router as models_router
from lamina_studio.page.static import StudioPage
from lamina_studio.problem_details import install_error_handlers
from lamina_studio.runs.routes import router as runs_router
from lamina_studio.runs.studio import open_runs
from lamina_studio.settings import Settings
from lamina_studio.system.metrics import Measured, Metrics
from lamina_studio.system.routes import router as system_router
from lamina_studio.templates.routes import router as templates_router

log = structlog.get_logger(__name__)

API_PREFIX = "/api/v1"
FEATURES = (
    catalog_router,
    templates_router,
    graphs_router,
    models_router,
    datasets_router,
    runs_router,
    live_router,
)


class Studio(FastAPI):
    """FastAPI with the guard around all of it, error pages included."""

    def build_middleware_stack(self) -> ASGIApp:
        settings: Settings = self.state.settings
        guarded = Guard(
            HeadRequests(super().build_middleware_stack()),
            Perimeter(settings.allowed_hosts, settings.allowed_origins),
            self.state.credentials,
            default_port=settings.port,
            max_body_bytes=settings.max_body_bytes,
        )
        return Measured(SecurityHeaders(guarded), self.state.metrics)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole application.

    Args:
        settings: Where things are and who may come in; read from the environment if not given.

    Raises:
        ConfigurationError: If the studio cannot or must not start with these settings.
    """
    settings = settings or Settings()
    settings.require_safe_address()
    settings.prepare_home()

    app = Studio(
        title="Lamina Studio",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API_PREFIX}/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        webhooks=live_documents,
    )
    app.state.settings = settings
    app.state.credentials = Credentials(access_token(settings))
    app.state.codes = OneTimeCodes(settings.home)
    app.state.wrong_attempts = WrongAttempts()
    app.state.metrics = Metrics()
    app.state.warm = asyncio.Event()

    install_error_handlers(app)
    app.include_router(auth_router)
    app.include_router(system_router)
    api = APIRouter(prefix=API_PREFIX)
    for router in FEATURES:
        api.include_router(router)
    app.include_router(api)
    app.router.default = StudioPage()
    describe(app)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    database = app.state.database = Database(settings.database_address)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await upgrade(database.engine)
        app.state.datasets = DatasetService(settings)
        stack.push_async_callback(app.state.datasets.close)
        app.state.runs = await stack.enter_async_context(open_runs(settings, database))
        app.state.live = Gateway(app.state.runs.feed)
        stack.callback(app.state.live.close)
        warming = asyncio.create_task(_warm_up(app))
        stack.callback(warming.cancel)
        yield


async def _warm_up(app: FastAPI) -> None:
    """Load the engine, which takes seconds, while the first page is already served."""
    try:
        await asyncio.to_thread(load_engine)
    except ImportError as error:
        log.error("the engine cannot be loaded", exc_info=error)
    else:
        app.state.warm.set()


def _operation_id(route: APIRoute) -> str:
    return route.name
