// The kinds of arrays of numbers that go in and come out, and the two precisions.

/** The precision that a network computes in. */
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
