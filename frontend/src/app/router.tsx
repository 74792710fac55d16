/** The routes. Each page is a chunk of its own, fetched with its texts while the shell stands. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { openStudioAtFirstVisit } from "./firstVisit";
import { loadTexts } from "./i18n";
import { NotFound } from "./NotFound";
import { PageFailed } from "./PageFailed";
import { Shell } from "./Shell";

interface RouterContext {
  queryClient: QueryClient;
}

const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Shell,
  notFoundComponent: NotFound,
});

const modelsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: ({ context }) => openStudioAtFirstVisit(context.queryClient),
  loader: () => loadTexts("models"),
  component: lazyRouteComponent(() => import("@/features/models/ModelsPage"), "ModelsPage"),
});

interface StudioSearch {
  /** The starter graph of a new model. */
  template?: string;
  /** The layer to select, such as the one that made a run fail. */
  layer?: string;
  /** The run that led here, or, of a new model, the one that it is a copy of. */
  run?: string;
}

const studioRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/m/$model",
  validateSearch: (search: Record<string, unknown>): StudioSearch => ({
    ...(typeof search.template === "string" ? { template: search.template } : {}),
    ...(typeof search.layer === "string" ? { layer: search.layer } : {}),
    ...(typeof search.run === "string" ? { run: search.run } : {}),
  }),
  loader: () => loadTexts("editor", "run"),
  component: lazyRouteComponent(() => import("./routes/StudioRoute"), "StudioRoute"),
});

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs",
  loader: () => loadTexts("runs"),
  component: lazyRouteComponent(() => import("@/features/runs/RunsPage"), "RunsPage"),
});

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs/$run",
  loader: () => loadTexts("run"),
  component: lazyRouteComponent(() => import("./routes/RunRoute"), "RunRoute"),
});

const dataRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/data",
  loader: () => loadTexts("data"),
  component: lazyRouteComponent(() => import("@/features/data/DataPage"), "DataPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  loader: () => loadTexts("settings", "editor"),
  component: lazyRouteComponent(() => import("./routes/SettingsRoute"), "SettingsRoute"),
});

const routeTree = rootRoute.addChildren([
  modelsRoute,
  studioRoute,
  runsRoute,
  runRoute,
  dataRoute,
  settingsRoute,
]);

export function createStudioRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: "intent",
    defaultErrorComponent: PageFailed,
    scrollRestoration: false,
  });
}
