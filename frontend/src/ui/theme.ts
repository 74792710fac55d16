/** Mantine's theme on the studio's tokens: every colour of a component resolves to a variable of `tokens.css`. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The one accent, cobalt; index 6 is the filled shade in light, 5 in dark. */
const cobalt: MantineColorsTuple = [
  "#eef3ff",
  "#dce6ff",
  "#b9ccff",
  "#90adfb",
  "#6b8ff5",
  "#4a76ee",
  "#2459d9",
  "#1c4bbb",
  "#173e9b",
  "#12317a",
];

/** Neutral steps for dark surfaces, lightest first, as Mantine expects them. */
const dark: MantineColorsTuple = [
  "#e8eaee",
  "#c9cdd5",
  "#a0a7b4",
  "#747b89",
  "#4a505d",
  "#363c48",
  "#2a2f39",
  "#1a1d23",
  "#131519",
  "#0e1013",
];

const gray: MantineColorsTuple = [
  "#f8f9fa",
  "#f2f3f5",
  "#e7e9ed",
  "#d9dce2",
  "#c3c8d0",
  "#9aa1ad",
  "#6a717e",
  "#4b515d",
  "#31363f",
  "#1a1d23",
];

export const theme = createTheme({
  primaryColor: "cobalt",
  primaryShade: { light: 6, dark: 6 },
  colors: { cobalt, dark, gray },
  fontFamily: "var(--lm-font)",
  fontFamilyMonospace: "var(--lm-font-mono)",
  headings: {
    fontFamily: "var(--lm-font)",
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.25rem", lineHeight: "1.3" },
      h2: { fontSize: "1rem", lineHeight: "1.4" },
      h3: { fontSize: "0.875rem", lineHeight: "1.45" },
    },
  },
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  lineHeights: { xs: "1.35", sm: "1.45", md: "1.5", lg: "1.5", xl: "1.4" },
  spacing: { xs: "0.375rem", sm: "0.625rem", md: "1rem", lg: "1.5rem", xl: "2.25rem" },
  radius: { xs: "3px", sm: "5px", md: "7px", lg: "10px", xl: "16px" },
  defaultRadius: "sm",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  // By name and not by `Tooltip.extend`: that would send every component named here with the first page.
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 28 } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: "xs" } },
    Modal: { defaultProps: { centered: true, radius: "lg", overlayProps: { opacity: 0.45 } } },
    Skeleton: { defaultProps: { radius: "sm" } },
  },
});

/** Points Mantine's semantic variables to the tokens, so a token changed there changes everywhere. */
export const resolveCssVariables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--lm-bg)",
    "--mantine-color-text": "var(--lm-text)",
    "--mantine-color-dimmed": "var(--lm-text-dim)",
    "--mantine-color-placeholder": "var(--lm-text-faint)",
    "--mantine-color-default": "var(--lm-surface)",
    "--mantine-color-default-hover": "var(--lm-hover)",
    "--mantine-color-default-color": "var(--lm-text)",
    "--mantine-color-default-border": "var(--lm-border-strong)",
    "--mantine-color-error": "var(--lm-bad)",
    "--mantine-color-anchor": "var(--lm-accent-text)",
    "--mantine-color-gray-light-hover": "var(--lm-hover)",
    "--mantine-color-gray-light-color": "var(--lm-text-dim)",
    "--mantine-color-cobalt-light-color": "var(--lm-accent-text)",
    "--mantine-color-cobalt-text": "var(--lm-accent-text)",
  };
  return { variables: {}, light: shared, dark: shared };
};
