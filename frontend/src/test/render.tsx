import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from "@tanstack/react-router";
import { type RenderResult, render } from "@testing-library/react";
import { createInstance, type i18n as I18n } from "i18next";
import type { ReactNode } from "react";
import { I18nextProvider, initReactI18next } from "react-i18next";
import { theme } from "@/ui/theme";
import { TEXTS } from "./texts";

export interface RenderOptions {
  language?: "en" | "zh-CN";
  queryClient?: QueryClient;
}

/** Texts of every namespace, at once and without a backend. */
export function createI18n(language: "en" | "zh-CN"): I18n {
  const i18n = createInstance();
  void i18n.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: TEXTS,
    defaultNS: "app",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return i18n;
}

export function createTestQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: Number.POSITIVE_INFINITY } },
  });
}

/** Renders a part of the application with what stands around it; links lead to an empty page. */
export async function renderPage(page: ReactNode, options: RenderOptions = {}): Promise<RenderResult> {
  const { language = "en", queryClient = createTestQueryClient() } = options;
  document.documentElement.lang = language;
  const root = createRootRoute({ component: Outlet });
  const index = createRoute({ getParentRoute: () => root, path: "/", component: () => page });
  const other = createRoute({ getParentRoute: () => root, path: "$", component: () => null });
  const router = createRouter({
    routeTree: root.addChildren([index, other]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  await router.load();
  return render(
    <I18nextProvider i18n={createI18n(language)}>
      <QueryClientProvider client={queryClient}>
        <MantineProvider theme={theme} env="test">
          {/* The application's router is registered for types; this one only gives links a place. */}
          <RouterProvider router={router as never} />
        </MantineProvider>
      </QueryClientProvider>
    </I18nextProvider>,
  );
}
