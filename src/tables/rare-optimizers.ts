// The optimizers that most networks do without: what optimizers.ts has of the others, and what these refuse.
import {
  ADADELTA,
  ADADELTA_EPSILON,
  ADADELTA_RHO,
  ADAGRAD,
  ADAGRAD_EPSILON,
  ADAGRAD_FIRST,
  ADAMAX,
  ADASECANT,
  ADASECANT_ADAGRAD,
  ADASECANT_ALIGNED,
  ADASECANT_DAMPING,
  ADASECANT_DECAY,
  ADASECANT_DELTA_CLIP,
  ADASECANT_GAMMA_CLIP,
  ADASECANT_GRAD_CLIP,
  ADASECANT_START,
  LION,
  LION_BETA1,
  LION_BETA2,
  NADAM,
  NADAM_DECAY,
  QUICKPROP,
  QUICKPROP_DECAY,
  QUICKPROP_GROWTH,
  RADAM,
  RMSPROP,
  RMSPROP_CENTERED,
  RMSPROP_EPSILON,
  RMSPROP_MOMENTUM,
  RMSPROP_RHO,
  RPROP,
  RPROP_ETA_MINUS,
  RPROP_ETA_PLUS,
  RPROP_STEP_MAX,
  RPROP_STEP_MIN,
  SGD,
  VSGD,
  VSGD_B,
  VSGD_EPSILON,
  VSGD_FD,
  VSGD_G,
  VSGD_INITIAL_SAMPLES,
  VSGD_L,
  VSGD_OUTLIERS,
  VSGD_SLOW_START,
  VSGD_VARIANT,
} from "../../assembly/plan.ts";
import {
  type OptimizerRow,
  type Rule,
  averages,
  averaging,
  choice,
  epsilon,
  flag,
  fraction,
  positive,
} from "./optimizers.ts";

/** The rule of a method with so many arrays beside the direction and the gradient. The core never updates by it. */
const searching = (more: number): Rule => ({ id: SGD, remembers: 2 + more, hyper: {} });

const VARIANTS = { l: VSGD_L, b: VSGD_B, g: VSGD_G, fd: VSGD_FD } as const;

/** As averages, told here, since declarations take comments from one file only. */
const averaged = {
  /** How much of the mean gradient stays from step to step. Default 0.9. */
  beta1: averages.beta1,
  /** How much of the mean squared gradient stays from step to step. Default 0.999. */
  beta2: averages.beta2,
  /** Added to the root that divides, against division by 0. Default 1e-8. */
  epsilon: averages.epsilon,
} as const;

/** The norm of the gradient at which a method counts as converged. */
const tolerance = { kind: "number", least: 0, default: 1e-10 } as const;

/** Lion's defaults are its paper's, quickprop's FANN's. */
export const RARE_OPTIMIZERS = {
  adagrad: {
    options: {
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.01. */
      learningRate: { ...positive, default: 0.01 },
      /** Added to the root that divides, against division by 0. Default 1e-10. */
      epsilon: { ...epsilon, default: 1e-10 },
      /** What the sum of squares begins with. Default 0. */
      initialAccumulator: { kind: "number", least: 0, default: 0 },
    },
    keras: { learningRate: 1e-3, epsilon: 1e-7, initialAccumulator: 0.1 },
    rule: ({ epsilon, initialAccumulator }) => ({
      id: ADAGRAD,
      remembers: 1,
      hyper: { [ADAGRAD_EPSILON]: epsilon, [ADAGRAD_FIRST]: initialAccumulator },
    }),
  },
  rmsprop: {
    options: {
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.01. */
      learningRate: { ...positive, default: 0.01 },
      /** How much of the mean squared gradient stays from step to step. Default 0.99. */
      rho: { ...fraction, default: 0.99 },
      /** Added to the root that divides, against division by 0. Default 1e-8. */
      epsilon,
      /** Whether the mean gradient is taken off the squares. Default false. */
      centered: flag,
      /** How much of the last step is repeated. Default 0. */
      momentum: { ...fraction, default: 0 },
    },
    keras: { learningRate: 1e-3, rho: 0.9, epsilon: 1e-7 },
    rule: ({ rho, epsilon, centered, momentum }) => ({
      id: RMSPROP,
      remembers: 1 + Number(centered) + Number(momentum > 0),
      hyper: {
        [RMSPROP_RHO]: rho,
        [RMSPROP_EPSILON]: epsilon,
        [RMSPROP_MOMENTUM]: momentum,
        [RMSPROP_CENTERED]: Number(centered),
      },
    }),
  },
  adadelta: {
    options: {
      /** How far each update goes: a number, a schedule, or a function of the step. Default 1. */
      learningRate: { ...positive, default: 1 },
      /** How much of the mean squared gradient stays from step to step. Default 0.9. */
      rho: { ...fraction, default: 0.9 },
      /** Added to the root that divides, against division by 0. Default 1e-6. */
      epsilon: { ...epsilon, default: 1e-6 },
    },
    keras: { learningRate: 1e-3, rho: 0.95, epsilon: 1e-7 },
    rule: ({ rho, epsilon }) => ({
      id: ADADELTA,
      remembers: 2,
      hyper: { [ADADELTA_RHO]: rho, [ADADELTA_EPSILON]: epsilon },
    }),
  },
  adamax: {
    options: {
      ...averaged,
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.002. */
      learningRate: {
        ...positive,
        default: 2e-3,
      },
    },
    keras: { learningRate: 1e-3, epsilon: 1e-7 },
    rule: averaging(ADAMAX),
  },
  nadam: {
    options: {
      ...averaged,
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.002. */
      learningRate: { ...positive, default: 2e-3 },
      /** How fast momentum comes to its full size. Default 0.004. */
      momentumDecay: { kind: "number", least: 0, most: 1, default: 4e-3 },
    },
    // Its momentum has no other decay than 0.96^t.
    keras: { learningRate: 1e-3, epsilon: 1e-7, momentumDecay: 1 },
    rule(options) {
      const rule = averaging(NADAM)(options);
      return { ...rule, hyper: { ...rule.hyper, [NADAM_DECAY]: powerOf096(options.momentumDecay) } };
    },
  },
  radam: {
    options: {
      ...averaged,
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.001. */
      learningRate: averages.learningRate,
    },
    rule: averaging(RADAM),
  },
  lion: {
    options: {
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.0001. */
      learningRate: { ...positive, default: 1e-4 },
      /** The part of the mean in the direction of a step. Default 0.9. */
      beta1: { ...fraction, default: 0.9 },
      /** How much of the mean gradient stays from step to step. Default 0.99. */
      beta2: { ...fraction, default: 0.99 },
    },
    keras: { learningRate: 1e-3 },
    rule: ({ beta1, beta2 }) => ({ id: LION, remembers: 1, hyper: { [LION_BETA1]: beta1, [LION_BETA2]: beta2 } }),
  },
  // For full batches: signs of a sample's gradient say little.
  rprop: {
    options: {
      /** The first size of all steps. Default 0.01. */
      learningRate: { ...positive, default: 0.01 },
      /** What a step is multiplied by where its gradient changes sign. Default 0.5. */
      etaMinus: { ...positive, below: 1, default: 0.5 },
      /** What it is multiplied by where the sign stays. Default 1.2. */
      etaPlus: { kind: "number", above: 1, default: 1.2 },
      /** The least step. Default 1e-6. */
      stepMin: { ...positive, default: 1e-6 },
      /** The largest step. Default 50. */
      stepMax: { ...positive, default: 50 },
    },
    rule: ({ etaMinus, etaPlus, stepMin, stepMax }) => ({
      id: RPROP,
      remembers: 2,
      hyper: {
        [RPROP_ETA_MINUS]: etaMinus,
        [RPROP_ETA_PLUS]: etaPlus,
        [RPROP_STEP_MIN]: stepMin,
        [RPROP_STEP_MAX]: stepMax,
      },
    }),
  },
  // For full batches, as it compares slopes from step to step.
  quickprop: {
    options: {
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.7. */
      learningRate: { ...positive, default: 0.7 },
      /** How many times as long a step may be as the one before it. Default 1.75. */
      growth: { ...positive, default: 1.75 },
      /** What is added to the gradient for each unit of a weight. Default 1e-4. */
      decay: { kind: "number", least: 0, default: 1e-4 },
    },
    rule: ({ growth, decay }) => ({
      id: QUICKPROP,
      remembers: 2,
      hyper: { [QUICKPROP_GROWTH]: growth, [QUICKPROP_DECAY]: decay },
    }),
  },
  adasecant: {
    options: {
      /** No step's scale: it is added to both mean squares whose quotient is the rate. Default 1e-4. */
      learningRate: { ...positive, default: 1e-4 },
      /** How much of the means stays at first. Default 0.95. */
      decay: { ...fraction, default: 0.95 },
      /** The most of the variance reduction. Default 1.8. */
      gammaClip: { ...positive, default: 1.8 },
      /** Added where it divides. Default 1e-7. */
      damping: { ...epsilon, default: 1e-7 },
      /** Steps before variance reduction begins. Default 0. */
      startVarianceReduction: { kind: "number", whole: true, least: 0, default: 0 },
      /** Whether gradients are corrected by their covariance with the mean. Default true. */
      varianceReduction: { kind: "flag", default: true },
      // Small networks diverge without; the authors' own experiments have it too.
      /** Whether steps are divided by the root of all squares so far. Default true. */
      adagrad: { kind: "flag", default: true },
      /** The largest step; 0 for any. Default 0. */
      deltaClip: { kind: "number", least: 0, default: 0 },
      /** The largest norm of a corrected gradient; 0 for any. Default 0. */
      gradClip: { kind: "number", least: 0, most: 1, default: 0 },
      /** Which covariance: as the author computes it, or of the same step. Default "author". */
      covariance: choice("covariance", ["author", "aligned"]),
    },
    refuses: {
      weightDecay: "its learningRate is no step size; use l2",
      clipNorm: "it brings every gradient to length 1; use gradClip",
      clipValue: "it brings every gradient to length 1; use gradClip",
    },
    rule(options) {
      const { decay, gammaClip, damping, startVarianceReduction: start, deltaClip, gradClip, adagrad } = options;
      const isAligned = Number((options.covariance as unknown) === "aligned");
      const first = options.varianceReduction ? start : Number.MAX_VALUE;
      return {
        id: ADASECANT,
        remembers: 12 + Number(adagrad) + isAligned,
        hyper: {
          [ADASECANT_DECAY]: decay,
          [ADASECANT_GAMMA_CLIP]: gammaClip,
          [ADASECANT_DAMPING]: damping,
          [ADASECANT_START]: first,
          [ADASECANT_DELTA_CLIP]: deltaClip,
          [ADASECANT_GRAD_CLIP]: gradClip,
          [ADASECANT_ALIGNED]: isAligned,
          [ADASECANT_ADAGRAD]: Number(adagrad),
        },
        blocks: "tensors",
      };
    },
  },
  vsgd: {
    options: {
      /** What the rates that it finds are multiplied by. Default 1. */
      learningRate: { ...positive, default: 1 },
      /**
       * Whose rates are shared: "l" none, "b" those of a tensor, "g" all; "fd" measures curvature by differences.
       * Default "l".
       */
      variant: choice("variant", ["l", "b", "g", "fd"]),
      // By default √parameters, 2 at least: see readOptimizer.
      /** How many times as long its memories are at first. Default √parameters, 2 at least. */
      slowStart: { kind: "number", least: 1, default: 2 },
      /** How many samples are measured before the first update. Default 320. */
      initialSamples: { kind: "number", whole: true, least: 1, default: 320 },
      /** The least curvature of variants l, b and g. Default 1e-3. */
      leastCurvature: { ...epsilon, default: 1e-3 },
      /** The least curvature of variant fd. Default 1e-9. */
      epsilon: { ...epsilon, default: 1e-9 },
      /** From how many deviations on a gradient counts as an outlier; 0 for never. Default 2. */
      outlierLevel: { kind: "number", least: 0, default: 2 },
    },
    refuses: {
      weightDecay: "it measures the gradient that it follows; choose another optimizer for decay",
      clipNorm: "it measures the gradient that it follows, whose noise makes its steps shorter",
      clipValue: "it measures the gradient that it follows, whose noise makes its steps shorter",
      accumulate: "it measures the samples of each batch; give fit a larger batchSize",
    },
    rule({ slowStart, initialSamples, leastCurvature, epsilon, outlierLevel, ...options }) {
      const variant = VARIANTS[options.variant as unknown as keyof typeof VARIANTS];
      const isFd = variant === VSGD_FD;
      return {
        id: VSGD,
        remembers: isFd ? 8 : 6,
        hyper: {
          [VSGD_VARIANT]: variant,
          [VSGD_SLOW_START]: slowStart,
          [VSGD_INITIAL_SAMPLES]: initialSamples,
          [VSGD_EPSILON]: isFd ? epsilon : leastCurvature,
          [VSGD_OUTLIERS]: outlierLevel,
        },
        blocks: variant === VSGD_G ? "all" : "tensors",
        measures: isFd ? "differences" : "curvature",
      };
    },
  },
  conjugateGradient: {
    options: {
      /** The norm of the gradient at which it has converged. Default 1e-10. */
      tolerance,
      /** How much of its slope a line search may leave. Default 0.1. */
      sigma: {
        kind: "number",
        above: 0.01,
        below: 1,
        default: 0.1,
      },
    },
    rule: () => searching(0),
    search: true,
  },
  scaledConjugateGradient: {
    options: {
      /** The norm of the gradient at which it has converged. Default 1e-10. */
      tolerance,
      /** How far ahead the second gradient is taken. Default 5e-5. */
      sigma: { ...positive, default: 5e-5 },
      /** The first damping. Default 5e-7. */
      lambda: { ...positive, default: 5e-7 },
    },
    rule: () => searching(0),
    search: true,
  },
  lbfgs: {
    options: {
      /** The norm of the gradient at which it has converged. Default 1e-10. */
      tolerance,
      /** How many steps it remembers. Default 20. */
      history: {
        kind: "number",
        whole: true,
        least: 1,
        most: 1000,
        default: 20,
      },
    },
    rule: ({ history }) => searching(2 * history),
    search: true,
  },
  levenbergMarquardt: {
    options: {
      /** The norm of the gradient at which it has converged. Default 1e-10. */
      tolerance,
      /** The first damping. Default 0.001. */
      mu: { ...positive, default: 1e-3 },
      /** What the damping is multiplied by after a step that helps. Default 0.1. */
      muDecrease: { ...positive, below: 1, default: 0.1 },
      /** What it is multiplied by after one that does not. Default 10. */
      muIncrease: { kind: "number", above: 1, default: 10 },
      /** The damping at which it gives up. Default 1e10. */
      muMax: { ...positive, default: 1e10 },
      // The matrix has as many rows and columns: 200 MB for 5,000, and a time that grows with the cube.
      /** The most weights, whose square is the size of its matrix. Default 5,000. */
      maxWeights: { kind: "number", whole: true, least: 1, most: 20_000, default: 5000 },
    },
    rule: () => searching(0),
    search: true,
  },
} as const satisfies Record<string, OptimizerRow>;

/** 0.96 to a power from 0 to 1: the series of e to that power of its logarithm. */
function powerOf096(exponent: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 16; k++) {
    term *= (-0.040821994520255166 * exponent) / k;
    sum += term;
  }
  return sum;
}
