// Statistics of a classifier's answers: which classes are mistaken for which, ROC curves and calibration. Definitions are
// scikit-learn's.

/** What a classifier answered for rows whose classes are known. */
export interface ClassAnswers {
  /** How many classes there are. */
  classes: number;
  /** The number of each row's true class; −1 for a class that the model does not know. */
  truth: Int32Array;
  /** The number of the class that each row is taken for. */
  predicted: Int32Array;
  /** Probabilities, rows × classes. */
  probabilities: Float64Array;
}

/** The figures of one class. NaN where nothing can be told, as the recall of a class without rows. */
export interface ClassFigures {
  precision: number;
  recall: number;
  f1: number;
  /** How many rows are of this class. */
  support: number;
  /** The area under the ROC curve of this class against all others. */
  auc: number;
}

/** So many rows are of one class and were taken for one class. */
export interface Confused {
  truth: number;
  predicted: number;
  rows: number;
}

/** Counts the rows by their true class and the one they were taken for, as far as there are any. */
export function confusionOf({ classes, truth, predicted }: Omit<ClassAnswers, "probabilities">): Confused[] {
  const counts = new Map<number, number>();
  truth.forEach((own, row) => {
    if (own < 0) return;
    const pair = own * classes + predicted[row];
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  });
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([pair, rows]) => ({ truth: Math.floor(pair / classes), predicted: pair % classes, rows }));
}

/** Areas under ROC curves are computed for so many probabilities at most: more would take seconds. */
const MOST_AREAS = 2e6;

/** Precision, recall, F1, support and area of each class. */
export function perClass(answers: ClassAnswers): ClassFigures[] {
  const { classes, truth, predicted } = answers;
  const right = new Int32Array(classes);
  const taken = new Int32Array(classes);
  const support = new Int32Array(classes);
  truth.forEach((own, row) => {
    taken[predicted[row]]++;
    if (own < 0) return;
    support[own]++;
    if (own === predicted[row]) right[own]++;
  });
  const hasAreas = classes * truth.length <= MOST_AREAS;
  return Array.from({ length: classes }, (_, c) => ({
    precision: taken[c] > 0 ? right[c] / taken[c] : NaN,
    recall: support[c] > 0 ? right[c] / support[c] : NaN,
    f1: support[c] + taken[c] > 0 ? (2 * right[c]) / (support[c] + taken[c]) : NaN,
    support: support[c],
    auc: hasAreas && support[c] > 0 && support[c] < truth.length ? rocOf(answers, c).area : NaN,
  }));
}

/** Points of a ROC curve, from (0, 0) to (1, 1), and the area under it. */
export interface Roc {
  falsePositives: number[];
  truePositives: number[];
  area: number;
}

/** The ROC curve of one class against all others. Rows of equal probability make one step. */
export function rocOf({ classes, truth, probabilities }: ClassAnswers, c: number): Roc {
  const order = Array.from(truth.keys());
  const score = (row: number): number => probabilities[row * classes + c];
  order.sort((a, b) => score(b) - score(a));
  const positives = truth.reduce((sum, own) => sum + Number(own === c), 0);
  const negatives = truth.length - positives;
  const roc: Roc = { falsePositives: [0], truePositives: [0], area: 0 };
  let [hits, alarms] = [0, 0];
  let [x, y] = [0, 0];
  order.forEach((row, i) => {
    if (truth[row] === c) hits++;
    else alarms++;
    if (i + 1 < order.length && score(order[i + 1]) === score(row)) return;
    const [nextX, nextY] = [alarms / negatives, hits / positives];
    roc.area += ((nextX - x) * (y + nextY)) / 2;
    [x, y] = [nextX, nextY];
    roc.falsePositives.push(x);
    roc.truePositives.push(y);
  });
  return roc;
}

/** Rows whose probability lies in one tenth of 0 to 1. */
export interface Bin {
  rows: number;
  /** Their mean probability. */
  probability: number;
  /** The part of them that is what the probability was of. */
  observed: number;
}

/** How probabilities agree with what happens. */
export interface Calibration {
  bins: Bin[];
  /** The mean difference between probability and part, weighted by rows (expected calibration error). */
  error: number;
}

const BINS = 10;

/**
 * Compares probabilities with what happened: of two classes those of the second one, of more those of the class that was
 * predicted. Bins are tenths; a probability on a border is in the lower one.
 */
export function calibrationOf({ classes, truth, predicted, probabilities }: ClassAnswers): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ rows: 0, probability: 0, observed: 0 }));
  truth.forEach((own, row) => {
    const c = classes === 2 ? 1 : predicted[row];
    const p = probabilities[row * classes + c];
    const bin = sums[Math.min(BINS - 1, Math.max(0, Math.ceil(p * BINS) - 1))];
    bin.rows++;
    bin.probability += p;
    bin.observed += Number(own === c);
  });
  const bins = sums
    .filter(({ rows }) => rows > 0)
    .map(({ rows, probability, observed }) => ({ rows, probability: probability / rows, observed: observed / rows }));
  const error = bins.reduce(
    (sum, bin) => sum + (bin.rows / truth.length) * Math.abs(bin.probability - bin.observed),
    0,
  );
  return { bins, error };
}

/** The part of the rows whose class is right. */
export function accuracyOf({ truth, predicted }: Pick<ClassAnswers, "truth" | "predicted">): number {
  return truth.reduce((sum, own, row) => sum + Number(own === predicted[row]), 0) / truth.length;
}

/** The class of each row: the most probable one; of two the second from above the threshold on. */
export function decided(probabilities: Float64Array, classes: number, threshold = 0.5): Int32Array {
  return Int32Array.from({ length: probabilities.length / classes }, (_, row) => {
    const at = row * classes;
    if (classes === 2) return Number(probabilities[at + 1] > threshold);
    let best = 0;
    for (let c = 1; c < classes; c++) if (probabilities[at + c] > probabilities[at + best]) best = c;
    return best;
  });
}
