// What users say of a Classifier or Regressor, and what they are told of the model that was chosen. Types only.
import type { ActivationSpec } from "../tables/activations.ts";
import type { LossSpec } from "../tables/losses.ts";
import type { Matrix, SampleWeights } from "../data/data.ts";
import type { DType } from "../ground/arrays.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { EarlyStopping, FitOptions, Shuffle } from "../training/options.ts";
import type { OptimizerSpec } from "../tables/names.ts";

/** How much is tried before a model is chosen. */
export type Effort = "quick" | "normal" | "thorough";

/** What a Classifier or Regressor is told; all of it is optional. */
export interface EstimatorOptions {
  /** Neurons of each hidden layer; [] for none. Default: `fit` chooses. */
  hidden?: readonly number[];
  /** Of the hidden layers. Default: `fit` chooses. */
  activation?: ActivationSpec;
  /** Default: `fit` chooses between adam and lbfgs. */
  optimizer?: OptimizerSpec;
  /** Default: the optimizer's own. */
  learningRate?: number;
  /** Default: what suits the targets. */
  loss?: LossSpec;
  /** As in `NetworkOptions`. Default 0. */
  l1?: number;
  /** As in `NetworkOptions`. Default: `fit` chooses, less the more rows there are. */
  l2?: number;
  /**
   * How much `fit` tries: "quick" compares up to four kinds of networks and keeps one network of the best, "normal" mixes
   * up to 8 networks of about a dozen kinds, "thorough" up to 20 of more kinds. It is counted in multiply-adds and not in seconds, so that the same seed gives the same bits everywhere.
   * Default "normal".
   */
  effort?: Effort;
  /** How many networks a model consists of at most; their answers are averaged. Default: 1, 8 or 20, by effort. */
  ensemble?: number;
  /** For first weights, shuffles, folds and held-back rows. Default 0; "random" draws one. */
  seed?: number | "random";
  /** What its networks compute in. Default float32. */
  dtype?: DType;
  /** As in `NetworkOptions`; not saved. */
  build?: "simd" | "relaxed";
}

/** What a Classifier is told; all of it is optional. */
export interface ClassifierOptions extends EstimatorOptions {
  /**
   * What the probability is chosen by from which on the second of two classes is the answer: the metric that is best on
   * rows which were left out. f1 is that of the class with fewer rows. Default: 0.5 for both.
   */
  optimize?: "accuracy" | "balancedAccuracy" | "f1";
}

/** As for a network, with targets in the estimator's own terms; they hold for each network that is trained. */
export interface EstimatorFitOptions<Y> extends Omit<FitOptions, "validation" | "earlyStopping"> {
  /**
   * Rows that judge only: a fraction, spread evenly over the targets, or data of their own. Nothing is trained on them.
   * Default 0: the model is judged on rows that its networks had left out in turn (`estimate`), and then learns from all.
   */
  validation?: number | { x: Matrix; y: Y; sampleWeights?: SampleWeights };
  /**
   * Stops each network by the loss of rows that it holds back, `validation` or 0.2 of them, instead of after a number of
   * updates. Default false.
   */
  earlyStopping?: EarlyStopping | boolean;
  /**
   * How often a network that has not learnt all its rows begins again from other first weights, where the rows are all
   * that there can be, as those of XOR. Default 9.
   */
  restarts?: number;
  /** Called after each network that has been trained, with how many there are and will be in all. */
  onSearch?: (progress: { trained: number; of: number }) => void;
}

/** How `partialFit` trains. */
export interface PartialFitOptions {
  /** Samples a weight update; "full" for all. Default 32. */
  batchSize?: number | "full";
  /** Order of the samples. Default true. */
  shuffle?: Shuffle;
  /** How much each row counts. */
  sampleWeights?: SampleWeights;
}

/** A kind of network that was tried. */
export interface Tried {
  /** A short name of the kind. */
  name: string;
  /** What it is, in a few words. */
  description: string;
  /** Neurons of each hidden layer. */
  hidden: readonly number[];
  /** Mean loss of rows that were left out in training; absent where nothing was left out. */
  loss?: number;
  /** Its share of the model's answer. */
  weight: number;
  /** How many of the model's networks are of this kind. */
  networks: number;
}

/** What was chosen, from what, and by which figures. */
export interface Chosen {
  /** How much was asked to be tried. */
  effort: Effort;
  /**
   * What chose: the loss of rows that were left out, the loss of the training rows where no others can be, or nothing
   * where there was one candidate.
   */
  by: "folds" | "trainingLoss" | "nothing";
  /** In how many parts the rows were left out in turn; 1 where one part of them was left out once. */
  folds: number;
  /** How many networks the model consists of. */
  networks: number;
  /** The kinds that were compared. */
  candidates: readonly Tried[];
  /** The time limit ended the search, so the result depends on the machine. */
  isCutShort?: true;
}

/**
 * How the model does on rows that it has not seen: measured on each row by networks that were trained without it, mixed
 * by weights that were chosen without it.
 */
export interface Estimate extends Evaluation {
  /** Rows that were measured. */
  rows: number;
  /** In how many parts the rows were left out in turn. */
  folds: number;
  /** The standard error of accuracy or r2, from its spread over the rows. */
  spread: number;
  /** Of several targets, the figures of each in its own unit. */
  targets?: Pick<Evaluation, "r2" | "rootMeanSquaredError" | "meanAbsoluteError">[];
}

/** What is reached without a look at the inputs: by the most frequent class, or the mean of the targets. */
export type Baseline = Pick<Evaluation, "loss" | "accuracy" | "r2" | "rootMeanSquaredError" | "meanAbsoluteError">;
