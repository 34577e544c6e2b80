// Which layers a model of Keras or TensorFlow.js has and in which order: all the forms in which their versions have
// written that down. What the layers mean is in keras-layers.ts.
import { PropagoError, show } from "../ground/errors.ts";
import { malformed } from "./bytes.ts";
import { type JsonObject, isObject } from "./json.ts";
import { type Limits, within } from "./limits.ts";
import type { Tensor } from "./tensor.ts";

export interface NamedTensor {
  /** The last part of its name, such as "kernel", or its place: "0". */
  name: string;
  tensor: Tensor;
}

/** A layer as the file describes it. */
export interface ForeignLayer {
  name: string;
  /** Its class: "Dense". */
  kind: string;
  config: JsonObject;
}

/** A model as the file describes it: layers one after the other. */
export interface ForeignModel {
  /** How messages call the file. */
  name: string;
  /** All layers in the order of the file, those beside the chain included. */
  all: readonly ForeignLayer[];
  /** The layers from the input to the output, or why there is no such chain. */
  chain: readonly ForeignLayer[] | PropagoError;
}

/** Reads `{ class_name, config }`. */
export function readTopology(value: unknown, name: string, limits: Limits): ForeignModel {
  if (!isObject(value) || typeof value.class_name !== "string") {
    throw malformed(name, "its topology is no model: an object with class_name and config is expected");
  }
  const { class_name: kind, config } = value;
  const entries = Array.isArray(config) ? (config as unknown[]) : isObject(config) ? config.layers : undefined;
  if (!Array.isArray(entries)) throw malformed(name, `its ${kind} has no list of layers`);
  within(entries.length, "layers", limits, `${name}: the number of layers`);
  const all = entries.map((entry, i) => readLayer(entry, i, name));
  const names = new Set(all.map((layer) => layer.name));
  if (names.size !== all.length) {
    const twice = all.find((layer, i) => all.findIndex((other) => other.name === layer.name) < i);
    throw malformed(name, `two layers are named ${show(twice?.name)}`);
  }
  if (kind === "Sequential") return { name, all, chain: all };
  if (kind !== "Functional" && kind !== "Model") {
    return {
      name,
      all,
      chain: unsupported(name, `the model is of class ${show(kind)}; Sequential and Functional can be read`),
    };
  }
  return { name, all, chain: findChain(entries as JsonObject[], all, config as JsonObject, name) };
}

/** A text out of JSON; "" where there is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function unsupported(name: string, problem: string): PropagoError {
  return new PropagoError("ERR_UNSUPPORTED", `${name}: ${problem}`);
}

function readLayer(entry: unknown, i: number, name: string): ForeignLayer {
  if (!isObject(entry) || typeof entry.class_name !== "string" || !isObject(entry.config)) {
    throw malformed(name, `layer ${i} is no object with class_name and config`);
  }
  const own = entry.config.name ?? entry.name;
  const config = isObject(entry.build_config) ? withBuildShape(entry.config, entry.build_config) : entry.config;
  return { name: typeof own === "string" ? own : `layer ${i}`, kind: entry.class_name, config };
}

/** Keras 3 writes the shape that a layer was built for beside its options. */
function withBuildShape(config: JsonObject, build: JsonObject): JsonObject {
  const copy = Object.create(null) as JsonObject;
  return Object.assign(copy, config, { build_input_shape: build.input_shape });
}

/** The layers between the only input and the only output of a model with named connections. */
function findChain(
  entries: readonly JsonObject[],
  all: readonly ForeignLayer[],
  config: JsonObject,
  name: string,
): readonly ForeignLayer[] | PropagoError {
  const inputs = endsOf(config.input_layers);
  const outputs = endsOf(config.output_layers);
  if (inputs.length !== 1 || outputs.length !== 1) {
    const counts = `${inputs.length} input${inputs.length === 1 ? "" : "s"} and ${outputs.length} output${outputs.length === 1 ? "" : "s"}`;
    return unsupported(name, `the model has ${counts}; models with one of each can be read`);
  }
  const places = new Map(all.map((layer, i) => [layer.name, i]));
  const chain: ForeignLayer[] = [];
  for (let at: string | undefined = outputs[0]; at !== undefined;) {
    const place: number | undefined = places.get(at);
    if (place === undefined) return malformed(name, `a connection leads to ${show(at)}, which is no layer`);
    const layer = all[place];
    if (chain.includes(layer)) return malformed(name, `the layers lead in a circle through ${show(at)}`);
    chain.unshift(layer);
    const sources = sourcesOf(entries[place].inbound_nodes);
    if (sources.length > 1) {
      return unsupported(
        name,
        `layer ${show(at)} (${layer.kind}) has ${sources.length} sources; chains of layers can be read`,
      );
    }
    at = sources[0];
  }
  if (chain[0].name !== inputs[0]) return malformed(name, `the output does not come from the input ${show(inputs[0])}`);
  return chain;
}

/** Names of layers in `[["input", 0, 0]]`, or in the shorter `["input", 0, 0]` of a single one. */
function endsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  if (typeof value[0] === "string") return [value[0]];
  return value.map((entry) => (Array.isArray(entry) && typeof entry[0] === "string" ? entry[0] : ""));
}

/** Names of the layers that a layer takes its inputs from, in the forms of Keras 2 and 3. */
function sourcesOf(value: unknown): string[] {
  const names: string[] = [];
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) {
      // ["dense", 0, 0, {}] of Keras 2
      if (typeof part[0] === "string" && typeof part[1] === "number") names.push(part[0]);
      else part.forEach(visit);
    } else if (isObject(part)) {
      const { class_name: kind, config, args } = part;
      const history = kind === "__keras_tensor__" && isObject(config) ? config.keras_history : undefined;
      if (Array.isArray(history) && typeof history[0] === "string") names.push(history[0]);
      else if (args !== undefined) visit(args);
    }
  };
  visit(value);
  return names;
}
