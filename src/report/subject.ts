// The model that a report is about, as one thing to ask: a Network, a Classifier or a Regressor.
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";
import { answersOf } from "../estimators/answers.ts";
import type { Classifier } from "../estimators/classifier.ts";
import type { Regressor } from "../estimators/regressor.ts";
import type { Found, LeftOut, Member } from "../estimators/saved.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import { LEFT_OUT } from "../ground/marks.ts";
import type { Network } from "../network/network.ts";

/** What a report asks of a model. */
export interface Subject {
  kind: "classifier" | "regressor" | "network";
  task: "classification" | "regression";
  /** Of a classifier, in the order of its probabilities. */
  classes: readonly Label[];
  /** Numbers that it gives for a row, where it gives numbers. */
  outputs: number;
  /** The probability of the second of two classes from which on it is predicted. */
  threshold: number;
  /** Numbers that a row has. */
  columns: number;
  networks: readonly Network<DType>[];
  /** Rows × classes: probabilities; or rows × outputs: numbers in the targets' unit. */
  answer(rows: Rows): Float64Array;
  estimator?: Classifier | Regressor;
  /** What its networks have said of rows that they had not seen, where there are any. */
  leftOut?: LeftOut;
  /** The numbers of the rows that were held back in training. */
  heldBack: readonly number[];
  /** The networks of an estimator with their scaling; the network alone, of a Network. */
  members: readonly Member[];
}

/** What an estimator keeps, of which TypeScript says that nobody else may look at it. */
function insides(estimator: Classifier | Regressor): { members: readonly Member[]; found?: Found } {
  return (estimator as unknown as { fitted: { members: readonly Member[]; found?: Found } }).fitted;
}

export function subjectOf(model: Network<DType> | Classifier | Regressor): Subject {
  if ("networks" in model) return estimatorSubject(model);
  return networkSubject(model);
}

function estimatorSubject(estimator: Classifier | Regressor): Subject {
  const { members, found } = insides(estimator);
  const isClassifier = "classes" in estimator;
  const classes = isClassifier ? estimator.classes : [];
  const { networks, columns } = estimator;
  const shape = ({ data, rows }: Rows) => ({ data, shape: [rows, columns] });
  return {
    kind: isClassifier ? "classifier" : "regressor",
    task: isClassifier ? "classification" : "regression",
    classes,
    outputs: networks[0].outputs,
    threshold: isClassifier ? estimator.threshold : 0.5,
    columns,
    networks,
    answer: (rows) =>
      new Float64Array(isClassifier ? estimator.predictProbabilities(shape(rows)) : estimator.predict(shape(rows))),
    estimator,
    leftOut: found?.[LEFT_OUT],
    heldBack: estimator.heldBack,
    members,
  };
}

/** Losses of which each output says yes or no, and those whose outputs are the probabilities of classes. */
const YES_OR_NO = ["binaryCrossEntropy", "sigmoidCrossEntropy", "hinge", "squaredHinge"];
const EXCLUSIVE = ["categoricalCrossEntropy", "klDivergence"];

function networkSubject(network: Network<DType>): Subject {
  const { inputs, outputs } = network;
  const { loss } = network.toJSON();
  const name = typeof loss === "object" ? loss.name : loss;
  const isExclusive = EXCLUSIVE.includes(name) && outputs > 1;
  const isBinary = YES_OR_NO.includes(name) && outputs === 1;
  const classes = isBinary ? (name.endsWith("inge") ? [-1, 1] : [0, 1]) : [];
  if (isExclusive) for (let c = 0; c < outputs; c++) classes.push(c);
  return {
    kind: "network",
    task: classes.length > 0 ? "classification" : "regression",
    classes,
    outputs,
    threshold: 0.5,
    columns: inputs,
    networks: [network],
    answer({ data, rows }) {
      const own = network.predict({ data, shape: [rows, inputs] });
      return isBinary ? bothSides(own, name) : new Float64Array(own);
    },
    heldBack: [],
    members: [],
  };
}

/** Probabilities of no and yes, of an output that is the probability of yes, or a margin from −1 to 1. */
function bothSides(outputs: FloatArray, loss: string): Float64Array {
  const both = new Float64Array(outputs.length * 2);
  outputs.forEach((value, row) => {
    const yes = loss.endsWith("inge") ? Math.min(1, Math.max(0, (value + 1) / 2)) : value;
    both[2 * row] = 1 - yes;
    both[2 * row + 1] = yes;
  });
  return both;
}

/** What networks with shares answer together, in the form of `Subject.answer`. */
export function mixOf(subject: Subject, members: readonly Member[], rows: Rows): Float64Array {
  let sum: Float64Array | undefined;
  for (const member of members) {
    const answers = answersOf(member, rows);
    sum ??= new Float64Array(answers.length);
    for (let i = 0; i < answers.length; i++) sum[i] += member.weight * answers[i];
  }
  return asAnswers(subject, sum ?? new Float64Array(0));
}

/** Outputs of networks in the form of `Subject.answer`: of two classes both probabilities. */
export function asAnswers({ classes }: Subject, outputs: Float64Array): Float64Array {
  return classes.length === 2 ? bothSides(outputs, "") : outputs;
}

/** Multiply-adds that one row takes, about; what is done with each column and class beside them takes some, too. */
export function workOf({ networks, leftOut, columns, classes }: Subject): number {
  const all = networks.reduce((sum, network) => sum + network.parameterCount, 0);
  const others = (leftOut?.members ?? []).map((members) =>
    members.reduce((sum, { network }) => sum + network.parameterCount, 0),
  );
  const many = networks.length;
  return Math.max(all, ...others) + 50 * many * columns + 20 * many * classes.length + 100;
}
