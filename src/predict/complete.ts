// The build for the layers and activations that most networks do without, which is loaded when one of them is read.
export { text } from "../generated/predict-complete.ts";
