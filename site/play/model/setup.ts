// All that a run in the plane depends on, and how it stands in an address: only what differs from the defaults, in a
// fixed order, so that equal runs have equal links. Bad values are clamped or left out, and named in one line.
import { type DatasetName } from "./data.ts";
import { EXPRESSION_LENGTH } from "./expression.ts";

export type Feature = "x" | "y" | "x2" | "y2" | "xy" | "sx" | "sy";

export interface Point {
  x: number;
  y: number;
  /** Its class, or its value. */
  t: number;
}

export interface LayerSetup {
  units: number;
  activation: string;
  /** The part of its values that dropout leaves out while it trains. */
  dropout: number;
}

/** What is changed while a run goes on, at the end of an epoch. */
export type Change =
  | { at: number; what: "rate" | "l1" | "l2" | "batch"; value: number }
  | { at: number; what: "dropout"; layer: number; value: number }
  | { at: number; what: "weight" | "bias"; layer: number; index: number; value: number };

export interface Setup {
  data: DatasetName;
  rows: number;
  noise: number;
  /** The percentage of rows that are held back. */
  held: number;
  features: Feature[];
  layers: LayerSetup[];
  /** "auto": what suits the data. */
  loss: string;
  optimizer: string;
  rate: number;
  schedule: string;
  batch: number;
  l1: number;
  l2: number;
  seed: number;
  formula: string;
  points: Point[];
  /** First weights, where they do not come from the seed: float32 as base64url, layer by layer. */
  weights: string;
}

/** What an address holds beside the set-up. */
export interface Link {
  setup: Setup;
  /** Runs to this epoch, and pauses there. */
  at?: number;
  /** The first digits of the fingerprint that the weights had there. */
  fingerprint?: string;
  changes: Change[];
  /** Groups of controls that a teacher hides. */
  hide: string[];
  /** A teacher's words. */
  text: string;
  /** What was wrong in the address, a few words each. */
  problems: string[];
}

export const ACTIVATIONS =
  "tanh relu sigmoid linear leakyRelu elu selu celu gelu geluTanh silu mish softplus softsign hardSigmoid hardTanh hardSwish relu6 gaussian sine logSigmoid".split(" "); // prettier-ignore

export const OPTIMIZERS =
  "adam sgd momentum nesterov adamw rmsprop adagrad adadelta adamax nadam radam lion rprop quickprop adasecant vsgd conjugateGradient scaledConjugateGradient lbfgs levenbergMarquardt".split(" "); // prettier-ignore

export const SCHEDULES = "constant step exponential inverseTime cosine cosineRestarts linearWarmup oneCycle".split(" ");

export const LOSSES = {
  two: ["binaryCrossEntropy", "meanSquaredError", "meanAbsoluteError", "huber", "hinge", "squaredHinge"],
  several: ["categoricalCrossEntropy", "klDivergence", "meanSquaredError"],
  numbers: ["meanSquaredError", "meanAbsoluteError", "huber", "logCosh"],
} as const;

export const HIDEABLE = "tabs data network learning pace picture loss share help caption".split(" ");

export const LIMITS = { rows: [20, 2000], layers: 6, units: 16, points: 400, changes: 200 } as const;

/** The letters that stand for the most common activations in `net=8t,8t`; others stand with their names. */
const LETTERS: Readonly<Record<string, string>> = { t: "tanh", r: "relu", s: "sigmoid", l: "linear" };

export function defaultSetup(): Setup {
  return {
    data: "spiral",
    rows: 1000,
    noise: 0.2,
    held: 50,
    features: ["x", "y"],
    layers: [
      { units: 8, activation: "tanh", dropout: 0 },
      { units: 8, activation: "tanh", dropout: 0 },
    ],
    loss: "auto",
    optimizer: "adam",
    rate: 0.01,
    schedule: "constant",
    batch: 16,
    l1: 0,
    l2: 0,
    seed: 7,
    formula: "y > sin(x) * 2",
    points: [],
    weights: "",
  };
}

/** Shortest text of a number, without the zero before its point. */
export function short(value: number): string {
  return String(value).replace(/^(-?)0\./, "$1.");
}

function numberOf(text: string, low: number, high: number, isWhole: boolean): number | undefined {
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  return Math.min(high, Math.max(low, isWhole ? Math.round(value) : value));
}

/** How one thing of the set-up is written, and read again; `undefined` where the text makes no sense. */
interface Field<K extends keyof Setup = keyof Setup> {
  key: string;
  name: K;
  write(value: Setup[K]): string;
  read(text: string): Setup[K] | undefined;
}

const asNumber = <K extends "rows" | "noise" | "held" | "rate" | "batch" | "l1" | "l2" | "seed">(
  key: string,
  name: K,
  low: number,
  high: number,
  isWhole = false,
): Field<K> => ({
  key,
  name,
  write: (value) => short(value),
  read: (text) => numberOf(text, low, high, isWhole) as Setup[K] | undefined,
});

const asWord = <K extends "data" | "loss" | "optimizer" | "schedule">(
  key: string,
  name: K,
  words: readonly string[],
): Field<K> => ({
  key,
  name,
  write: (value) => value,
  read: (text) => (words.includes(text) ? (text as Setup[K]) : undefined),
});

const FEATURE_NAMES: readonly Feature[] = ["x", "y", "x2", "y2", "xy", "sx", "sy"];

const features: Field<"features"> = {
  key: "in",
  name: "features",
  write: (value) => value.join(","),
  read(text) {
    const names = FEATURE_NAMES.filter((name) => text.split(",").includes(name));
    return names.length > 0 ? names : undefined;
  },
};

export function writeLayers(layers: readonly LayerSetup[]): string {
  if (layers.length === 0) return "none";
  return layers
    .map(({ units, activation, dropout }) => {
      const letter = Object.keys(LETTERS).find((key) => LETTERS[key] === activation);
      return `${units}${letter ?? activation}${dropout > 0 ? `~${short(dropout)}` : ""}`;
    })
    .join(",");
}

const layers: Field<"layers"> = {
  key: "net",
  name: "layers",
  write: writeLayers,
  read(text) {
    if (text === "none") return [];
    const list: LayerSetup[] = [];
    for (const part of text.split(",").slice(0, LIMITS.layers)) {
      const match = /^(\d{1,3})([a-z]\w*)(?:~(\.\d{1,4}))?$/i.exec(part);
      if (!match) return undefined;
      const activation = Object.hasOwn(LETTERS, match[2]) ? LETTERS[match[2]] : match[2];
      if (!ACTIVATIONS.includes(activation)) return undefined;
      const units = Math.min(LIMITS.units, Math.max(1, Number(match[1])));
      list.push({ units, activation, dropout: Math.min(0.9, Number(match[3] ?? 0)) });
    }
    return list;
  },
};

const formula: Field<"formula"> = {
  key: "fx",
  name: "formula",
  write: (value) => value,
  read: (text) => (text.length > 0 && text.length <= EXPRESSION_LENGTH ? text : undefined),
};

const STEPS = 1023;

/** Three bytes a point: ten bits for each coordinate, four for the class. */
const points: Field<"points"> = {
  key: "pts",
  name: "points",
  write(value) {
    let bytes = "";
    for (const { x, y, t } of value.slice(0, LIMITS.points)) {
      const place = (coordinate: number) => Math.min(STEPS, Math.max(0, Math.round(((coordinate + 6) / 12) * STEPS)));
      const packed = (place(x) << 14) | (place(y) << 4) | (t & 15);
      bytes += String.fromCharCode(packed >>> 16, (packed >>> 8) & 255, packed & 255);
    }
    return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },
  read(text) {
    if (!/^[\w-]*$/.test(text) || text.length % 4 !== 0) return undefined;
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const list: Point[] = [];
    for (let k = 0; k + 2 < bytes.length && list.length < LIMITS.points; k += 3) {
      const packed = (bytes.charCodeAt(k) << 16) | (bytes.charCodeAt(k + 1) << 8) | bytes.charCodeAt(k + 2);
      const coordinate = (place: number) => (place / STEPS) * 12 - 6;
      list.push({ x: coordinate(packed >>> 14), y: coordinate((packed >>> 4) & STEPS), t: Math.min(5, packed & 15) });
    }
    return list;
  },
};

/** The most characters of weights in a link: 1,500 numbers. */
const WEIGHTS_LENGTH = 8000;

const weights: Field<"weights"> = {
  key: "w",
  name: "weights",
  write: (value) => value,
  read: (text) => (/^[\w-]*$/.test(text) && text.length <= WEIGHTS_LENGTH && numbersOf(text) ? text : undefined),
};

/** Weights as text of a link; nothing where they are too many. */
export function textOf(numbers: Float32Array): string | undefined {
  let bytes = "";
  for (const byte of new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)) {
    bytes += String.fromCharCode(byte);
  }
  const text = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return text.length > WEIGHTS_LENGTH ? undefined : text;
}

/** The numbers of such a text; nothing where it holds none, or not all are finite. */
export function numbersOf(text: string): Float32Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  if (bytes.length % 4 !== 0) return undefined;
  const numbers = new Float32Array(bytes.buffer);
  return numbers.every((value) => Math.abs(value) <= 1000) ? numbers : undefined;
}

/** As the point stands in a link, so that what is drawn and what the link gives are the same numbers. */
export function placed(point: Point): Point {
  return points.read(points.write([point]))![0];
}

const FIELDS = [
  asWord("d", "data", "spiral circle xor gauss moons arms blobs plane hills own formula".split(" ")),
  asNumber("n", "rows", LIMITS.rows[0], LIMITS.rows[1], true),
  asNumber("noise", "noise", 0, 0.5),
  asNumber("held", "held", 10, 90, true),
  features,
  layers,
  asWord("loss", "loss", [...new Set(["auto", ...LOSSES.two, ...LOSSES.several, ...LOSSES.numbers])]),
  asWord("opt", "optimizer", OPTIMIZERS),
  asNumber("lr", "rate", 1e-6, 10),
  asWord("sched", "schedule", SCHEDULES),
  asNumber("b", "batch", 1, 2000, true),
  asNumber("l1", "l1", 0, 1),
  asNumber("l2", "l2", 0, 1),
  asNumber("seed", "seed", 0, 999_999, true),
  formula,
  points,
  weights,
] as unknown as readonly Field[];

const CHANGES = { lr: "rate", l1: "l1", l2: "l2", b: "batch", d: "dropout", w: "weight", c: "bias" } as const;

function writeChange(change: Change): string {
  const key = Object.entries(CHANGES).find(([, what]) => what === change.what)![0];
  if (change.what === "dropout") return `${change.at}:${key}${change.layer}=${short(change.value)}`;
  if (change.what === "weight" || change.what === "bias") {
    return `${change.at}:${key}${change.layer}-${change.index}=${short(change.value)}`;
  }
  return `${change.at}:${key}=${short(change.value)}`;
}

function readChange(text: string): Change | undefined {
  const match = /^(\d{1,7}):(lr|l1|l2|b|d|w|c)(\d{1,2})?(?:-(\d{1,4}))?=(.+)$/.exec(text);
  if (!match) return undefined;
  const what = CHANGES[match[2] as keyof typeof CHANGES];
  const at = Number(match[1]);
  const [low, high] = { rate: [1e-6, 10], l1: [0, 1], l2: [0, 1], batch: [1, 2000], dropout: [0, 0.9] }[
    what as "rate"
  ] ?? [-1000, 1000];
  const value = numberOf(match[5], low, high, what === "batch");
  if (value === undefined) return undefined;
  if (what === "dropout") return match[3] === undefined ? undefined : { at, what, layer: Number(match[3]), value };
  if (what === "weight" || what === "bias") {
    if (match[3] === undefined || match[4] === undefined) return undefined;
    return { at, what, layer: Number(match[3]), index: Number(match[4]), value };
  }
  return { at, what, value };
}

const encode = (text: string) => encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%3D", "=").replaceAll("%3B", ";").replaceAll("%20", "+"); // prettier-ignore

/** What stands behind the ? of an address. */
export function writeLink({ setup, at, fingerprint, changes, hide, text }: Omit<Link, "problems">): string {
  const usual = defaultSetup();
  const parts: string[] = [];
  for (const { key, name, write } of FIELDS) {
    if (name === "points" && setup.data !== "own") continue;
    if (name === "formula" && setup.data !== "formula") continue;
    const value = write(setup[name]);
    if (value !== write(usual[name])) parts.push(`${key}=${encode(value)}`);
  }
  if (changes.length > 0) parts.push(`ev=${encode(changes.map(writeChange).join(";"))}`);
  if (at !== undefined && at > 0) parts.push(`at=${at}`);
  if (at !== undefined && at > 0 && fingerprint !== undefined) parts.push(`fp=${fingerprint.slice(0, 8)}`);
  if (hide.length > 0) parts.push(`hide=${hide.join(",")}`);
  if (text !== "") parts.push(`text=${encode(text)}`);
  return parts.join("&");
}

function pairsOf(query: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of query.split("&")) {
    const at = part.indexOf("=");
    if (at < 1) continue;
    try {
      pairs.set(part.slice(0, at), decodeURIComponent(part.slice(at + 1).replaceAll("+", " ")));
    } catch {
      pairs.set(part.slice(0, at), "�");
    }
  }
  return pairs;
}

function readChanges(text: string, problems: string[]): Change[] {
  const list: Change[] = [];
  for (const part of text.split(";").slice(0, LIMITS.changes)) {
    const change = readChange(part);
    if (change === undefined) problems.push("ev");
    else list.push(change);
  }
  return list.sort((one, other) => one.at - other.at);
}

/** Reads what stands behind the ? of an address. Never throws. */
export function readLink(query: string): Link {
  const pairs = pairsOf(query);
  const setup = defaultSetup();
  const problems: string[] = [];
  for (const { key, name, read, write } of FIELDS) {
    const text = pairs.get(key);
    if (text === undefined) continue;
    const value = read(text);
    if (value === undefined) problems.push(key);
    else Object.assign(setup, { [name]: value });
    if (value !== undefined && !isSame(write(value), text)) problems.push(`${key} (now ${write(value).slice(0, 20)})`);
  }
  const link: Link = { setup, changes: [], hide: [], text: "", problems };
  link.changes = pairs.has("ev") ? readChanges(pairs.get("ev")!, problems) : [];
  if (pairs.has("at")) {
    link.at = numberOf(pairs.get("at")!, 0, 1_000_000, true);
    if (link.at === undefined) problems.push("at");
  }
  if (/^[0-9a-f]{8}$/.test(pairs.get("fp") ?? "")) link.fingerprint = pairs.get("fp");
  else if (pairs.has("fp")) problems.push("fp");
  link.hide = HIDEABLE.filter((name) => (pairs.get("hide") ?? "").split(",").includes(name));
  link.text = (pairs.get("text") ?? "").slice(0, 600);
  return link;
}

/** Whether a value was taken as it stands: numbers may be written in several ways. */
function isSame(written: string, text: string): boolean {
  return written === text || (text.trim() !== "" && Number(text) === Number(written));
}
