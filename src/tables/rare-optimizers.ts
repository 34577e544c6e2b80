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

/** The norm of the gradient at which a method counts as converged. */
const tolerance = { kind: "number", least: 0, default: 1e-10 } as const;

/** Lion's defaults are its paper's, quickprop's FANN's. */
export const RARE_OPTIMIZERS = {
  adagrad: {
    options: {
      learningRate: { ...positive, default: 0.01 },
      epsilon: { ...epsilon, default: 1e-10 },
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
      learningRate: { ...positive, default: 0.01 },
      rho: { ...fraction, default: 0.99 },
      epsilon,
      centered: flag,
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
      learningRate: { ...positive, default: 1 },
      rho: { ...fraction, default: 0.9 },
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
    options: { ...averages, learningRate: { ...positive, default: 2e-3 } },
    keras: { learningRate: 1e-3, epsilon: 1e-7 },
    rule: averaging(ADAMAX),
  },
  nadam: {
    options: {
      ...averages,
      learningRate: { ...positive, default: 2e-3 },
      momentumDecay: { kind: "number", least: 0, most: 1, default: 4e-3 },
    },
    // Its momentum has no other decay than 0.96^t.
    keras: { learningRate: 1e-3, epsilon: 1e-7, momentumDecay: 1 },
    rule(options) {
      const rule = averaging(NADAM)(options);
      return { ...rule, hyper: { ...rule.hyper, [NADAM_DECAY]: powerOf096(options.momentumDecay) } };
    },
  },
  radam: { options: averages, rule: averaging(RADAM) },
  lion: {
    options: {
      learningRate: { ...positive, default: 1e-4 },
      beta1: { ...fraction, default: 0.9 },
      beta2: { ...fraction, default: 0.99 },
    },
    keras: { learningRate: 1e-3 },
    rule: ({ beta1, beta2 }) => ({ id: LION, remembers: 1, hyper: { [LION_BETA1]: beta1, [LION_BETA2]: beta2 } }),
  },
  // For full batches: signs of a sample's gradient say little.
  rprop: {
    options: {
      learningRate: { ...positive, default: 0.01 },
      etaMinus: { ...positive, below: 1, default: 0.5 },
      etaPlus: { kind: "number", above: 1, default: 1.2 },
      stepMin: { ...positive, default: 1e-6 },
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
      learningRate: { ...positive, default: 0.7 },
      growth: { ...positive, default: 1.75 },
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
      // Not a step's scale: what is added to both mean squares, whose quotient is the rate.
      learningRate: { ...positive, default: 1e-4 },
      decay: { ...fraction, default: 0.95 },
      gammaClip: { ...positive, default: 1.8 },
      damping: { ...epsilon, default: 1e-7 },
      startVarianceReduction: { kind: "number", whole: true, least: 0, default: 0 },
      varianceReduction: { kind: "flag", default: true },
      // Small networks diverge without; the authors' own experiments have it too.
      adagrad: { kind: "flag", default: true },
      // 0 for any size.
      deltaClip: { kind: "number", least: 0, default: 0 },
      gradClip: { kind: "number", least: 0, most: 1, default: 0 },
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
      // Times the rates that it finds.
      learningRate: { ...positive, default: 1 },
      variant: choice("variant", ["l", "b", "g", "fd"]),
      // By default √parameters, 2 at least: see readOptimizer.
      slowStart: { kind: "number", least: 1, default: 2 },
      initialSamples: { kind: "number", whole: true, least: 1, default: 320 },
      // Of variants l, b and g; the others are fd's.
      leastCurvature: { ...epsilon, default: 1e-3 },
      epsilon: { ...epsilon, default: 1e-9 },
      // 0 for none are outliers.
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
    options: { tolerance, sigma: { kind: "number", above: 0.01, below: 1, default: 0.1 } },
    rule: () => searching(0),
    search: true,
  },
  scaledConjugateGradient: {
    options: { tolerance, sigma: { ...positive, default: 5e-5 }, lambda: { ...positive, default: 5e-7 } },
    rule: () => searching(0),
    search: true,
  },
  lbfgs: {
    options: { tolerance, history: { kind: "number", whole: true, least: 1, most: 1000, default: 20 } },
    rule: ({ history }) => searching(2 * history),
    search: true,
  },
  levenbergMarquardt: {
    options: {
      tolerance,
      mu: { ...positive, default: 1e-3 },
      muDecrease: { ...positive, below: 1, default: 0.1 },
      muIncrease: { kind: "number", above: 1, default: 10 },
      muMax: { ...positive, default: 1e10 },
      // The matrix has as many rows and columns: 200 MB for 5,000, and a time that grows with the cube.
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
