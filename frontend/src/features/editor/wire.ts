/** The server's types, by the names that the Studio calls them. */

import type { Run } from "@/api/runs";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type Catalog = Schemas["Catalog"];
export type CatalogEntry = Schemas["CatalogEntry"];
export type Report = Schemas["CheckOut"];
export type NodeReport = Schemas["NodeReport"];
export type Problem = Schemas["GraphProblem"];
export type Severity = Problem["severity"];
export type Model = Schemas["Model"];

/** A run as the Studio shows it: where it stands, and how it ended. */
export type StudioRun = Pick<
  Run,
  | "id"
  | "state"
  | "message"
  | "model_version"
  | "epoch"
  | "epochs"
  | "step"
  | "steps_per_epoch"
  | "seconds_left"
  | "test"
>;
