// Statistics of a regressor's answers: how far they are off, and how these errors are spread.

/** Errors of predictions: predicted minus true. */
export interface ErrorFigures {
  rows: number;
  r2: number;
  rootMeanSquaredError: number;
  meanAbsoluteError: number;
  /** The median of the errors without their signs. */
  medianAbsoluteError: number;
  /** The mean of the errors: what is predicted too high on average. */
  bias: number;
}

export function errorsOf(truth: Float64Array, predicted: Float64Array): ErrorFigures {
  const rows = truth.length;
  const mean = truth.reduce((a, b) => a + b, 0) / rows;
  let [squares, absolutes, total, bias] = [0, 0, 0, 0];
  truth.forEach((value, row) => {
    const error = predicted[row] - value;
    squares += error * error;
    absolutes += Math.abs(error);
    bias += error;
    total += (value - mean) * (value - mean);
  });
  const sizes = truth.map((value, row) => Math.abs(predicted[row] - value)).sort();
  return {
    rows,
    r2: total > 0 ? 1 - squares / total : squares === 0 ? 1 : 0,
    rootMeanSquaredError: Math.sqrt(squares / rows),
    meanAbsoluteError: absolutes / rows,
    medianAbsoluteError: (sizes[(rows - 1) >> 1] + sizes[rows >> 1]) / 2,
    bias: bias / rows,
  };
}

/** A bar of a histogram: from `from` up to but without `to`; the last one with it. */
export interface Bar {
  from: number;
  to: number;
  rows: number;
}

/** Counts values in bars of equal width between the least and the largest one. */
export function histogramOf(values: Float64Array, bars = 24): Bar[] {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(most > least)) return values.length === 0 ? [] : [{ from: least, to: most, rows: values.length }];
  const width = (most - least) / bars;
  const counts = new Int32Array(bars);
  for (const value of values) counts[Math.min(bars - 1, Math.floor((value - least) / width))]++;
  return Array.from(counts, (rows, i) => ({ from: least + i * width, to: least + (i + 1) * width, rows }));
}
