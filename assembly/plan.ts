// The words that TypeScript writes and the core reads. Both compilers (asc and tsc) read this file, so there is
// nothing here but `export const NAME = <integer>`. Kinds: i32, ptr (a byte address), real (f32 or f64), f64.

// The plan: one network, laid out in memory by src/memory/layout.ts.
export const PLAN_LAYERS = 0; // i32: how many layers
export const PLAN_FIRST = PLAN_LAYERS + 4; // ptr: the first layer record; the others follow
export const PLAN_INPUTS = PLAN_FIRST + 4; // i32: values a sample
export const PLAN_OUTPUTS = PLAN_INPUTS + 4; // i32: units of the last layer
export const PLAN_CAPACITY = PLAN_OUTPUTS + 4; // i32: the most rows that the blocks below hold
export const PLAN_X = PLAN_CAPACITY + 4; // ptr: (capacity, inputs), gathered samples
export const PLAN_T = PLAN_X + 4; // ptr: (capacity, outputs), gathered targets
export const PLAN_ROW_LOSSES = PLAN_T + 4; // ptr: (capacity), the loss of each row
export const PLAN_SCRATCH = PLAN_ROW_LOSSES + 4; // ptr: (workers, PLAN_SCRATCH_BYTES), where products pack
export const PLAN_LOSS = PLAN_SCRATCH + 4; // i32: one of the losses below
export const PLAN_METRIC = PLAN_LOSS + 4; // i32: METRIC_… bits
export const PLAN_PARAMS = PLAN_METRIC + 4; // ptr: (count), every weight and bias
export const PLAN_GRADS = PLAN_PARAMS + 4; // ptr: (count), their gradients in the same places
export const PLAN_STATE = PLAN_GRADS + 4; // ptr: (remembered, trainable), what the optimizer remembers
export const PLAN_COUNT = PLAN_STATE + 4; // i32: length of the flat blocks, padding included
export const PLAN_TRAINABLE = PLAN_COUNT + 4; // i32: how many of them training changes; those come first
export const PLAN_GOOD = PLAN_TRAINABLE + 4; // ptr: (count), weights of the last epoch start that is known to be finite
export const PLAN_CANDIDATE = PLAN_GOOD + 4; // ptr: (count), weights of the running epoch's start
export const PLAN_OPTIMIZER = PLAN_CANDIDATE + 4; // i32: one of the optimizers below
export const PLAN_PREPARES = PLAN_OPTIMIZER + 4; // i32: 1 if clipping, decay or the rate changes weights or gradients before the rule
export const PLAN_BATCH = PLAN_PREPARES + 4; // i32: rows of a full batch
export const PLAN_ROWS = PLAN_BATCH + 4; // i32: rows of the current batch
export const PLAN_TARGETS = PLAN_ROWS + 4; // ptr: (rows, outputs), targets of the current batch
export const PLAN_SHUFFLE = PLAN_TARGETS + 4; // i32: one of the shuffles below
export const PLAN_POSITION = PLAN_SHUFFLE + 4; // i32: samples of the running epoch that are done
export const PLAN_SEED = PLAN_POSITION + 4; // u32
export const PLAN_EPOCH = PLAN_SEED + 4; // u32: epochs completed or broken off; seeds the next shuffle
export const PLAN_STATUS = PLAN_EPOCH + 4; // i32: one of the statuses below
export const PLAN_REPORTS = PLAN_STATUS + 4; // ptr: a tally for each epoch that a call completes
export const PLAN_TALLY = PLAN_REPORTS + 4; // ptr: the running epoch's tally
export const PLAN_STEPS_DONE = PLAN_TALLY + 4; // i32: batches made by the last call of train
export const PLAN_RATES = PLAN_STEPS_DONE + 4; // ptr: f64, the rate of each step of a call; 0 if the rate stays the same
export const PLAN_ONLINE = PLAN_RATES + 4; // i32: 1 if a single sample's update needs no gradients in memory
export const PLAN_DATA = PLAN_ONLINE + 4; // ptr: the data that the current batch is gathered from; 0 if its rows are used where they lie
export const PLAN_AT = PLAN_DATA + 4; // i32: where its rows begin in the data's order
export const PLAN_ORDER = PLAN_AT + 4; // ptr: u32, that order; 0 for rows as they lie
export const PLAN_SCRATCH_BYTES = PLAN_ORDER + 4; // i32: bytes of PLAN_SCRATCH for each worker
export const PLAN_RANDOM = PLAN_SCRATCH_BYTES + 4; // 4 × u32: state of the generator while it shuffles
export const PLAN_STEP = (PLAN_RANDOM + 16 + 7) & ~7; // f64: updates made
export const PLAN_BATCH_LOSS = PLAN_STEP + 8; // f64: mean loss of the last batch, before its update
export const PLAN_LOSS_PARAMETER = PLAN_BATCH_LOSS + 8; // f64: the loss's own number, if it has one
export const PLAN_LEARNING_RATE = PLAN_LOSS_PARAMETER + 8; // f64
export const PLAN_POWER1 = PLAN_LEARNING_RATE + 8; // f64: beta1 to the power of the updates made
export const PLAN_POWER2 = PLAN_POWER1 + 8; // f64: beta2 likewise
export const PLAN_POWER3 = PLAN_POWER2 + 8; // f64: nadam's decay of its momentum likewise
export const PLAN_AGE = PLAN_POWER3 + 8; // f64: updates since the optimizer remembered nothing
export const PLAN_HYPER = PLAN_AGE + 8; // 8 × f64: the optimizer's own numbers, named below
export const PLAN_WEIGHT_DECAY = PLAN_HYPER + 64; // f64: 0 for none
export const PLAN_CLIP_VALUE = PLAN_WEIGHT_DECAY + 8; // f64: the largest |g|; 0 for any
export const PLAN_CLIP_NORM = PLAN_CLIP_VALUE + 8; // f64: the largest ‖g‖; 0 for any
export const PLAN_INPUT_SCALE = PLAN_CLIP_NORM + 8; // f64: the factor for samples that are bytes
export const PLAN_SCALE = PLAN_INPUT_SCALE + 8; // f64: the factor that brings the gradient to that norm; vsgd: the part of its step that is taken
export const PLAN_FLAVOR = PLAN_SCALE + 8; // i32: PYTORCH or KERAS: whose form of a rule is used
export const PLAN_ACCUMULATE = PLAN_FLAVOR + 4; // i32: batches an update
export const PLAN_PENDING = PLAN_ACCUMULATE + 4; // i32: batches whose gradients wait in PLAN_SUM
export const PLAN_PENDING_ROWS = PLAN_PENDING + 4; // i32: their rows
export const PLAN_SUM = PLAN_PENDING_ROWS + 4; // ptr: (trainable), Σ rows · gradient of those; 0 if every batch makes an update
export const PLAN_AVERAGE = PLAN_SUM + 4; // ptr: (trainable), moving average of the parameters; 0 for none
export const PLAN_WHOLE = PLAN_AVERAGE + 4; // i32: 1 if an update needs all gradients before any parameter changes
export const PLAN_AVERAGE_DECAY = (PLAN_WHOLE + 4 + 7) & ~7; // f64
export const PLAN_AVERAGE_START = PLAN_AVERAGE_DECAY + 8; // f64: the average is a copy of the parameters up to this update
export const PLAN_BLOCKS = PLAN_AVERAGE_START + 8; // ptr: the records of the blocks that the optimizer treats one by one
export const PLAN_BLOCK_COUNT = PLAN_BLOCKS + 4; // i32
export const PLAN_SAMPLE_WEIGHTS = PLAN_BLOCK_COUNT + 4; // ptr: (capacity), gathered weights of samples
export const PLAN_BATCH_WEIGHTS = PLAN_SAMPLE_WEIGHTS + 4; // ptr: (rows), the current batch's; 0 if all count alike
export const PLAN_KEPT = PLAN_BATCH_WEIGHTS + 4; // ptr: (rows, outputs), where METRIC_OUTPUTS puts the outputs
export const PLAN_SEEN = (PLAN_KEPT + 4 + 7) & ~7; // f64: samples since the optimizer remembered nothing (vsgd)
export const PLAN_SQUARED = PLAN_SEEN + 8; // ptr: squares of a layer's W (in, out) or D (rows, out), for curvature
export const PLAN_BATCHES = PLAN_SQUARED + 4; // u32: batches trained on; counts the masks that were drawn
export const PLAN_EXTRAS = PLAN_BATCHES + 4; // i32: EXTRA_… bits
export const PLAN_BLOCK_ROWS = PLAN_EXTRAS + 4; // i32: rows that go through all layers before the next ones; 0 for all
export const PLAN_STAGE = PLAN_BLOCK_ROWS + 4; // i32: the stage that a caller has to run before a step, or an evaluation, goes on; 0 for none
export const PLAN_TARGET_LOSS = (PLAN_STAGE + 4 + 7) & ~7; // f64: a call ends with an epoch whose mean loss is at most this
export const PLAN_BYTES = PLAN_TARGET_LOSS + 8;

// A layer's record.
export const LAYER_KIND = 0; // i32: one of the kinds below
export const LAYER_IN = LAYER_KIND + 4; // i32: inputs
export const LAYER_OUT = LAYER_IN + 4; // i32: outputs
export const LAYER_ACTIVATION = LAYER_OUT + 4; // i32: one of the activations below
export const LAYER_X = LAYER_ACTIVATION + 4; // ptr: (rows, in), what comes in: the layer below's Y
export const LAYER_Z = LAYER_X + 4; // ptr: (rows, out), weighted inputs; may be Y itself
export const LAYER_Y = LAYER_Z + 4; // ptr: (rows, out), activations
export const LAYER_D = LAYER_Y + 4; // ptr: (rows, out), dY going in, dZ once the layer's deltas are found
export const LAYER_DX = LAYER_D + 4; // ptr: (rows, in), the layer below's D; 0 if nobody needs it
export const LAYER_W = LAYER_DX + 4; // ptr: (in, out); (out) of a normalisation
export const LAYER_B = LAYER_W + 4; // ptr: (out); 0 without bias
export const LAYER_DW = LAYER_B + 4; // ptr: (in, out)
export const LAYER_DB = LAYER_DW + 4; // ptr: (out); 0 without bias
export const LAYER_TRAINABLE = LAYER_DB + 4; // i32: TRAIN_… bits
export const LAYER_PARAMETER = (LAYER_TRAINABLE + 4 + 7) & ~7; // f64: the activation's own number; or a rate, a deviation, an ε
export const LAYER_L1 = LAYER_PARAMETER + 8; // f64
export const LAYER_L2 = LAYER_L1 + 8; // f64
export const LAYER_H = LAYER_L2 + 8; // ptr: (rows, out), the loss's curvature, or another D kept (vsgd)
export const LAYER_S = LAYER_H + 4; // ptr: (rows, in), X ∘ X, or another X kept (vsgd)
export const LAYER_MAX_NORM = LAYER_S + 4; // f64: the largest norm of a unit's weights; 0 for any
export const LAYER_FOLLOW = LAYER_MAX_NORM + 8; // f64: the weight of a batch in the running statistics
export const LAYER_UNBIASED = LAYER_FOLLOW + 8; // i32: 1 if the running variance is the unbiased one
export const LAYER_MEAN = LAYER_UNBIASED + 4; // ptr: (out), the running mean
export const LAYER_VARIANCE = LAYER_MEAN + 4; // ptr: (out), the running variance
export const LAYER_STATS = LAYER_VARIANCE + 4; // ptr: what a normalisation finds in a batch
export const LAYER_BYTES = LAYER_STATS + 4;

// A record of a block of parameters: a tensor's place in the flat blocks, padding included.
export const BLOCK_BEGIN = 0; // i32: its first number
export const BLOCK_END = BLOCK_BEGIN + 4; // i32: past its last
export const BLOCK_SCALE = BLOCK_END + 4; // f64: what the optimizer found for all of it
export const BLOCK_BYTES = BLOCK_SCALE + 8;

// A data set's record.
export const DATA_X = 0; // ptr: (rows, inputs)
export const DATA_T = DATA_X + 4; // ptr: (rows, outputs); 0 if there are labels
export const DATA_LABELS = DATA_T + 4; // ptr: (rows) u32, the class of each row; 0 if there are targets
export const DATA_BASE = DATA_LABELS + 4; // ptr: (count) u32, the rows that belong; 0 for all, as they lie
export const DATA_ORDER = DATA_BASE + 4; // ptr: (count) u32, the running epoch's order; 0 for as they lie
export const DATA_COUNT = DATA_ORDER + 4; // i32: rows an epoch
export const DATA_WIDTH = DATA_COUNT + 4; // i32: bytes of a number at DATA_X: those of real, or 1 for integers 0..255
export const DATA_WEIGHTS = DATA_WIDTH + 4; // ptr: (rows), how much each sample counts; 0 if all count alike
export const DATA_BYTES = DATA_WEIGHTS + 4;

// A tally: sums over samples.
export const TALLY_LOSS = 0; // f64
export const TALLY_CORRECT = TALLY_LOSS + 8; // f64: samples whose class was right
export const TALLY_ROWS = TALLY_CORRECT + 8; // f64: rows whose outputs are kept
export const TALLY_SQUARES = TALLY_ROWS + 8; // (outputs) f64: squared differences from the targets

// Sets. Some of the ids below share a trait. A set holds a bit for each of them: whether `id` belongs to SOME_IDS is
// (SOME_IDS >> id) & 1. The order of ids means nothing.

// Kinds of layer.
export const DENSE = 0;
export const ACTIVATION = 1;
export const DROPOUT = 2;
export const ALPHA_DROPOUT = 3;
export const GAUSSIAN_NOISE = 4;
export const BATCH_NORM = 5;
export const LAYER_NORM = 6;
/** Kinds that disturb training and pass everything on otherwise. */
export const DISTURBING_KINDS = (1 << DROPOUT) | (1 << ALPHA_DROPOUT) | (1 << GAUSSIAN_NOISE);
/** Kinds whose X is their Z too. They have no weights, so their dZ is the dY of the layer below, and may share its block. */
export const PASSING_KINDS = (1 << ACTIVATION) | DISTURBING_KINDS;
/** Kinds that apply an activation to Z. */
export const ACTIVATING_KINDS = (1 << DENSE) | (1 << ACTIVATION);
/** Kinds that keep sums over rows, and so see all rows of a batch at once. */
export const NORMALISING_KINDS = (1 << BATCH_NORM) | (1 << LAYER_NORM);
/** Kinds that only the complete build has. */
export const RARE_KINDS = (1 << ALPHA_DROPOUT) | (1 << GAUSSIAN_NOISE) | NORMALISING_KINDS;

// Activations.
export const LINEAR = 0;
export const SIGMOID = 1;
export const TANH = 2;
export const RELU = 3;
export const LEAKY_RELU = 4;
export const SOFTMAX = 5;
export const LOG_SOFTMAX = 6;
export const ELU = 7;
export const CELU = 8;
export const SELU = 9;
export const SOFTPLUS = 10;
export const SOFTSIGN = 11;
export const RELU6 = 12;
export const HARD_TANH = 13;
export const HARD_SIGMOID = 14;
export const GAUSSIAN = 15;
export const SINE = 16;
export const SILU = 17;
export const GELU = 18;
export const GELU_TANH = 19;
export const MISH = 20;
export const HARD_SWISH = 21;
export const LOG_SIGMOID = 22;
/** Activations that every build has. */
export const COMMON_ACTIVATIONS =
  (1 << LINEAR) | (1 << SIGMOID) | (1 << TANH) | (1 << RELU) | (1 << LEAKY_RELU) | (1 << SOFTMAX);

// Losses. Behind some stands the activation from whose weighted inputs they are computed.
export const SQUARED_ERROR = 0;
export const MEAN_SQUARED_ERROR = 1;
export const BINARY_CROSS_ENTROPY = 2; // sigmoid
export const SIGMOID_CROSS_ENTROPY = 3; // sigmoid
export const CATEGORICAL_CROSS_ENTROPY = 4; // softmax
export const SOFTMAX_DIVERGENCE = 5; // softmax
export const LOG_LIKELIHOOD = 6; // categoricalCrossEntropy of activations that are logarithms
export const LOG_DIVERGENCE = 7; // klDivergence of such
export const KL_DIVERGENCE = 8;
export const MEAN_ABSOLUTE_ERROR = 9;
export const HUBER = 10;
export const LOG_COSH = 11;
export const HINGE = 12;
export const SQUARED_HINGE = 13;
export const POISSON = 14;
export const MEAN_ABSOLUTE_PERCENTAGE_ERROR = 15;
export const MEAN_SQUARED_LOGARITHMIC_ERROR = 16;
export const QUANTILE = 17;
export const COSINE_SIMILARITY = 18;
/** Losses that give dZ of the last layer, and not dY. */
export const FUSED_LOSSES =
  (1 << BINARY_CROSS_ENTROPY) |
  (1 << SIGMOID_CROSS_ENTROPY) |
  (1 << CATEGORICAL_CROSS_ENTROPY) |
  (1 << SOFTMAX_DIVERGENCE);
/** Losses that are a sum over the outputs; the others are means, or no sum of terms. */
export const SUMMED_LOSSES =
  (1 << SQUARED_ERROR) |
  (1 << SIGMOID_CROSS_ENTROPY) |
  (1 << CATEGORICAL_CROSS_ENTROPY) |
  (1 << SOFTMAX_DIVERGENCE) |
  (1 << LOG_LIKELIHOOD) |
  (1 << LOG_DIVERGENCE) |
  (1 << KL_DIVERGENCE);
/** Losses whose curvature vsgd knows: of squares, and of cross-entropies behind their activation. */
export const CURVED_LOSSES = (1 << SQUARED_ERROR) | (1 << MEAN_SQUARED_ERROR) | FUSED_LOSSES;
/** Losses that every build has. */
export const COMMON_LOSSES =
  (1 << SQUARED_ERROR) |
  (1 << MEAN_SQUARED_ERROR) |
  (1 << MEAN_ABSOLUTE_ERROR) |
  (1 << BINARY_CROSS_ENTROPY) |
  (1 << SIGMOID_CROSS_ENTROPY) |
  (1 << CATEGORICAL_CROSS_ENTROPY);

// Optimizers.
export const SGD = 0;
export const MOMENTUM = 1;
export const NESTEROV = 2;
export const ADAM = 3;
export const AMSGRAD = 4;
export const ADAMAX = 5;
export const NADAM = 6;
export const RADAM = 7;
export const ADAGRAD = 8;
export const RMSPROP = 9;
export const ADADELTA = 10;
export const LION = 11;
export const RPROP = 12;
export const QUICKPROP = 13;
export const ADASECANT = 14;
export const VSGD = 15;
/** Optimizers that divide averages by 1 − βᵗ, and so need the powers. */
export const CORRECTING_OPTIMIZERS = (1 << ADAM) | (1 << AMSGRAD) | (1 << ADAMAX) | (1 << NADAM) | (1 << RADAM);
/** Optimizers that every build has. */
export const COMMON_OPTIMIZERS = (1 << SGD) | (1 << MOMENTUM) | (1 << NESTEROV) | (1 << ADAM);

// The optimizers' own numbers: which of those at PLAN_HYPER is which.
export const MOMENTUM_MU = 0; // of momentum and nesterov
export const ADAM_BETA1 = 0; // of all that correct their averages
export const ADAM_BETA2 = 1;
export const ADAM_EPSILON = 2;
export const NADAM_DECAY = 3; // 0.96 to the power of momentumDecay
export const ADAGRAD_EPSILON = 0;
export const ADAGRAD_FIRST = 1; // what the sum of squares begins with
export const RMSPROP_RHO = 0;
export const RMSPROP_EPSILON = 1;
export const RMSPROP_MOMENTUM = 2;
export const RMSPROP_CENTERED = 3; // 1 or 0
export const ADADELTA_RHO = 0;
export const ADADELTA_EPSILON = 1;
export const LION_BETA1 = 0;
export const LION_BETA2 = 1;
export const RPROP_ETA_MINUS = 0;
export const RPROP_ETA_PLUS = 1;
export const RPROP_STEP_MIN = 2;
export const RPROP_STEP_MAX = 3;
export const QUICKPROP_GROWTH = 0;
export const QUICKPROP_DECAY = 1;
export const ADASECANT_DECAY = 0;
export const ADASECANT_GAMMA_CLIP = 1;
export const ADASECANT_DAMPING = 2;
export const ADASECANT_START = 3; // the step from which the corrected gradient is used
export const ADASECANT_DELTA_CLIP = 4; // the largest rate; 0 for any
export const ADASECANT_GRAD_CLIP = 5; // the largest mean norm of the blocks; 0 for any
export const ADASECANT_ALIGNED = 6; // 1 if a change of the gradient is paired with the step that made it
export const ADASECANT_ADAGRAD = 7; // 1 if steps are divided by the root of the sum of squares
export const VSGD_VARIANT = 0;
export const VSGD_SLOW_START = 1;
export const VSGD_INITIAL_SAMPLES = 2;
export const VSGD_EPSILON = 3; // of l, b and g the least curvature
export const VSGD_OUTLIERS = 4;

// Variants of vsgd: what has a rate of its own.
export const VSGD_L = 0; // each weight
export const VSGD_B = 1; // each tensor
export const VSGD_G = 2; // all together
export const VSGD_FD = 3; // each weight, with curvature from differences

// Flavors.
export const PYTORCH = 0;
export const KERAS = 1;

// Shuffles.
export const IN_ORDER = 0;
export const SHUFFLED = 1;
export const WITH_REPLACEMENT = 2;

// What a tally counts beside the loss (bits).
export const METRIC_CORRECT = 1; // samples whose largest output is the right one
export const METRIC_SIDES = 2; // with METRIC_CORRECT: samples all of whose outputs are on their target's side of ½
export const METRIC_SQUARES = 4;
export const METRIC_OUTPUTS = 8; // keeps the outputs of all rows, batch after batch
export const METRIC_SIGNS = 16; // with METRIC_SIDES: the side of 0 in place of ½

// What training changes of a layer (bits).
export const TRAIN_WEIGHTS = 1;
export const TRAIN_BIAS = 2;
export const TRAIN_STATISTICS = 4; // batchNorm uses each batch's statistics, and its running ones follow them

// What a step has to do for layers beside the update (bits).
export const EXTRA_STATISTICS = 1; // update running statistics
export const EXTRA_NORMS = 2; // hold norms of weights within their limit

// How a call of train ended.
export const FINE = 0;
export const DIVERGED = 1;

// Stages of a step. Workers share each, and wait for each other between them.
export const STAGE_OUTPUTS = 0; // rows: forward
export const STAGE_LOSSES = 1; // rows: gather, forward, losses
export const STAGE_ROWS = 2; // rows: the same, then deltas
export const STAGE_GRADIENTS = 3; // parameters: gradients
export const STAGE_CHANGE = 4; // parameters: gradients, then update
export const STAGE_UPDATE = 5; // parameters: update

// What random numbers are for: each use draws from a stream of its own.
export const STREAM_INIT = 1;
export const STREAM_SHUFFLE = 2;
export const STREAM_SPLIT = 3;
export const STREAM_MASK = 4;

/** Bytes that a kernel may read (never write) past the end of any block, in a vector whose last lanes it drops. */
export const OVERREAD = 256;

// Products with long rows copy blocks of B and of a transposed A into scratch, in the order in which they read them.
export const PACK_FROM = 1024; // bytes of a row of B from which that pays
export const PACK_ROWS_FROM = 48; // rows that share a packed block of B
export const PACK_DEPTH_FROM = 32;
export const PACK_DEPTH = 256; // most of the depth that one block holds
export const PACK_ROWS = 256; // rows of a block of A
export const PACK_PANELS = 4; // panels of B that are packed at once: whole lines of the cache
