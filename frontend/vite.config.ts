import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `lamina studio` listens while the pages are developed. */
const studio = process.env.LAMINA_STUDIO_URL ?? "http://127.0.0.1:8420";

/**
 * Libraries that change less often than the pages do, in chunks that stay in the browser's cache: the kit that every
 * page shows, and what floats above the canvas, which only the Studio loads.
 */
const CHUNKS = [
  {
    name: "kit",
    priority: 2,
    test: /@mantine\/(hooks|core\/esm\/(core|utils\/(?!Floating)|components\/(Button|Input|Loader|Skeleton|TextInput|Transition|UnstyledButton)\/))/,
  },
  {
    name: "overlays",
    priority: 1,
    test: /@floating-ui|react-remove-scroll|@mantine\/core\/esm\/components\/(Combobox|Menu|Modal|ModalBase|Popover|ScrollArea|Select|Tooltip)\//,
  },
];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../server/lamina_studio/web",
    emptyOutDir: true,
    manifest: true,
    target: "es2023",
    // The pages are served under a policy without inline scripts.
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: CHUNKS } } },
  },
  server: {
    proxy: {
      // The studio checks Host and Origin, so both name the studio and not the development server.
      "/api": {
        target: studio,
        changeOrigin: true,
        ws: true,
        configure(proxy) {
          const useStudioOrigin = (request: { setHeader(name: string, value: string): void }) =>
            request.setHeader("origin", studio);
          proxy.on("proxyReq", useStudioOrigin);
          proxy.on("proxyReqWs", useStudioOrigin);
        },
      },
      "/auth": { target: studio, changeOrigin: true },
    },
  },
  test: {
    restoreMocks: true,
    // A page takes a second; a machine that does other work as well may take ten times as long.
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: { name: "plain", environment: "node", include: ["src/{graph,series}/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "pages",
          environment: "jsdom",
          setupFiles: ["src/test/setup.ts"],
          include: ["src/{api,app,features,live,test,ui}/**/*.test.{ts,tsx}"],
          css: false,
        },
      },
    ],
  },
});
