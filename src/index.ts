/// <reference lib="esnext.disposable" preserve="true" />
// What the library exports, and nothing else.
export { Network } from "./network.ts";
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
export { activation, alphaDropout, batchNorm, dense, dropout, gaussianNoise, layerNorm } from "./layers.ts";
export { PropagoError, type ErrorCode } from "./errors.ts";
export type { Label, Labels } from "./data/labels.ts";
export type { Training } from "./training.ts";
export type { ActivationName, ActivationSpec } from "./activations.ts";
export type { InitializerName, InitializerSpec } from "./initializers.ts";
export type { LossName, LossSpec } from "./losses.ts";
export type { MetricName, MetricSpec } from "./metrics.ts";
export type { OptimizerName, OptimizerSpec } from "./optimizers.ts";
export type { LearningRate, ScheduleSpec } from "./schedules.ts";
export type { NetworkJSON } from "./save.ts";
export type * from "./types.ts";
