// Runs before the application: the same keys as src/app/preferences.ts and Mantine's colour scheme manager.
(() => {
  const root = document.documentElement;
  let scheme = "auto";
  let language = navigator.language;
  try {
    scheme = localStorage.getItem("lamina.theme") || scheme;
    language = localStorage.getItem("lamina.language") || language;
  } catch {
    // Storage may be denied; the defaults stand.
  }
  if (scheme !== "light" && scheme !== "dark") {
    scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.setAttribute("data-mantine-color-scheme", scheme);
  root.lang = language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
})();
