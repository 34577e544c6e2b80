// What differs between a classifier and a regressor, as far as pages need it at once.

/** Which of the two an estimator is, in words. */
export interface Kind {
  name: "classifier" | "regressor";
  /** The metric that `evaluate` and `score` compute in addition to the loss. */
  metric: "accuracy" | "r2";
}
