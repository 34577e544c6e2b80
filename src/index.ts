/// <reference lib="esnext.disposable" preserve="true" />
// What the library exports, and nothing else.
export { Network } from "./network/network.ts";
export { Classifier, type ClassifierPartialFitOptions } from "./estimators/classifier.ts";
export { Regressor, type Interval } from "./estimators/regressor.ts";
export type {
  Baseline,
  ClassifierOptions,
  Chosen,
  Effort,
  Estimate,
  EstimatorFitOptions,
  EstimatorOptions,
  EstimatorOptions as RegressorOptions,
  PartialFitOptions,
  Tried,
} from "./estimators/options.ts";
export {
  activation,
  alphaDropout,
  batchNorm,
  dense,
  dropout,
  gaussianNoise,
  layerNorm,
} from "./description/helpers.ts";
export { PropagoError, type ErrorCode } from "./ground/errors.ts";
export type { TableLike, TableTarget } from "./data/tabular.ts";
export type { Label, Labels } from "./data/labels.ts";
export type { Training } from "./training/training.ts";
export type { Change, Snapshot } from "./training/parts.ts";
export type { ActivationName, ActivationSpec } from "./tables/activations.ts";
export type { InitializerName, InitializerSpec } from "./tables/names.ts";
export type { LossName, LossSpec } from "./tables/losses.ts";
export type { MetricName, MetricSpec } from "./tables/names.ts";
export type { Averaging } from "./tables/optimizers.ts";
export type { Average } from "./tables/scores.ts";
export type { OptimizerName, OptimizerSpec } from "./tables/names.ts";
export type { AbortSignalLike } from "./ground/signal.ts";
export type { Monitor } from "./tables/monitors.ts";
export type { LearningRate, NoScheduleHasThisName, ScheduleSpec } from "./tables/names.ts";
export type { NetworkJSON, StateJSON, ToJSONOptions } from "./description/options.ts";
export type { ArrayOf, DType, FloatArray, NumericArray } from "./ground/arrays.ts";
export type { Batches, BatchSource, ClassWeights, Data, Matrix, SampleWeights, Targets } from "./data/data.ts";
export type { Trainable } from "./tables/layers.ts";
export type {
  ActivationLayer,
  BatchNormLayer,
  DenseLayer,
  DropoutLayer,
  GaussianNoiseLayer,
  Layer,
  LayerNormLayer,
} from "./description/helpers.ts";
export type { NetworkOptions } from "./description/options.ts";
export type { LayerWeights, LayerWeightsInput } from "./memory/tensors.ts";
export type { CheckpointOptions, EarlyStopping, FitOptions, Shuffle } from "./training/options.ts";
export type { BatchReport, EpochReport, History } from "./training/reports.ts";
export type {
  EvaluateOptions,
  FromJSONOptions,
  PredictOptions,
  ResumeOptions,
  WeightsOptions,
} from "./network/options.ts";
export type { LearningRateOptions, LearningRates } from "./network/rate-search.ts";
export type { Evaluation } from "./tables/metrics.ts";
export type { TrainingWarning, WarningCode } from "./training/warnings.ts";
export type { Trace, TraceLayer } from "./network/trace.ts";
