// Files that are dropped: a saved model, or a table of points. Each gives one sentence, whatever is in it.
import { REACH } from "../model/data.ts";
import { ACTIVATIONS, LIMITS, placed, textOf, type LayerSetup, type Point } from "../model/setup.ts";
import { begin, setup, start, touched } from "../train/store.ts";
import { view } from "./state.ts";

const MOST_BYTES = 4_000_000;

/** Takes a file into the view "Train"; says what became of it. @throws Error with a sentence. */
export async function receive(file: File): Promise<string> {
  if (file.size === 0) throw new Error("is empty.");
  if (file.size > MOST_BYTES) throw new Error("is larger than 4 MB: the playground takes small models and tables.");
  const text = await file.text();
  if (text.includes("\0")) throw new Error("is neither a table of points nor a model that propago has saved as JSON.");
  view.value = "train";
  const trimmed = text.trimStart();
  return trimmed.startsWith("{") || trimmed.startsWith("[") ? model(text) : points(text);
}

interface SavedLayer {
  type?: unknown;
  units?: unknown;
  activation?: unknown;
  rate?: unknown;
}

async function model(text: string): Promise<string> {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Error("begins like JSON, and is none: it may have been cut off.");
  }
  const { Network } = await import("propago");
  await import("propago/complete");
  const network = Network.fromJSON(json);
  const { inputs } = network;
  const layers = layersOf(json.layers as readonly SavedLayer[]);
  const given = (json.playground as { features?: unknown } | undefined)?.features;
  const known = ["x", "y", "x2", "y2", "xy", "sx", "sy"] as const;
  const features = Array.isArray(given) ? known.filter((name) => given.includes(name)) : known.slice(0, 2);
  if (inputs !== features.length) throw new Error(`has ${inputs} inputs; the plane has the two coordinates x and y.`);
  if (network.outputs > 6) throw new Error(`has ${network.outputs} outputs; the plane shows at most six classes.`);
  const { allOf } = await import("../model/run.ts");
  const weights = textOf(allOf(network));
  network.dispose();
  if (weights === undefined) throw new Error("has more weights than the plane takes: 1,500.");
  touched.value = true;
  await begin({ ...setup.peek(), ...fitting(json, network.outputs), layers, features: [...features], weights });
  return "The model is there; it goes on learning from the points on screen when you press start.";
}

/** Data that have as many outputs as the model, where the present ones do not. */
function fitting(json: Record<string, unknown>, outputs: number) {
  const last = (json.layers as SavedLayer[]).at(-1)!.activation;
  if (outputs === 3) return { data: "arms" as const, loss: "auto" };
  if (outputs === 4) return { data: "blobs" as const, loss: "auto" };
  if (outputs > 1) throw new Error(`has ${outputs} outputs, and no data set here has so many classes.`);
  if (last === "linear") return { data: "hills" as const, loss: "auto" };
  return { data: "spiral" as const, loss: "auto" };
}

/** The hidden layers, as far as the plane has them. @throws Error with a sentence. */
function layersOf(saved: readonly SavedLayer[]): LayerSetup[] {
  const layers: LayerSetup[] = [];
  saved.slice(0, -1).forEach(({ type, units, activation, rate }) => {
    if (type === "dropout" && layers.length > 0) layers[layers.length - 1].dropout = Math.min(0.9, Number(rate));
    else if (type !== "dense") throw new Error(`has a layer “${String(type)}”, which the plane does not show.`);
    else {
      const name = typeof activation === "string" ? activation : String((activation as { name?: unknown })?.name);
      if (!ACTIVATIONS.includes(name)) throw new Error(`has an activation “${name}” within, which the plane does not show.`); // prettier-ignore
      if (Number(units) > LIMITS.units) throw new Error(`has ${String(units)} units in a layer; the plane shows at most ${LIMITS.units}.`); // prettier-ignore
      layers.push({ units: Number(units), activation: name, dropout: 0 });
    }
  });
  if (layers.length > LIMITS.layers) throw new Error(`has ${layers.length} hidden layers; the plane shows at most ${LIMITS.layers}.`); // prettier-ignore
  return layers;
}

async function points(text: string): Promise<string> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const separator = [",", ";", "\t", " "].find((sign) => lines[0].includes(sign));
  if (separator === undefined) throw new Error("has one column: three are needed, x, y and the class.");
  const rows = lines.map((line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
  const isNumber = (cell: string | undefined) => cell !== undefined && cell !== "" && Number.isFinite(Number(cell));
  const body = isNumber(rows[0][0]) && isNumber(rows[0][1]) ? rows : rows.slice(1);
  if (body.length === 0) throw new Error("has no row of numbers.");
  const bad = body.findIndex((row) => row.length < 3 || !isNumber(row[0]) || !isNumber(row[1]) || row[2] === "");
  if (bad >= 0) throw new Error(`has no two numbers and a class in row ${bad + 1 + rows.length - body.length}.`);
  const names = [...new Set(body.map((row) => row[2]))].sort();
  if (names.length > 6)
    throw new Error(`has ${names.length} classes in its third column; the plane shows at most six.`);
  const list = body.slice(0, LIMITS.points);
  const spread = [0, 1].map((column) => {
    const values = list.map((row) => Number(row[column]));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const fits = low >= -REACH && high <= REACH && Math.max(-low, high) > 1;
    return fits ? { middle: 0, scale: 1 } : { middle: (low + high) / 2, scale: high > low ? (2 * (REACH - 1)) / (high - low) : 1 }; // prettier-ignore
  });
  const made: Point[] = list.map((row) => {
    const [x, y] = spread.map(({ middle, scale }, column) => (Number(row[column]) - middle) * scale);
    return placed({ x, y, t: names.indexOf(row[2]) });
  });
  touched.value = true;
  await begin({ ...setup.peek(), data: "own", points: made, held: 20, loss: "auto", weights: "" });
  start();
  const left = body.length - list.length;
  return `${list.length} points of ${names.length} classes${left > 0 ? `; ${left} more did not fit` : ""}.`;
}
