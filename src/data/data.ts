// What users pass as data: samples, targets, and how much each sample counts, at once or in pieces. Types only.
import type { NumericArray } from "../ground/arrays.ts";

/** Rows of samples: a typed array with `inputs` values a row, `{ data, shape: [rows, columns] }`, or an array of rows. */
export type Matrix =
  | NumericArray
  | {
      /** The numbers, row after row. */
      data: NumericArray | readonly number[];
      /** Rows and columns: `[rows, columns]`. */
      shape: readonly number[];
    }
  | readonly (readonly number[] | NumericArray)[];

/** Targets: as a matrix, one row a sample, or one class label (0, 1, …) a sample. */
export type Targets = Matrix | readonly number[];

/** Samples and their targets. */
export interface Data {
  /** The samples: one row a sample, with as many numbers as the network has inputs. */
  x: Matrix;
  /** Their targets, in the same order: one number or row of numbers a sample, or the index of its class. */
  y: Targets;
  /** How much each sample counts, numbers from 0 on. A loss is then Σ w·loss / Σ w. Default: all alike. */
  sampleWeights?: SampleWeights;
}

/** Data that comes in pieces, each with a few rows or many: for more than fits into memory. */
export type Batches = AsyncIterable<Data> | Iterable<Data>;

/** Where the pieces of each epoch come from: what can be gone through anew, or a function that is told the epoch, from 1. */
export type BatchSource = Batches | ((epoch: number) => Batches | PromiseLike<Batches>);

/** One number a row. */
export type SampleWeights = NumericArray | readonly number[];

/**
 * How much each class counts: "balanced" makes all count alike in sum, n / (k n_c) for k classes and n_c of n rows; an
 * array has a number for each class; an object, for some of them by their labels, leaves the others at 1. Multiplied with
 * the samples' weights.
 */
export type ClassWeights = "balanced" | SampleWeights | Readonly<Record<string, number>>;
