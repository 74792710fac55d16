/**
 * Everything a person can do to a graph, as functions from one document to the next.
 *
 * A command that has nothing to do, or that is refused, returns the very document it was given, so that a history
 * records no empty step. None of them knows a layer: what they need of the catalogue (how many inputs a type takes) is
 * an argument.
 */

import type { GraphDocument, GraphNode, Point, Source } from "./document";
import { outputOf, sameSource, source } from "./document";
import { isId } from "./ids";
import { type Json, type JsonObject, sameJson } from "./json";
import { settleOutputs } from "./outputs";
import { freePlace, makeRoom, placeAtEnd, placeBelow, STEP_Y } from "./placement";
import { type InputPort, nodeById, reaches, topologyOf } from "./topology";

/** How many inputs a type takes; `max` null means any number. */
export interface InputCount {
  readonly min: number;
  readonly max: number | null;
}

/** A node that is not in the document yet. */
export interface NewNode {
  readonly id: string;
  readonly type: string;
  readonly config?: JsonObject;
}

export interface Connection {
  readonly source: string;
  readonly output?: number;
  readonly target: string;
  /** The port to use; left out, the next free one, or the last when all are taken. */
  readonly port?: number;
}

export type Refusal = "itself" | "cycle" | "already" | "no-input" | "unknown";

function freshNode(node: NewNode, inputs: readonly Source[] = []): GraphNode {
  return { id: node.id, type: node.type, config: node.config ?? {}, inputs };
}

function withNode(graph: GraphDocument, node: GraphNode, layout: GraphDocument["layout"]): GraphDocument {
  return { ...graph, nodes: [...graph.nodes, node], layout };
}

function changeNode(graph: GraphDocument, id: string, change: (node: GraphNode) => GraphNode): GraphDocument {
  let changed = false;
  const nodes = graph.nodes.map((node) => {
    if (node.id !== id) return node;
    const next = change(node);
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...graph, nodes } : graph;
}

function replaceInput(node: GraphNode, port: number, input: Source): GraphNode {
  return { ...node, inputs: node.inputs.map((old, index) => (index === port ? input : old)) };
}

/** A node that stands alone. */
export function addNode(graph: GraphDocument, node: NewNode, at?: Point): GraphDocument {
  if (nodeById(graph, node.id)) return graph;
  const place = at ?? placeAtEnd(graph);
  return settleOutputs(graph, withNode(graph, freshNode(node), { ...graph.layout, [node.id]: place }));
}

/** A node fed by `from`, beside whatever else `from` feeds. A type without inputs stands alone. */
export function addBranch(
  graph: GraphDocument,
  node: NewNode,
  from: Source,
  inputs: InputCount,
  at?: Point,
): GraphDocument {
  if (nodeById(graph, node.id) || !nodeById(graph, from.node)) return graph;
  const place = at ?? placeBelow(graph, from.node);
  if (inputs.max === 0) return addNode(graph, node, place);
  const added = withNode(graph, freshNode(node, [from]), { ...graph.layout, [node.id]: place });
  return settleOutputs(graph, added);
}

/** A node that feeds an input of `target`. */
export function addFeeding(
  graph: GraphDocument,
  node: NewNode,
  target: InputPort,
  inputs: InputCount,
  at?: Point,
): GraphDocument {
  const below = graph.layout[target.target];
  const place = at ?? (below ? freePlace(graph.layout, { x: below.x, y: below.y - STEP_Y }) : undefined);
  return connect(addNode(graph, node, place), { source: node.id, ...target }, inputs);
}

/** A node after `after`: what `after` fed is fed by the new node. Without `after`, a node that stands alone. */
export function addAfter(
  graph: GraphDocument,
  node: NewNode,
  after: string | null,
  inputs: InputCount,
): GraphDocument {
  const before = after === null ? undefined : nodeById(graph, after);
  if (!before || inputs.max === 0)
    return addNode(graph, node, before ? placeBelow(graph, before.id) : undefined);
  if (nodeById(graph, node.id)) return graph;

  const from = source(before.id);
  const consumers = (topologyOf(graph).leaving.get(before.id) ?? []).filter((edge) => edge.output === 0);
  const next = consumers[0];
  const top = graph.layout[before.id];
  const layout = consumers.reduce(
    (room, edge) => makeRoom({ ...graph, layout: room }, before.id, edge.target),
    graph.layout,
  );
  const place =
    next && top ? freePlace(layout, { x: top.x, y: top.y + STEP_Y }) : placeBelow(graph, before.id);
  const rewired = consumers.reduce(
    (now, edge) => changeNode(now, edge.target, (target) => replaceInput(target, edge.port, source(node.id))),
    graph,
  );
  const added = withNode(rewired, freshNode(node, [from]), { ...layout, [node.id]: place });
  return settleOutputs(graph, { ...added, nodes: standAfter(added.nodes, node.id, before.id) });
}

/** Node order is for people who read the document: a node stands after the one it was added after. */
function standAfter(nodes: readonly GraphNode[], id: string, after: string): GraphNode[] {
  const moved = nodes.filter((node) => node.id === id);
  const others = nodes.filter((node) => node.id !== id);
  const at = others.findIndex((node) => node.id === after) + 1;
  return [...others.slice(0, at), ...moved, ...others.slice(at)];
}

/** A node in the middle of an edge. A type without inputs is added beside it, since it cannot stand there. */
export function insertOnEdge(
  graph: GraphDocument,
  node: NewNode,
  edge: InputPort,
  inputs: InputCount,
  at?: Point,
): GraphDocument {
  const from = nodeById(graph, edge.target)?.inputs[edge.port];
  if (!from || nodeById(graph, node.id)) return graph;
  if (inputs.max === 0) return addNode(graph, node, at);

  const room = makeRoom(graph, from.node, edge.target);
  const top = graph.layout[from.node];
  const place = at ?? (top ? { x: top.x, y: top.y + STEP_Y } : placeAtEnd(graph));
  const rewired = changeNode(graph, edge.target, (target) =>
    replaceInput(target, edge.port, source(node.id)),
  );
  const added = withNode(rewired, freshNode(node, [from]), { ...room, [node.id]: place });
  return settleOutputs(graph, { ...added, nodes: standAfter(added.nodes, node.id, from.node) });
}

/** A node before `before`, on the edge into its first port, or feeding it when it has none. */
export function addBefore(
  graph: GraphDocument,
  node: NewNode,
  before: string,
  counts: { readonly node: InputCount; readonly before: InputCount },
): GraphDocument {
  const target = nodeById(graph, before);
  if (!target || counts.before.max === 0) return graph;
  if (target.inputs.length === 0) return addFeeding(graph, node, { target: before, port: 0 }, counts.before);
  return insertOnEdge(graph, node, { target: before, port: 0 }, counts.node);
}

/** An existing node that stands alone, put into the middle of an edge. */
export function moveOntoEdge(
  graph: GraphDocument,
  id: string,
  edge: InputPort,
  inputs: InputCount,
): GraphDocument {
  const node = nodeById(graph, id);
  const from = nodeById(graph, edge.target)?.inputs[edge.port];
  const stands = node && node.inputs.length === 0 && !topologyOf(graph).leaving.has(id);
  if (!stands || !from || from.node === id || edge.target === id || inputs.max === 0) return graph;
  const fed = changeNode(graph, id, (alone) => ({ ...alone, inputs: [from] }));
  const wired = changeNode(fed, edge.target, (target) => replaceInput(target, edge.port, source(id)));
  return settleOutputs(graph, wired);
}

/** Why a connection cannot be made, or null when it can. */
export function refusal(graph: GraphDocument, connection: Connection, inputs: InputCount): Refusal | null {
  const target = nodeById(graph, connection.target);
  if (!target || !nodeById(graph, connection.source)) return "unknown";
  if (connection.source === connection.target) return "itself";
  if (inputs.max === 0) return "no-input";
  const from = source(connection.source, connection.output);
  if (target.inputs.some((input) => sameSource(input, from))) return "already";
  return reaches(graph, connection.target, connection.source) ? "cycle" : null;
}

/** Wire two nodes. A port that is taken is taken over. */
export function connect(graph: GraphDocument, connection: Connection, inputs: InputCount): GraphDocument {
  if (refusal(graph, connection, inputs) !== null) return graph;
  const from = source(connection.source, connection.output);
  const wired = changeNode(graph, connection.target, (target) => {
    const taken = target.inputs.length;
    const free = inputs.max === null || taken < inputs.max;
    const port = connection.port ?? (free ? taken : taken - 1);
    return port < taken ? replaceInput(target, port, from) : { ...target, inputs: [...target.inputs, from] };
  });
  return settleOutputs(graph, wired);
}

/** Move the end of an edge to another port, in one step. */
export function reconnect(
  graph: GraphDocument,
  edge: InputPort,
  connection: Connection,
  inputs: InputCount,
): GraphDocument {
  const loose = disconnect(graph, [edge]);
  const samePort = connection.target === edge.target;
  if (refusal(loose, connection, inputs) !== null) return graph;
  if (!samePort) return connect(loose, connection, inputs);
  const from = source(connection.source, connection.output);
  const wired = changeNode(graph, edge.target, (target) => replaceInput(target, edge.port, from));
  return settleOutputs(graph, wired);
}

/** Take edges away; inputs behind them on the same node move up one port. */
export function disconnect(graph: GraphDocument, edges: readonly InputPort[]): GraphDocument {
  const cut = new Set(edges.map((edge) => `${edge.port} ${edge.target}`));
  const targets = new Set(edges.map((edge) => edge.target));
  const loose = [...targets].reduce(
    (now, target) =>
      changeNode(now, target, (node) => {
        const inputs = node.inputs.filter((_, port) => !cut.has(`${port} ${target}`));
        return inputs.length === node.inputs.length ? node : { ...node, inputs };
      }),
    graph,
  );
  return loose === graph ? graph : settleOutputs(graph, loose);
}

/** Put the input at `from` at place `to`: the order matters where values are joined. */
export function moveInput(graph: GraphDocument, id: string, from: number, to: number): GraphDocument {
  return changeNode(graph, id, (node) => {
    const moved = node.inputs[from];
    if (!moved || from === to || to < 0 || to >= node.inputs.length) return node;
    const others = node.inputs.filter((_, port) => port !== from);
    return { ...node, inputs: [...others.slice(0, to), moved, ...others.slice(to)] };
  });
}

export function moveNodes(graph: GraphDocument, positions: Readonly<Record<string, Point>>): GraphDocument {
  const moved = Object.entries(positions).filter(([id, point]) => {
    const old = graph.layout[id];
    return nodeById(graph, id) && (!old || old.x !== point.x || old.y !== point.y);
  });
  return moved.length === 0 ? graph : { ...graph, layout: { ...graph.layout, ...Object.fromEntries(moved) } };
}

/** Set a parameter. One that is at its default is not written down, so `undefined` and the default both clear it. */
export function setParameter(
  graph: GraphDocument,
  id: string,
  name: string,
  value: Json | undefined,
  defaultValue?: Json,
): GraphDocument {
  return changeNode(graph, id, (node) => {
    const next = value === undefined || sameJson(value, defaultValue) ? undefined : value;
    if (sameJson(node.config[name], next)) return node;
    const { [name]: _old, ...others } = node.config;
    return { ...node, config: next === undefined ? others : { ...node.config, [name]: next } };
  });
}

/** Give a node another id, wherever the document speaks of it. Refused when it is no id or taken. */
export function renameNode(graph: GraphDocument, from: string, to: string): GraphDocument {
  if (from === to || !isId(to) || nodeById(graph, to) || !nodeById(graph, from)) return graph;
  const renamed = (input: Source) => (input.node === from ? source(to, outputOf(input)) : input);
  const nodes = graph.nodes.map((node) => {
    const touched =
      node.id === from || node.shares === from || node.inputs.some((input) => input.node === from);
    if (!touched) return node;
    return {
      ...node,
      id: node.id === from ? to : node.id,
      inputs: node.inputs.map(renamed),
      ...(node.shares === from ? { shares: to } : {}),
    };
  });
  const layout = Object.fromEntries(
    Object.entries(graph.layout).map(([id, point]) => [id === from ? to : id, point] as const),
  );
  return { ...graph, nodes, outputs: graph.outputs.map(renamed), layout };
}

/**
 * Delete nodes and close the gaps: what a deleted node with one input fed, its own source feeds.
 *
 * Behind a node with several inputs there is no one to take its place, so those edges go. Weights that were shared
 * with a deleted node belong to the first of its sharers from then on.
 */
export function removeNodes(graph: GraphDocument, ids: Iterable<string>): GraphDocument {
  const removed = new Set([...ids].filter((id) => nodeById(graph, id)));
  if (removed.size === 0) return graph;

  const standIn = (input: Source, seen: ReadonlySet<string> = new Set()): Source | null => {
    if (!removed.has(input.node)) return input;
    const inputs = nodeById(graph, input.node)?.inputs ?? [];
    const only = inputs.length === 1 ? inputs[0] : undefined;
    return only && !seen.has(input.node) ? standIn(only, new Set([...seen, input.node])) : null;
  };
  const nodes = passOnShares(graph.nodes, removed)
    .filter((node) => !removed.has(node.id))
    .map((node) => {
      if (!node.inputs.some((input) => removed.has(input.node))) return node;
      const inputs = node.inputs.map((input) => standIn(input)).filter((input) => input !== null);
      return { ...node, inputs: distinct(inputs) };
    });
  const layout = Object.fromEntries(Object.entries(graph.layout).filter(([id]) => !removed.has(id)));
  return settleOutputs(graph, { ...graph, nodes, layout });
}

function distinct(inputs: readonly Source[]): Source[] {
  return inputs.filter((input, index) => inputs.findIndex((other) => sameSource(other, input)) === index);
}

function passOnShares(nodes: readonly GraphNode[], removed: ReadonlySet<string>): readonly GraphNode[] {
  const owners = new Map<string, GraphNode>();
  return nodes.map((node) => {
    if (node.shares === undefined || !removed.has(node.shares) || removed.has(node.id)) return node;
    const owner = owners.get(node.shares);
    if (owner) return { ...node, shares: owner.id };
    const config = nodes.find((other) => other.id === node.shares)?.config ?? node.config;
    const { shares: _shares, ...rest } = node;
    owners.set(node.shares, rest);
    return { ...rest, config };
  });
}

export function renameGraph(graph: GraphDocument, name: string): GraphDocument {
  return graph.name === name ? graph : { ...graph, name };
}
