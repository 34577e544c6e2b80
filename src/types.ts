// The shapes of what users pass in and get back. Types only; the tables of names stand in
// activations.ts, losses.ts, optimizers.ts and initializers.ts.
import type { ActivationSpec } from "./tables/activations.ts";
import type { InitializerSpec } from "./tables/initializers.ts";
import type { LossSpec } from "./tables/losses.ts";
import type { MetricSpec } from "./tables/metrics.ts";
import type { OptimizerSpec } from "./tables/optimizers.ts";

export type DType = "float32" | "float64";

/** What a network of either precision computes with and gives back. */
export type FloatArray = Float32Array | Float64Array;

/** The arrays that a network of one precision gives back. */
export type ArrayOf<D extends DType> = D extends "float64" ? Float64Array : Float32Array;

/** Typed arrays whose numbers can be samples or targets. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Rows of samples: a typed array with `inputs` values a row, `{ data, shape: [rows, columns] }`, or an array of rows. */
export type Matrix =
  | NumericArray
  | { data: NumericArray | readonly number[]; shape: readonly number[] }
  | readonly (readonly number[] | NumericArray)[];

/** Targets: as a matrix, one row a sample, or one class label (0, 1, …) a sample. */
export type Targets = Matrix | readonly number[];

/** Samples and their targets. */
export interface Data {
  x: Matrix;
  y: Targets;
  /** How much each sample counts, numbers from 0 on. A loss is then Σ w·loss / Σ w. Default: all alike. */
  sampleWeights?: SampleWeights;
}

/** One number a row. */
export type SampleWeights = NumericArray | readonly number[];

/**
 * How much each class counts: "balanced" makes all count alike in sum, n / (k n_c) for k classes and n_c of n rows; an
 * array has a number for each class; an object, for some of them by their labels, leaves the others at 1. Multiplied with
 * the samples' weights.
 */
export type ClassWeights = "balanced" | SampleWeights | Readonly<Record<string, number>>;

/** Which of a layer's parameters training may change. */
export type Trainable = boolean | "weights" | "bias";

export interface DenseLayer {
  type: "dense";
  /** How many neurons. */
  units: number;
  activation?: ActivationSpec;
  /** Whether the neurons have a bias. Default true. */
  bias?: boolean;
  /**
   * First weights. Default, by the activation that follows: heUniform for the relu family, lecunUniform for selu,
   * glorotUniform for all others. "pytorch" and "nguyenWidrow" draw biases too; "lsuv" scales the weights to the data
   * that the network is first trained on.
   */
  init?: InitializerSpec;
  /** First biases. Default zeros. */
  biasInit?: InitializerSpec;
  /** Adds l1·Σ|w| over this layer's weights to what is minimised. Default: the network's. */
  l1?: number;
  /** Adds (l2/2)·Σw² over this layer's weights. Default: the network's. */
  l2?: number;
  /** The largest norm of the weights that come into a neuron: longer ones are shortened after each update. Default: the network's. */
  maxNorm?: number;
  /** What training changes: everything, nothing, or one of the two. Default true. */
  trainable?: Trainable;
  /** How messages call this layer. Default dense_1, dense_2, … */
  name?: string;
}

export interface ActivationLayer {
  type: "activation";
  activation: ActivationSpec;
  name?: string;
}

export interface DropoutLayer {
  type: "dropout" | "alphaDropout";
  /** The part of the values that is dropped while training, from 0 to below 1. */
  rate: number;
  name?: string;
}

export interface GaussianNoiseLayer {
  type: "gaussianNoise";
  /** Standard deviation of what is added while training. */
  deviation: number;
  name?: string;
}

export interface LayerNormLayer {
  type: "layerNorm";
  /** Added to the variance. Default 1e-5, of flavor "keras" 1e-3. */
  epsilon?: number;
  /** Whether γ is trained; it stays 1 otherwise. Default true. */
  scale?: boolean;
  /** Whether there is a β. Default true. */
  center?: boolean;
  /** What training changes: γ ("weights"), β ("bias"), both or nothing. Default true. */
  trainable?: Trainable;
  /** Whose defaults, and, of batchNorm, whose running statistics. Default "pytorch". */
  flavor?: "pytorch" | "keras";
  name?: string;
}

/** With `trainable: false`, batchNorm uses its running statistics in training too, and leaves them as they are. */
export interface BatchNormLayer extends Omit<LayerNormLayer, "type"> {
  type: "batchNorm";
  /**
   * The part of the running statistics that each batch renews, default 0.1. Of flavor "keras" the part that stays,
   * default 0.99. The running variance is the unbiased one, of flavor "keras" the biased.
   */
  momentum?: number;
}

/** A layer's description: plain JSON. */
export type Layer = DenseLayer | ActivationLayer | DropoutLayer | GaussianNoiseLayer | BatchNormLayer | LayerNormLayer;

export interface NetworkOptions<D extends DType = "float32"> {
  /** How many values a sample has. */
  inputs: number;
  /** The layers from the input to the output. */
  layers: readonly Layer[];
  /** What training minimises. Default: chosen from the last activation. */
  loss?: LossSpec;
  /** How the weights are updated. Default: adam, with larger steps for small networks. */
  optimizer?: OptimizerSpec;
  /** For first weights, shuffles, splits, dropout and noise. Default 0; "random" draws one. */
  seed?: number | "random";
  /** What it computes in, and the kind of array that it gives back. Default float32. */
  dtype?: D;
  /**
   * Which float32 build computes. "relaxed" lets the machine round a multiply-add once where it can, which some do faster:
   * close to "simd", the default, but not the same bits on every machine. Saved networks do not say which it was.
   */
  build?: "simd" | "relaxed";
  /** Every input is multiplied by it: 1 / 255 turns the bytes of an image into 0..1. Default 1. */
  inputScale?: number;
  /** Adds l1·Σ|w| over the weights of all dense layers (never biases, γ or β). Default 0. */
  l1?: number;
  /** Adds (l2/2)·Σw² over the weights of all dense layers (never biases, γ or β). Default 0. */
  l2?: number;
  /** The largest norm of the weights that come into a neuron, for all dense layers. Default: any. */
  maxNorm?: number;
}

/**
 * A dense layer's parameters: weights (inputs, units) row-major, and biases if it has them. Of a normalisation, weights
 * are its γ and bias its β, one a unit; batchNorm adds its running statistics.
 */
export interface LayerWeights<A extends FloatArray = FloatArray> {
  weights: A;
  bias?: A;
  mean?: A;
  variance?: A;
}

/** As `LayerWeights`, in any form that `setWeights` takes. */
export interface LayerWeightsInput {
  weights: NumericArray | readonly number[] | readonly (readonly number[])[];
  bias?: NumericArray | readonly number[];
  mean?: NumericArray | readonly number[];
  variance?: NumericArray | readonly number[];
}

export type Shuffle = boolean | "withReplacement";

export interface EarlyStopping {
  /** What must improve: "loss" or a metric that is one number, or with "validation." before it. Default: "validation.loss" if there is validation, else "loss". */
  monitor?: string;
  /** Epochs without improvement before training stops. Default 10. */
  patience?: number;
  /** The least change that counts as improvement. Default 0. */
  minDelta?: number;
  /** Whether the weights of the best epoch come back at the end. Default true. */
  restoreBest?: boolean;
}

export interface BatchReport {
  /** Counts the updates, from 0, over the network's whole life; the same for all batches of an update (`accumulate`). */
  step: number;
  /** The batch's loss before its update. */
  loss: number;
  learningRate: number;
}

export interface FitOptions {
  /** Passes over the data. Default 100, or as many as 2,000 updates need; 200 iterations for an optimizer that searches. */
  epochs?: number;
  /**
   * Samples a batch, and so a weight update unless the optimizer accumulates; "full" for all. Default 32; an optimizer
   * that searches always takes all.
   */
  batchSize?: number | "full";
  /** Order of the samples in an epoch: shuffled, as given, or drawn with replacement. Default true. */
  shuffle?: Shuffle;
  /** Rows held back: a fraction of the shuffled rows, or data of their own. */
  validation?: number | Data;
  /** What reports hold beside the loss. Default: accuracy for classification, none otherwise. */
  metrics?: readonly MetricSpec[];
  /**
   * How much each row counts, numbers from 0 on; only their proportions matter. Losses become Σ w·loss / Σ w; of a
   * batch's, the divisor is its rows times the mean weight of all rows, so that batches keep their proportions too.
   * Metrics count all rows alike.
   */
  sampleWeights?: SampleWeights;
  /** How much the rows of each class count, held-back rows and validation data included. */
  classWeights?: ClassWeights;
  /** Stops when what it watches no longer improves. Epochs in which that is not a number do not count. */
  earlyStopping?: EarlyStopping | boolean;
  /** Stops once an epoch's training loss is at most this. */
  targetLoss?: number;
  /** Stops after so many seconds. */
  timeLimit?: number;
  /**
   * How many threads share the work of a step; the weights are the same, to the bit, whatever their number. Steps so small
   * that sharing takes longer, below some 20 µs, are one thread's whatever the number; with `fit` that is a worker.
   * "auto", the default, takes several where that is faster: for long trainings with large steps, or many short ones. A
   * page has threads if it is cross-origin isolated, and only in `fit`, not in `fitSync`, which may not wait there.
   */
  threads?: number | "auto";
  /** Aborts: the promise rejects with the signal's reason; the network stays as its last completed batch left it. */
  signal?: AbortSignal;
  /**
   * Called after each epoch. `fit` awaits a promise that it gives, and rejects with its error; an abort takes effect when
   * it has settled. `fitSync`, which cannot wait, throws ERR_CONFIG where it gives one.
   */
  onEpoch?: (report: EpochReport) => unknown;
  /** Called after each batch, as `onEpoch`. */
  onBatch?: (report: BatchReport) => unknown;
}

/** What `Network.fromJSON` takes beside the network. */
export type FromJSONOptions = Pick<NetworkOptions, "build">;

export interface WeightsOptions {
  /** The moving average of the weights (the optimizer's `averaging`) instead of the weights. Default false. */
  averaged?: boolean;
}

export interface PredictOptions extends WeightsOptions {
  /**
   * How many threads share the rows; the bits do not depend on it. "auto", the default, takes several where there are many
   * rows, or threads are there from a `fit` and it is worth waking them. In a page's main thread, which may not wait, there
   * is one.
   */
  threads?: number | "auto";
}

export interface LearningRateOptions {
  /** The first and the last rate. Default 1e-6 and 10. */
  from?: number;
  to?: number;
  /** How many rates, each for one batch. Default 100. */
  steps?: number;
  /** As for `fit`. Default 32. */
  batchSize?: number | "full";
  /** Aborts the search: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a search for a learning rate saw. */
export interface LearningRates {
  /** The rates that were tried, until the loss exploded, and the loss of a batch before the update with each. */
  rates: number[];
  losses: number[];
  /** Where the loss fell fastest; the first rate if it never fell. */
  suggestion: number;
}

export interface EvaluateOptions extends PredictOptions {
  metrics?: readonly MetricSpec[];
  /** As for `fit`: for the loss, not for the metrics. */
  sampleWeights?: SampleWeights;
  classWeights?: ClassWeights;
}

/** Loss and metrics of one pass over data. */
export interface Evaluation {
  /** Mean over the samples, weighted where they have weights, without penalties. */
  loss: number;
  accuracy?: number;
  r2?: number;
  rootMeanSquaredError?: number;
  binaryAccuracy?: number;
  meanAbsoluteError?: number;
  logLoss?: number;
  topK?: number;
  precision?: number;
  recall?: number;
  f1?: number;
  /** With `average: "perClass"`, a number for each class. */
  precisionPerClass?: number[];
  recallPerClass?: number[];
  f1PerClass?: number[];
  /** Counts: a row for each true class, a column for each predicted one. */
  confusionMatrix?: number[][];
  /** NaN where all rows are of one class. */
  rocAuc?: number;
  /** What l1 and l2 add to the loss, where there are any. */
  penalty?: number;
}

export type WarningCode =
  | "WARN_DEAD_UNITS" // more than half of a layer's relu units give 0 for all rows
  | "WARN_SATURATED_UNITS" // more than half of a layer's sigmoid or tanh units stay at the ends of their range
  | "WARN_VANISHING_GRADIENTS" // those of the first layer are less than 1e-4 of those of the last
  | "WARN_EXPLODING_GRADIENTS" // those of the first layer are more than 1e4 times those of the last
  | "WARN_LEARNING_RATE" // the loss rises, or jumps up and down
  | "WARN_SCHEDULE" // a schedule of learning rates has come to 0, and training goes on
  | "WARN_NO_CHANGE" // all gradients are 0, or no layer is trainable
  | "WARN_CONSTANT_COLUMN" // an input is the same number, other than 0, in all rows
  | "WARN_BLURRED_COLUMN" // an input varies, but by less than float32's digits
  | "WARN_CONSTANT_TARGETS" // all rows have the same target
  | "WARN_UNSCALED_INPUTS" // inputs above 1,000, or columns of very different sizes
  | "WARN_UNSCALED_TARGETS" // targets so large that outputs take long to get there, or that float32 cannot tell apart
  | "WARN_UNREACHABLE_TARGETS" // targets that the last activation cannot give
  | "WARN_PRECISION" // a search stalled in float32
  | "WARN_BASELINE" // a model that is no better than the largest class or the mean
  | "WARN_MONITOR" // what is watched is not a number
  | "WARN_BATCH_SIZE" // more than there are rows
  | "WARN_THREADS"; // threads were asked for where there are none

/** Something that is wrong with a training, though it runs. */
export interface TrainingWarning {
  /** Stable, for programs. */
  code: WarningCode;
  /** What was seen, where, and what to do. */
  message: string;
  /** The layer that it is about, by name. */
  layer?: string;
  /** The column of x that it is about, from 0. */
  column?: number;
}

export interface EpochReport extends Evaluation {
  /** Counts from 1, over the network's whole life. */
  epoch: number;
  validation?: Evaluation;
  /** The rate of the epoch's last update; of an optimizer that searches, how far it went along its direction. */
  learningRate: number;
  /** Passes over all rows, forward and back, that an optimizer which searches took for this epoch. */
  evaluations?: number;
  seconds: number;
  samplesPerSecond: number;
  /** What was newly found wrong, each once in a network's life; absent where nothing was. */
  warnings?: TrainingWarning[];
}

export interface History {
  epochs: EpochReport[];
  /**
   * What ended the training. "converged": the gradient is at most the optimizer's tolerance. "stalled": no step is found
   * that lowers the loss, as at the end of the numbers' precision; in float32, `dtype: "float64"` may go further.
   */
  stopped: "epochs" | "earlyStopping" | "targetLoss" | "timeLimit" | "aborted" | "converged" | "stalled";
  /** The epoch whose weights early stopping found best. */
  best?: EpochReport;
  /** All warnings of its reports; absent where there are none. */
  warnings?: TrainingWarning[];
}

/** One layer's part in a single sample's way through the network. */
export interface TraceLayer<A extends FloatArray = FloatArray> {
  name: string;
  /** Weighted inputs. */
  z: A;
  /** Activations. */
  a: A;
  /** Errors, ∂E/∂z. */
  delta: A;
  /** Gradients ∂E/∂W (inputs, units) and ∂E/∂b with the penalties' part, for layers that have weights. */
  gradients?: LayerWeights<A>;
}

export interface Trace<A extends FloatArray = FloatArray> {
  loss: number;
  layers: TraceLayer<A>[];
}
