/** The shortest form of a graph: what says nothing is left out. */

import type { GraphDocument } from "./document";
import { isObject, type JsonObject, sameJson } from "./json";
import { topologyOf } from "./topology";

/**
 * A graph without parameters at their default, without outputs and positions of nodes that are not there.
 *
 * `defaultsOf` gives the default of each parameter of a type. The given document is returned when it is normal already.
 */
export function normalizeGraph(
  graph: GraphDocument,
  defaultsOf: (type: string) => JsonObject,
): GraphDocument {
  const nodes = graph.nodes.map((node) => {
    const defaults = defaultsOf(node.type);
    const said = Object.entries(node.config).filter(([name, value]) => {
      return !Object.hasOwn(defaults, name) || !sameJson(value, defaults[name]);
    });
    return said.length === Object.keys(node.config).length
      ? node
      : { ...node, config: Object.fromEntries(said) };
  });
  const { byId } = topologyOf(graph);
  const outputs = graph.outputs.filter((output) => byId.has(output.node));
  const layout = Object.fromEntries(Object.entries(graph.layout).filter(([id]) => byId.has(id)));
  const normal = { ...graph, nodes, outputs, layout };
  return sameJson(normal, graph) ? graph : normal;
}

/** The default of each parameter that has one, from a type's JSON Schema. */
export function defaultsIn(schema: unknown): JsonObject {
  const properties = isObject(schema) && isObject(schema.properties) ? schema.properties : {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      isObject(property) && property.default !== undefined ? [[name, property.default] as const] : [],
    ),
  );
}
