/** Choices that stay with this browser. Storage may be denied: then they last as long as the page. */

/** `public/first-paint.js` reads `theme` and `language` by these names before the application runs. */
type Preference = "theme" | "language" | "visited";

const PREFIX = "lamina.";

export function readPreference(name: Preference): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function writePreference(name: Preference, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Denied or full: the choice is only not remembered.
  }
}
