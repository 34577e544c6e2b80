// What vsgd does in a step beside its update: it measures the batch's samples, and tries its step before taking it.
import { PLAN_BATCH_LOSS, PLAN_ROWS, PLAN_SCALE } from "../plan";
import { comeBack, goAhead, measureCurvature } from "../optimizers/curvature";
import { beginTrials, looksAhead, tryOut } from "../optimizers/vsgd";
import { backwardPass, forwardPass, lossPass } from "./passes";
import { lastLayer, layerAt } from "./records";
import { totalLoss } from "./tally";

/** How often vsgd shortens a step at most, and how much a loss may differ by rounding alone, as a part of it. */
const TRIALS = 8;
const TRIAL_ROUNDING: f64 = sizeof<real>() == 4 ? 1e-5 : 1e-13;

/** Finds what vsgd has to know about the batch's samples beside their gradient. */
export function measureSamples(plan: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const first = layerAt(plan, 0);
  const last = lastLayer(plan);
  if (!looksAhead(plan)) return measureCurvature(plan, first, last);
  goAhead(plan, first, last);
  forwardPass(plan, 0, true, 0, rows);
  lossPass(plan, 0, rows);
  backwardPass(plan, 0, 0, rows);
  comeBack(plan, first, last);
}

/**
 * Each of vsgd's rates is right if its weight moves alone. All weights together may go too far, since many of them change
 * the same outputs. In large batches, where no noise makes steps short, the loss would grow without end. So the step is
 * shortened to α of it, until L(α) ≤ L(0) − α/2 · Σ g step. On a parabola this holds up to its lowest point.
 */
export function shortenStep(plan: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const before = load<f64>(plan, PLAN_BATCH_LOSS);
  const fall = beginTrials(plan);
  const most = before + TRIAL_ROUNDING * abs<f64>(before);
  let alpha: f64 = fall > 0 ? 1 : 0;
  for (let trial = 0; alpha > 0; ++trial) {
    tryOut(plan, alpha);
    forwardPass(plan, 0, true, 0, rows);
    lossPass(plan, 0, rows);
    const loss = totalLoss(plan) / <f64>rows;
    if (loss <= most - 0.5 * alpha * fall) break;
    if (trial == TRIALS) {
      if (!(loss <= most)) alpha = 0;
      break;
    }
    // The lowest point of the parabola through both losses and the slope. A loss that is not finite is far beyond it.
    const lowest = (0.5 * fall * alpha * alpha) / (loss - before + alpha * fall);
    alpha = isFinite(loss) ? max<f64>(0.1 * alpha, min<f64>(0.5 * alpha, lowest)) : 0.1 * alpha;
  }
  tryOut(plan, 0);
  store<f64>(plan, alpha, PLAN_SCALE);
}
