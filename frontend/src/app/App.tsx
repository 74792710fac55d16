import { RouterProvider } from "@tanstack/react-router";
import { Providers, queryClient } from "./Providers";
import { createStudioRouter } from "./router";

const router = createStudioRouter(queryClient);

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export function App() {
  return (
    <Providers>
      <RouterProvider router={router} />
    </Providers>
  );
}
