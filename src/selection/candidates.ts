// The kinds of networks that are compared: how their inputs are made, what they consist of, and how they are trained.
// docs/defaults.md says by which measurements they were chosen.
import type { EstimatorOptions } from "../estimators/options.ts";
import type { Recipe } from "./build.ts";
import type { Encoding } from "./encodings.ts";

export interface Candidate extends Recipe {
  name: string;
  inputs: Encoding;
  l2: number;
  /** Adam in batches, at a rate that falls to 0, or L-BFGS over all rows with so many iterations at most. */
  training: "adam" | number;
  /** Networks are trained on the logarithms of the targets. */
  log?: true;
  /** Whether decay gets weaker with more rows. Default: it stays the same. */
  fades?: true;
}

const wide = { hidden: [100], activation: "relu", init: "pytorch", training: "adam" } as const;
const smooth = { hidden: [24], activation: "tanh", training: 100 } as const;
const linear = { hidden: [], activation: "linear", training: 40 } as const;

/** The candidates, in the order in which they are tried as far as the work allows. */
export const CANDIDATES: readonly Candidate[] = [
  { name: "wide", inputs: "soft", l2: 1e-2, fades: true, ...wide },
  { name: "bins", inputs: "bins", l2: 1.5e-2, fades: true, ...wide },
  { name: "linear", inputs: "soft", l2: 1e-2, fades: true, ...linear },
  { name: "smooth", inputs: "soft", l2: 1e-2, fades: true, ...smooth },
  { name: "wideFree", inputs: "soft", l2: 1e-3, ...wide },
  { name: "smoothFree", inputs: "scaled", l2: 1e-4, ...smooth, training: 200 },
  { name: "smoothFirm", inputs: "soft", l2: 3e-2, ...smooth },
  { name: "wideLog", inputs: "soft", l2: 1e-2, log: true, ...wide },
  { name: "logLinear", inputs: "logs", l2: 1e-3, log: true, ...linear },
  { name: "logs", inputs: "logs", l2: 1e-2, fades: true, ...wide },
  { name: "wideFirm", inputs: "soft", l2: 5e-2, ...wide },
  { name: "ranks", inputs: "ranks", l2: 1e-2, fades: true, ...wide },
  { name: "smoothBins", inputs: "bins", l2: 2e-2, fades: true, ...smooth, hidden: [16] },
  { name: "smoothFirmest", inputs: "soft", l2: 1e-1, ...smooth },
  { name: "linearFirm", inputs: "soft", l2: 1e-1, ...linear },
  { name: "smoothRanks", inputs: "ranks", l2: 1e-2, fades: true, ...smooth },
];

/** Further candidates for effort "thorough". */
export const MORE_CANDIDATES: readonly Candidate[] = [
  { name: "deepBins", inputs: "bins", l2: 1e-2, fades: true, ...wide, hidden: [64, 64] },
  { name: "binsFree", inputs: "bins", l2: 4e-3, fades: true, ...wide },
  { name: "wideScaled", inputs: "scaled", l2: 1e-2, fades: true, ...wide },
  { name: "smoothScaled", inputs: "scaled", l2: 1e-2, fades: true, ...smooth },
  { name: "deep", inputs: "soft", l2: 3e-3, fades: true, ...wide, hidden: [64, 64] },
];

/**
 * First weights that do not shrink with the width, and biases that differ: tanh units without biases are odd functions, and
 * see nothing of one that is even, as the parity of four bits.
 */
const heart = { inputs: "scaled", l2: 1e-5, init: "pytorch", keepsInit: true } as const;

/** The recipe for learning rows by heart, if there can be no other rows. */
export const BY_HEART: readonly Candidate[] = [
  { name: "byHeart", ...smooth, ...heart, training: 300 },
  { name: "byHeart", ...linear, ...heart, training: 300 },
  { name: "byHeart", ...smooth, ...heart, training: "adam" },
];

const ADAM = ["optimizer", "learningRate"] as const;

/** The candidates that do not contradict the user's options, without repetition. */
export function applicable(all: readonly Candidate[], given: EstimatorOptions, isBatched: boolean): Candidate[] {
  const isAdam = isBatched || ADAM.some((name) => given[name] !== undefined);
  const found = new Map<string, Candidate>();
  for (const candidate of all) {
    if (isAdam && candidate.training !== "adam") continue;
    if (given.hidden && given.hidden.length > 0 && candidate.hidden.length === 0) continue;
    // Without hidden layers there is one best network, which L-BFGS finds.
    if (given.hidden?.length === 0 && candidate.hidden.length > 0 && !isAdam) continue;
    const { inputs, training, log } = candidate;
    const hidden = given.hidden ?? candidate.hidden;
    const activation = hidden.length === 0 ? "linear" : (given.activation ?? candidate.activation);
    const l2 = given.l2 ?? (given.l1 === undefined ? candidate.l2 : 0);
    const key = JSON.stringify([inputs, training, log, hidden, activation, l2]);
    if (!found.has(key)) found.set(key, candidate);
  }
  return [...found.values()];
}
