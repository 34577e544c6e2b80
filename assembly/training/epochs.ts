// The loops around the step: batches of an epoch, epochs of a call.
import {
  ADAM,
  DATA_BASE,
  DATA_COUNT,
  DATA_ORDER,
  DIVERGED,
  FINE,
  METRIC_SQUARES,
  PLAN_BATCH,
  PLAN_CANDIDATE,
  PLAN_COUNT,
  PLAN_EPOCH,
  PLAN_GOOD,
  PLAN_LEARNING_RATE,
  PLAN_METRIC,
  PLAN_OPTIMIZER,
  PLAN_OUTPUTS,
  PLAN_PARAMS,
  PLAN_POSITION,
  PLAN_RANDOM,
  PLAN_RATES,
  PLAN_REPORTS,
  PLAN_SEED,
  PLAN_SHUFFLE,
  PLAN_STAGE,
  PLAN_STATE,
  PLAN_STATUS,
  PLAN_STEPS_DONE,
  PLAN_TALLY,
  PLAN_TARGET_LOSS,
  PLAN_TRAINABLE,
  SHUFFLED,
  STREAM_SHUFFLE,
  TALLY_LOSS,
  TALLY_SQUARES,
  WITH_REPLACEMENT,
} from "../plan";
import { Random } from "../numbers/random";
import { Simd } from "../numbers/simd";
import { step } from "./step";
import { clearTally, copyTally } from "./tally";

/**
 * Trains for at most `steps` batches, or until `epochs` epochs are complete or one reaches PLAN_TARGET_LOSS, from where the
 * last call stopped. `all` workers share the steps; the caller is the first. With 0 the call ends at each stage, PLAN_STAGE,
 * which the caller runs before it calls again. Each completed epoch leaves its tally at
 * PLAN_REPORTS. Gives back the number of completed epochs; PLAN_STEPS_DONE and PLAN_STATUS tell the rest. PLAN_RATES, if it
 * is not 0, holds a rate for each of the steps. DIVERGED means that a loss or a weight is not finite; PLAN_GOOD holds the
 * last weights that are known to be.
 */
export function train(plan: usize, data: usize, steps: i32, epochs: i32, all: i32): i32 {
  const count = load<i32>(data, DATA_COUNT);
  const batch = load<i32>(plan, PLAN_BATCH);
  const bytes =
    TALLY_SQUARES + (load<i32>(plan, PLAN_METRIC) & METRIC_SQUARES ? load<i32>(plan, PLAN_OUTPUTS) << 3 : 0);
  const sums = load<usize>(plan, PLAN_TALLY);
  let position = load<i32>(plan, PLAN_POSITION);
  let report = load<usize>(plan, PLAN_REPORTS);
  const rates = load<usize>(plan, PLAN_RATES);
  let completed = 0;
  let done = 0;
  store<i32>(plan, FINE, PLAN_STATUS);
  for (; done < steps && completed < epochs; ++done) {
    if (position == 0 && !load<i32>(plan, PLAN_STAGE)) {
      if (!keepWeights(plan, load<usize>(plan, PLAN_CANDIDATE))) {
        store<i32>(plan, DIVERGED, PLAN_STATUS);
        break;
      }
      if (load<i32>(plan, PLAN_OPTIMIZER) == ADAM) clearSubnormal(plan);
      clearTally(sums, bytes);
      shuffleRows(plan, data);
    }
    if (rates) store<f64>(plan, load<f64>(rates + ((<usize>done) << 3)), PLAN_LEARNING_RATE);
    const rows = min(batch, count - position);
    if (!step(plan, data, position, rows, all)) {
      store<i32>(plan, DIVERGED, PLAN_STATUS);
      break;
    }
    if (!all && load<i32>(plan, PLAN_STAGE)) break;
    position += rows;
    if (position == count) {
      position = 0;
      // The epoch's losses were finite, so the weights that it began with are known to be good.
      const good = load<usize>(plan, PLAN_GOOD);
      store<usize>(plan, load<usize>(plan, PLAN_CANDIDATE), PLAN_GOOD);
      store<usize>(plan, good, PLAN_CANDIDATE);
      store<u32>(plan, load<u32>(plan, PLAN_EPOCH) + 1, PLAN_EPOCH);
      copyTally(report, sums, bytes);
      report += bytes;
      ++completed;
      if (load<f64>(sums, TALLY_LOSS) / <f64>count <= load<f64>(plan, PLAN_TARGET_LOSS)) epochs = completed;
    }
  }
  store<i32>(plan, position, PLAN_POSITION);
  store<i32>(plan, done, PLAN_STEPS_DONE);
  return completed;
}

/** Puts the rows into the order of the epoch that begins. The order depends on seed and epoch alone. */
function shuffleRows(plan: usize, data: usize): void {
  const kind = load<i32>(plan, PLAN_SHUFFLE);
  const order = load<usize>(data, DATA_ORDER);
  if (kind != SHUFFLED && kind != WITH_REPLACEMENT) return;
  const base = load<usize>(data, DATA_BASE);
  const n = load<i32>(data, DATA_COUNT);
  const state = plan + PLAN_RANDOM;
  Random.seed(state, load<u32>(plan, PLAN_SEED), STREAM_SHUFFLE, load<u32>(plan, PLAN_EPOCH));
  for (let i = 0; i < n; ++i) {
    const pick = kind == SHUFFLED ? i : <i32>Random.below(state, n);
    const row = base ? load<u32>(base + ((<usize>pick) << 2)) : <u32>pick;
    store<u32>(order + ((<usize>i) << 2), row);
  }
  if (kind == SHUFFLED) Random.shuffle(state, order, n);
}

/** Copies the weights to where they are kept; tells whether all are finite. A loss may be finite though some are not. */
function keepWeights(plan: usize, to: usize): bool {
  let from = load<usize>(plan, PLAN_PARAMS);
  const end = from + <usize>load<i32>(plan, PLAN_COUNT) * sizeof<real>();
  // x − x is 0 for finite numbers alone.
  let rest = Simd.splat(0);
  for (; from < end; from += 16, to += 16) {
    const weights = v128.load(from);
    v128.store(to, weights);
    rest = v128.add<real>(rest, v128.sub<real>(weights, weights));
  }
  return v128.all_true<i32>(v128.eq<real>(rest, Simd.splat(0)));
}

/**
 * Clears what is left of adam's means of gradients and of their squares where gradients have been 0 for long, as behind a
 * relu that gives 0 for all rows. Such a mean ends as one of the least numbers above 0 and stays it, and processors take a
 * hundred times as long for it. Divided by the usual epsilon, it is too small to change a weight above 1e-22.
 */
function clearSubnormal(plan: usize): void {
  let m = load<usize>(plan, PLAN_STATE);
  const end = m + 2 * <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  for (; m < end; m += 16) v128.store(m, Simd.normal(v128.load(m)));
}
