/** Names of types as documents spell them: `LayerA` in a graph, `layer_a` for a loss or a metric. */

/** `TopKCategoricalAccuracy` → `top_k_categorical_accuracy`. */
export function snakeCase(name: string): string {
  return name
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Whether two spellings name the same type: the server takes `MeanValue` and `mean_value` alike. */
export function sameName(a: string, b: string): boolean {
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase();
  return plain(a) === plain(b);
}
