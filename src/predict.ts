// The entry `propago/predict`: reads a trained network and predicts with it. Nothing here trains, so it is small.
export { PropagoError, type ErrorCode } from "./ground/errors.ts";
export { load } from "./predict/load.ts";
export { Predictor, type Weights } from "./predict/predictor.ts";
