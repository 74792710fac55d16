import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { createQueryClient } from "@/api/queryClient";
import { Toasts } from "@/ui/Toasts";
import { resolveCssVariables, theme } from "@/ui/theme";

export const queryClient = createQueryClient();
const colorSchemes = localStorageColorSchemeManager({ key: "lamina.theme" });

export function Providers({ children }: { children: ReactNode }) {
  return (
    <QueryClientProvider client={queryClient}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={resolveCssVariables}
        colorSchemeManager={colorSchemes}
        defaultColorScheme="auto"
      >
        {children}
        <Toasts />
      </MantineProvider>
    </QueryClientProvider>
  );
}
