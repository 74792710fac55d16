/** A training document as rows to read: one per thing that was chosen. */

export interface Setting {
  readonly key: string;
  /** Ready to read, but for yes and no, which are said in the reader's language. */
  readonly value: string | boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Say nothing about the training. */
const HIDDEN: ReadonlySet<string> = new Set(["format", "version"]);

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  if (Array.isArray(value)) return value.length === 0 ? "–" : value.map(describe).join(", ");
  if (!isFields(value)) return String(value);
  if (typeof value.type === "string") return withConfig(value.type, value.config);
  if (typeof value.id === "string") return value.id;
  if (typeof value.split === "number") return `${Number((value.split * 100).toFixed(2))}%`;
  return describeConfig(value);
}

function describeConfig(config: Fields): string {
  return Object.entries(config)
    .map(([name, value]) => `${name} ${describe(value)}`)
    .join(", ");
}

function withConfig(type: string, config: unknown): string {
  const inside = isFields(config) ? describeConfig(config) : "";
  return inside ? `${type} (${inside})` : type;
}

export function settingsOf(training: Fields): Setting[] {
  return Object.entries(training)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => ({ key, value: typeof value === "boolean" ? value : describe(value) }));
}

/** Facts about where it ran, nested ones by their path. */
export function flatten(facts: Fields, path = ""): Setting[] {
  return Object.entries(facts).flatMap(([name, value]) => {
    const key = path ? `${path}.${name}` : name;
    if (isFields(value)) return flatten(value, key);
    if (value === null || value === undefined) return [];
    return [{ key, value: typeof value === "boolean" ? value : describe(value) }];
  });
}
