// A training under way, as a checkpoint holds it: where it stands between two batches, what it was asked for, and the rows
// that it learns from as hashes. Read back, it is compared with the training that is to go on, and a difference is named.
import {
  DATA_BASE,
  DATA_BYTES,
  DATA_COUNT,
  DATA_LABELS,
  DATA_ORDER,
  DATA_T,
  DATA_WEIGHTS,
  DATA_WIDTH,
  DATA_X,
  IN_ORDER,
  METRIC_OUTPUTS,
  PLAN_CANDIDATE,
  PLAN_GOOD,
  PLAN_KEPT,
  PLAN_POSITION,
  TALLY_ROWS,
} from "../../assembly/plan.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain } from "../ground/options.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Model } from "../memory/model.ts";
import { FEW } from "../training/history.ts";
import type { Loop } from "../training/loop.ts";
import type { EpochReport, History } from "../training/reports.ts";
import type { TrainingWarning } from "../training/warnings.ts";
import { type PackedArray, bad } from "./packing.ts";

/** The head and the arrays of a training under way. */
export interface KeptFit {
  head: Record<string, unknown>;
  arrays: Record<string, PackedArray | undefined>;
}

/** Where epochs of a report are counted and timed: these every report has. */
const USUAL = new Set(["epoch", "seconds", "samplesPerSecond", "learningRate", "loss"]);

/**
 * What is to be kept of a training under way.
 * @throws PropagoError ERR_BUSY where it is in the middle of a step.
 */
export function keepFit(model: Model, loop: Loop): KeptFit {
  if (loop.isStepping || loop.search?.isBetween) {
    const advice =
      "call checkpoint() from onEpoch, onBatch or between the reports of an iteration, or give fit `checkpoint`";
    throw new PropagoError("ERR_BUSY", `a step is under way, in the middle of which nothing can be kept: ${advice}`);
  }
  const { layout, engine } = model;
  const { stopping, history, search } = loop;
  const list = loop.epochs;
  const position = layout.word(PLAN_POSITION);
  const params = (word: number): FloatArray => engine.numbers(layout.word(word) >>> 0, layout.count).slice();
  const { best } = stopping;
  const width = list.records.length === 0 ? 0 : widthOf(loop);
  const keys = new Set(loop.settings.metrics.list.map(({ key }) => key));
  return {
    head: {
      options: optionsOf(loop),
      data: hashesOf(model, loop),
      epochs: loop.total,
      position,
      // Milliseconds, of all and of the running epoch.
      spent: [loop.begun, loop.since].map((since) => performance.now() - since),
      stopped: history.stopped === "aborted" ? undefined : history.stopped,
      list: {
        count: list.count,
        first: list.first,
        last: list.last,
        length: list.length,
        stride: list.stride,
        begin: list.begin,
        best: list.best,
        least: list.least,
      },
      reports: list.made.flatMap((report, i) => {
        const more = report && othersOf(report, keys);
        return more === undefined ? [] : [[i, more]];
      }),
      warnings: history.warnings,
      best: best && { epoch: best.report.epoch, value: best.value },
      search: search && search.best,
      step: layout.progress.step,
    },
    arrays: {
      records: list.records.slice(0, list.length * width),
      good: params(PLAN_GOOD),
      ...(position > 0 ? runningEpoch(model, loop, params(PLAN_CANDIDATE)) : {}),
      bestParams: best?.params.slice(),
      bestAverage: best?.average?.slice(),
    },
  };
}

function widthOf(loop: Loop): number {
  // Epoch, seconds, rate and loss, then the metrics.
  return 4 + loop.settings.metrics.list.length;
}

/** What only an epoch has that is not complete. */
function runningEpoch(model: Model, loop: Loop, candidate: FloatArray): Record<string, PackedArray | undefined> {
  const { layout, engine } = model;
  const { dataset, count } = loop.rows;
  const tally = layout.tally().slice();
  const order = engine.words(dataset.address, DATA_BYTES / 4)[DATA_ORDER / 4];
  const isOrdered = loop.settings.shuffle !== IN_ORDER && order !== 0;
  return {
    candidate,
    tally,
    order: isOrdered ? engine.words(order, count).slice() : undefined,
    outputs: keepsOutputs(loop)
      ? engine.numbers(layout.word(PLAN_KEPT) >>> 0, tally[TALLY_ROWS / 8] * model.description.outputs).slice()
      : undefined,
  };
}

function keepsOutputs({ settings }: Loop): boolean {
  return (settings.metrics.bits & METRIC_OUTPUTS) !== 0;
}

/** What a report says beyond the numbers that the list of epochs has. */
function othersOf(report: EpochReport, keys: ReadonlySet<string>): Record<string, unknown> | undefined {
  const entries = Object.entries(report).filter(
    ([key, value]) => !USUAL.has(key) && !(keys.has(key) && typeof value === "number") && value !== undefined,
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The options on which the weights depend, as JSON; the number of epochs may be another. */
function optionsOf({ settings, rows, updates }: Loop): Record<string, unknown> {
  const { batchSize, shuffle, validation, metrics, earlyStopping, targetLoss } = settings;
  return {
    batchSize: typeof batchSize === "number" ? Math.min(batchSize, rows.count) : batchSize,
    shuffle: shuffle === IN_ORDER ? false : shuffle,
    validation: typeof validation === "object" ? "rows of its own" : (validation ?? 0),
    metrics: metrics.list.map(({ key, options }) => [key, options]),
    earlyStopping: earlyStopping ?? false,
    targetLoss: targetLoss > -Infinity ? targetLoss : "none",
    batches: updates,
  };
}

/** Hashes of everything that is learnt from or judged by. */
function hashesOf(model: Model, loop: Loop): Record<string, unknown> {
  const known = hashed.get(loop);
  if (known !== undefined) return known;
  const { dataset, validation } = loop.rows;
  const isOwn = typeof loop.settings.validation === "object";
  const own = hashesAt(model, dataset.address, dataset.rows);
  const others = isOwn && validation !== undefined ? hashesAt(model, validation.address, validation.count) : {};
  const named = Object.entries(others).map(([name, hash]) => [`validation's ${name}`, hash] as const);
  const all = { ...own, ...Object.fromEntries(named) };
  hashed.set(loop, all);
  return all;
}

/** Data does not change while it is in memory, and hashing takes time. */
const hashed = new WeakMap<Loop, Record<string, unknown>>();

function hashesAt({ engine, description }: Model, address: number, rows: number): Record<string, unknown> {
  const { inputs, outputs } = description;
  const words = engine.words(address, DATA_BYTES / 4).slice();
  const word = (offset: number): number => words[offset / 4];
  const hash = (start: number, bytes: number): string =>
    BigInt.asUintN(64, engine.core.hash(start, bytes, 0xcbf29ce484222325n)).toString(16);
  const labels = word(DATA_LABELS);
  const targets = labels || word(DATA_T);
  return {
    rows,
    "rows that are trained on": word(DATA_BASE) ? word(DATA_COUNT) : rows,
    x: hash(word(DATA_X), rows * inputs * word(DATA_WIDTH)),
    y: targets ? hash(targets, rows * (labels ? 4 : outputs * engine.bytes)) : "none",
    "weights of the samples or classes": word(DATA_WEIGHTS) ? hash(word(DATA_WEIGHTS), rows * engine.bytes) : "none",
  };
}

/**
 * Lets a training that was made ready go on from where another stood.
 * @throws PropagoError ERR_CONFIG or ERR_DATA where it is another training, ERR_FORMAT for what `keepFit` did not give.
 */
export function resumeFit(model: Model, loop: Loop, kept: unknown, arrays: ReadonlyMap<string, PackedArray>): void {
  if (!isPlain(kept)) throw bad("what it says of its training is no object");
  compare(kept, model, loop);
  const { layout, engine, description } = model;
  const rest = readRest(kept, arrays, model, loop);
  const { position, list, records, best, spent } = rest;
  const { heap, bytes } = engine;
  heap.set(array(arrays, "good", layout.count, model), (layout.word(PLAN_GOOD) >>> 0) / bytes);
  if (position > 0) {
    heap.set(array(arrays, "candidate", layout.count, model), (layout.word(PLAN_CANDIDATE) >>> 0) / bytes);
    layout.tally().set(rest.tally as Float64Array);
    const order = engine.words(loop.rows.dataset.address, DATA_BYTES / 4)[DATA_ORDER / 4];
    if (rest.order !== undefined) engine.words(order, loop.rows.count).set(rest.order);
    if (rest.outputs !== undefined) heap.set(rest.outputs, (layout.word(PLAN_KEPT) >>> 0) / bytes);
  }
  layout.setWord(PLAN_POSITION, position);
  const own = loop.epochs;
  const room = Math.max(own.records.length, records.length);
  if (room > own.records.length) own.records = new Float64Array(room);
  own.records.set(records);
  Object.assign(own, list);
  restoreReports(loop, rest.reports);
  if (best !== undefined) {
    const report = own.after(best.epoch - 1);
    if (report?.epoch !== best.epoch) throw bad(`its best epoch ${best.epoch} is not among its epochs`);
    const average = description.optimizer.averaging === undefined ? undefined : optional(arrays, "bestAverage", layout.trainable, model); // prettier-ignore
    loop.stopping.best = {
      report,
      value: best.value,
      params: array(arrays, "bestParams", layout.count, model),
      average,
    };
  }
  [loop.begun, loop.since] = spent.map((milliseconds) => performance.now() - milliseconds);
  loop.kept = rest.search;
  if (rest.warnings !== undefined) loop.history.warnings = rest.warnings;
  if (rest.stopped !== undefined) loop.history.stopped = rest.stopped;
}

/** Names the first difference between the training of a checkpoint and the one that is to go on. */
function compare(kept: Record<string, unknown>, model: Model, loop: Loop): void {
  const { options, data, step } = kept;
  const advice = "Go on with what it was made with, or begin anew without it";
  differ(options, optionsOf(loop), (name, before, now) => {
    const text = `${name} was ${before} when the checkpoint was made, and is ${now} now. ${advice}`;
    return new PropagoError("ERR_CONFIG", text);
  });
  differ(data, hashesOf(model, loop), (name, before, now) => {
    const isCount = name.includes("rows");
    const what = isCount ? `were ${before}, and are ${now} now` : "are not those of the checkpoint";
    return new PropagoError("ERR_DATA", `${isCount ? name : `the numbers of ${name}`} ${what}. ${advice}`);
  });
  if (step !== model.layout.progress.step) {
    const text = "the network was trained otherwise since it was resumed, so the training cannot go on";
    throw new PropagoError("ERR_CONFIG", `${text}; call fit() first after Network.resume()`);
  }
  const { list } = kept;
  const done = isPlain(list) ? Number(list.count) : 0;
  if (done > loop.total) {
    const text = `epochs counts those before the checkpoint too: ${done} are done, and ${loop.total} were asked for`;
    throw new PropagoError("ERR_CONFIG", `${text}; give at least ${done}`);
  }
}

/** Calls `error` with the first field that differs, and throws what it gives. */
export function differ(
  before: unknown,
  now: Record<string, unknown>,
  error: (name: string, before: string, now: string) => Error,
): void {
  const known = isPlain(before) ? before : {};
  const text = (value: unknown): string => JSON.stringify(value) ?? "absent";
  for (const name of new Set([...Object.keys(now), ...Object.keys(known)])) {
    if (text(known[name]) !== text(now[name])) throw error(name, said(known[name]), said(now[name]));
  }
}

function said(value: unknown): string {
  if (value === undefined) return "absent";
  return typeof value === "object" ? (JSON.stringify(value) ?? "").slice(0, 300) : show(value);
}

/** Everything that is not compared, checked. */
function readRest(kept: Record<string, unknown>, arrays: ReadonlyMap<string, PackedArray>, model: Model, loop: Loop) {
  const { layout } = model;
  const { count } = loop.rows;
  const position = whole(kept.position, "position", count - 1);
  const given = isPlain(kept.list) ? kept.list : {};
  const length = whole(given.length, "length", 2 ** 24);
  const list = {
    count: whole(given.count, "count", loop.total),
    first: number(given.first, "first"),
    last: number(given.last, "last"),
    length,
    stride: Math.max(1, whole(given.stride, "stride", 2 ** 40)),
    begin: whole(given.begin, "begin", 2 ** 40),
    best: number(given.best, "best"),
    least: number(given.least, "least"),
  };
  const records = arrays.get("records");
  if (!(records instanceof Float64Array) || records.length !== length * (length === 0 ? 0 : widthOf(loop))) {
    throw bad(`its ${length} epochs have no records`);
  }
  const reports = Array.isArray(kept.reports) ? (kept.reports as unknown[]) : [];
  const [all, epoch] = Array.isArray(kept.spent) ? (kept.spent as unknown[]) : [];
  const best = isPlain(kept.best)
    ? { epoch: whole(kept.best.epoch, "epoch", 2 ** 40), value: number(kept.best.value, "value") }
    : undefined;
  const found = isPlain(kept.search) ? kept.search : undefined;
  const search = found && {
    height: number(found.height, "height"),
    norm: number(found.norm, "norm"),
    age: whole(found.age, "age", 2 ** 40),
  };
  const tally = position > 0 ? arrays.get("tally") : undefined;
  if (position > 0 && !(tally instanceof Float64Array && tally.length === layout.tally().length)) {
    throw bad("its running epoch has no sums");
  }
  return {
    position,
    list,
    records,
    reports,
    best,
    search,
    tally,
    order: position > 0 ? readOrder(arrays, model, loop) : undefined,
    outputs: position > 0 ? readOutputs(arrays, model, loop, tally as Float64Array) : undefined,
    spent: [number(all, "spent"), number(epoch, "spent")] as const,
    warnings: Array.isArray(kept.warnings) ? (kept.warnings as unknown[]).filter(isWarning) : undefined,
    stopped: STOPPED.find((reason) => reason === kept.stopped),
  };
}

function isWarning(value: unknown): value is TrainingWarning {
  return isPlain(value) && typeof value.code === "string" && typeof value.message === "string";
}

const STOPPED: readonly History["stopped"][] = ["epochs", "earlyStopping", "targetLoss", "timeLimit", "converged", "stalled"]; // prettier-ignore

/** The order of the running epoch's rows: places of rows that there are. */
function readOrder(arrays: ReadonlyMap<string, PackedArray>, _: Model, loop: Loop): Uint32Array | undefined {
  const { dataset, count } = loop.rows;
  if (loop.settings.shuffle === IN_ORDER) return undefined;
  const order = arrays.get("order");
  const isFine = order instanceof Uint32Array && order.length === count && order.every((row) => row < dataset.rows);
  if (!isFine) throw bad("the order of its running epoch is not one of these rows");
  return order;
}

function readOutputs(
  arrays: ReadonlyMap<string, PackedArray>,
  model: Model,
  loop: Loop,
  tally: Float64Array,
): FloatArray | undefined {
  if (!keepsOutputs(loop)) return undefined;
  const done = whole(tally[TALLY_ROWS / 8], "rows", loop.rows.count);
  return array(arrays, "outputs", done * model.description.outputs, model);
}

function restoreReports(loop: Loop, reports: readonly unknown[]): void {
  const list = loop.epochs;
  const make = (i: number): EpochReport | undefined => list.after(list.records[i * widthOf(loop)] - 0.5);
  // Reports of few epochs are made at once.
  if (loop.total <= FEW) for (let i = 0; i < list.length; i++) make(i);
  for (const entry of reports) {
    const [index, more] = (Array.isArray(entry) ? entry : []) as [unknown, unknown];
    const report = make(whole(index, "report", list.length - 1));
    if (report === undefined || !isPlain(more)) throw bad("its reports are not of its epochs");
    for (const [key, value] of Object.entries(more)) if (!USUAL.has(key)) Object.defineProperty(report, key, { value, enumerable: true, writable: true, configurable: true }); // prettier-ignore
  }
}

/** An array of weights, of the network's precision and of this length, all of it finite or not. */
export function array(
  arrays: ReadonlyMap<string, PackedArray>,
  name: string,
  length: number,
  { engine }: Model,
): FloatArray {
  const found = arrays.get(name);
  const Kind = engine.bytes === 4 ? Float32Array : Float64Array;
  if (found instanceof Kind && found.length === length) return found;
  throw bad(`its array ${show(name)} has ${found?.length ?? "no"} numbers, expected ${length}`);
}

function optional(
  arrays: ReadonlyMap<string, PackedArray>,
  name: string,
  length: number,
  model: Model,
): FloatArray | undefined {
  return arrays.has(name) ? array(arrays, name, length, model) : undefined;
}

function whole(value: unknown, name: string, most: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw bad(`${name} must be a whole number from 0 to ${most}, got ${show(value)}`);
}

function number(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  throw bad(`${name} must be a number, got ${show(value)}`);
}
