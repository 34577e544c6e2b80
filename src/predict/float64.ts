// The build for networks of dtype "float64", which is loaded when one is read.
export { text } from "../generated/predict-float64.ts";
