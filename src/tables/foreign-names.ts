// What other libraries call the things that propago has: Keras, PyTorch, scikit-learn, TensorFlow.js, brain.js and FANN.
// Errors use it to answer an unknown name with the one that is meant. It belongs to the part "complete", since in a page
// only few need it.

/** For each name of ours what others call it, in small letters and without signs and a "loss" at the end. */
export const FOREIGN: Readonly<Record<string, string>> = {
  // losses
  meanSquaredError: "mse l2 ls quadratic squaredloss",
  squaredError: "sse mse",
  meanAbsoluteError: "mae l1 absoluteerror absolutedifference",
  huber: "smoothl1",
  quantile: "pinball",
  hinge: "hingeembedding perceptron",
  poisson: "poissonnll",
  meanAbsolutePercentageError: "mape",
  meanSquaredLogarithmicError: "msle",
  binaryCrossEntropy: "bce bcewithlogits crossentropy xent logistic log deviance nll sigmoidbinarycrossentropy",
  sigmoidCrossEntropy: "bce bcewithlogits multilabelsoftmargin sigmoidcrossentropywithlogits",
  categoricalCrossEntropy:
    "cce crossentropy sparsecategoricalcrossentropy softmaxcrossentropy softmaxcrossentropywithlogits xent nll log negativeloglikelihood",
  klDivergence: "kl kld kldiv kullbackleibler kullbackleiblerdivergence",
  cosineSimilarity: "cosine cosinedistance cosineproximity cosineembedding",
  // activations
  linear: "identity none purelin",
  sigmoid: "logistic logsig sigm sigmoidstepwise",
  tanh: "tansig hyperbolictangent sigmoidsymmetric",
  relu: "rectifier rectified rectifiedlinear relulayer",
  leakyRelu: "prelu rrelu lrelu",
  geluTanh: "gelunew geluapproximate approximategelu quickgelu",
  silu: "swish",
  hardSwish: "hardsilu",
  sine: "sin sinsymmetric",
  gaussian: "gauss rbf gaussiansymmetric",
  // optimizers and their options
  sgd: "gd gradientdescent steepestdescent momentum nesterov backprop backpropagation incremental trainbatch",
  adamw: "adamweightdecay",
  rmsprop: "rms",
  rprop: "irprop resilient resilientbackpropagation rpropminus trainrp",
  conjugateGradient: "cg fmincg",
  scaledConjugateGradient: "scg trainscg",
  lbfgs: "bfgs lbfgsb fminlbfgs",
  levenbergMarquardt: "lm marquardt trainlm",
  learningRate: "lr eta eta0 alpha stepsize learningrateinit maxlr initiallearningrate initiallr",
  beta1: "betas b1",
  beta2: "betas b2",
  epsilon: "eps",
  rho: "alpha decay",
  momentumDecay: "scheduledecay",
  clipNorm: "globalclipnorm maxgradnorm gradientclip gradclip gradientclipnorm",
  clipValue: "gradientclipvalue gradclip gradientclip",
  accumulate: "gradientaccumulationsteps accumulationsteps gradaccum",
  averaging: "useema ema emamomentum swa",
  history: "historysize memory m maxcor",
  tolerance: "tol tolerancegrad gtol ftol",
  etaMinus: "etas",
  etaPlus: "etas",
  // schedules and their options
  step: "steplr stairs",
  exponential: "exponentiallr exponentialdecay",
  inverseTime: "inversetimedecay invscaling",
  polynomial: "polynomiallr polynomialdecay",
  cosine: "cosineannealing cosineannealinglr cosinedecay",
  cosineRestarts: "cosineannealingwarmrestarts cosinedecayrestarts sgdr",
  linearWarmup: "linearlr warmup",
  oneCycle: "onecyclelr",
  piecewise: "multistep multisteplr piecewiseconstant piecewiseconstantdecay",
  reduceOnPlateau: "reducelronplateau plateau adaptive",
  every: "stepsize decaysteps",
  factor: "gamma decayrate tmult mmul",
  steps: "tmax t0 totalsteps decaysteps firstdecaysteps totaliters",
  min: "etamin minlr alpha endlearningrate",
  rise: "pctstart",
  startDivisor: "divfactor",
  endDivisor: "finaldivfactor",
  start: "startfactor",
  boundaries: "milestones",
  rates: "values",
  rate: "p probability prob dropprob dropoutrate maxlr initiallearningrate",
  decay: "decayrate gamma",
  // layers and their options
  dense: "linear fullyconnected fc inner affine",
  batchNorm: "batchnormalization batchnorm1d batchnorm2d bn",
  layerNorm: "layernormalization ln",
  activation: "relu sigmoid tanh softmax nonlinearity activationfunction transferfunction",
  units: "outfeatures outputsize outputdim neurons nodes size dim hiddensize",
  bias: "usebias",
  init: "kernelinitializer weightinit initializer initialization weightinitializer",
  biasInit: "biasinitializer",
  l1: "kernelregularizer regularizer l1weight",
  l2: "kernelregularizer regularizer alpha weightdecay lambda l2weight regularization",
  maxNorm: "kernelconstraint maxnormconstraint",
  deviation: "stddev std sigma",
  slope: "negativeslope alpha leakyrelualpha",
  scale: "affine elementwiseaffine",
  center: "affine",
  // first weights
  heNormal: "he kaimingnormal kaiming msra",
  heUniform: "he kaiminguniform kaiming",
  glorotNormal: "xaviernormal xavier glorot",
  glorotUniform: "xavieruniform xavier glorot",
  lecunNormal: "lecun",
  lecunUniform: "lecun",
  normal: "randomnormal gaussian",
  uniform: "randomuniform random",
  truncatedNormal: "truncnormal",
  // metrics
  accuracy: "acc categoricalaccuracy sparsecategoricalaccuracy accuracyscore score",
  r2: "r2score rsquared coefficientofdetermination",
  rootMeanSquaredError: "rmse mse meansquarederror",
  logLoss: "log crossentropy",
  topK: "topkcategoricalaccuracy topkaccuracy sparsetopkcategoricalaccuracy top5",
  f1: "f1score fscore fbeta fmeasure",
  confusionMatrix: "confusion",
  rocAuc: "auc aucroc rocaucscore roc",
  // a network, an estimator and their training
  inputs: "inputshape inputsize inputdim infeatures numinput numinputs nfeatures batchinputshape",
  layers: "hiddenlayers hiddenlayersizes hidden model architecture sequential",
  hidden: "hiddenlayers hiddenlayersizes layers units",
  loss: "criterion costfunction objective lossfunction cost",
  optimizer: "solver trainingalgorithm algorithm method trainer",
  seed: "randomstate randomseed rng manualseed",
  dtype: "precision floatx",
  epochs: "iterations maxiter maxepochs nepochs numepochs niter",
  batchSize: "batch minibatch minibatchsize bs",
  validation: "validationdata validationsplit validationfraction evalset valdata test testdata",
  metrics: "scoring",
  sampleWeights: "sampleweight weights",
  classWeights: "classweight scaleposweight",
  targetLoss: "errorthresh errorthreshold desirederror goal",
  timeLimit: "timeout maxtime",
  threads: "njobs workers numthreads nthread",
  onEpoch: "callback callbacks verbose log onepochend logperiod callbackperiod",
  onBatch: "callbacks onbatchend",
  patience: "niternochange",
  restoreBest: "restorebestweights",
  minDelta: "mindelta tol",
  monitor: "metric",
  "validation.loss": "valloss",
  "validation.accuracy": "valacc valaccuracy validationacc",
  ensemble: "nestimators",
  classes: "nclasses numclasses",
};

/** What others have and propago does not, with what to do instead. */
const ABSENT: readonly [names: string, advice: string][] = [
  ["conv conv1d conv2d convolution maxpooling2d maxpool2d averagepooling2d", "propago has no convolutions"],
  ["lstm gru rnn simplernn recurrent embedding", "propago has no recurrent layers"],
  ["attention multiheadattention transformer", "propago has no attention"],
  ["flatten reshape input inputlayer", "leave it out: rows of numbers go in as they are, and inputs says how many"],
];

/** Where options of ours belong, for those that are given in another place. */
const PLACES: readonly [place: string, names: string][] = [
  [
    "the options of fit, as in fit(data, { epochs: 50 })",
    "epochs batchSize shuffle validation metrics sampleWeights classWeights earlyStopping targetLoss timeLimit threads signal onEpoch onBatch",
  ],
  [
    "fit of data that comes in batches, as in fit(() => batches(), { shuffleBuffer: 10000 })",
    "shuffleBuffer stepsPerEpoch",
  ],
  ["earlyStopping, as in fit(data, { earlyStopping: { patience: 5 } })", "patience monitor minDelta restoreBest"],
  [
    'the optimizer, as in optimizer: { name: "adam", learningRate: 0.01 }',
    "learningRate momentum nesterov beta1 beta2 weightDecay clipNorm clipValue accumulate averaging",
  ],
  [
    "the options of the network, as in new Network({ … })",
    "inputs layers loss optimizer seed dtype build inputScale l1 l2 maxNorm",
  ],
  ['a layer, as in dense(8, "relu", { … })', "units activation bias init biasInit trainable"],
];

let foreign: Map<string, string[]> | undefined;

/** For each foreign name ours. */
function read(): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const [own, others] of Object.entries(FOREIGN)) {
    for (const other of others.split(" ")) names.set(other, [...(names.get(other) ?? []), own]);
  }
  return names;
}

/** What others add to a name to say what kind of thing it is. */
const KINDS = /(loss|layer|activation|optimizer|initializer|score|lr|decay)$/;

/** The forms in which a name is looked up: without signs and capitals, and without its kind. */
function formsOf(word: string): string[] {
  const plain = word.toLowerCase().replace(/[^a-z0-9]/g, "");
  return [plain, plain.replace(KINDS, "")];
}

/** Our names for that of another library, wherever they may stand. */
function ours(forms: readonly string[]): string[] {
  foreign ??= read();
  return forms.flatMap((form) => foreign!.get(form) ?? []);
}

/** The names among `known` that another library's stands for. */
export function meantBy(word: string, known: readonly string[]): string[] {
  const forms = formsOf(word);
  const alike = known.filter((name) => forms.includes(name.toLowerCase()));
  return alike.length > 0 ? alike : [...new Set(ours(forms))].filter((name) => known.includes(name));
}

/** What to do with a name that stands for none of those that may stand in its place; "" where nothing is known of it. */
export function adviceOn(word: string): string {
  const forms = formsOf(word);
  const names = ours(forms);
  const [, advice = ""] = ABSENT.find(([others]) => others.split(" ").includes(forms[0])) ?? [];
  if (advice) return advice;
  for (const [place, owned] of PLACES) {
    const own = owned.split(" ").find((name) => name.toLowerCase() === forms[0] || names.includes(name));
    if (own !== undefined) return `${own} belongs in ${place}`;
  }
  return "";
}
