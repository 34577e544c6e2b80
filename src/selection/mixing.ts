// Decides how much each candidate counts. Its share depends on its loss on rows that were left out. Also computes the
// answers of the mix on these rows.
import type { Member } from "../estimators/saved.ts";
import { exponential } from "../ground/powers.ts";
import type { Problem } from "./problem.ts";
import type { Plan } from "./work.ts";

/** What a candidate answered for rows that it was not trained on. */
export interface Tested {
  /** Rows × outputs; NaN where a row was not left out. */
  answers: Float64Array;
  /** Mean loss over the rows of each fold; Infinity where training failed. */
  losses: number[];
  /** The network of each fold, where they are kept. */
  members?: (Member | undefined)[];
}

/**
 * The evidence of so many rows counts as that of one. Similar candidates are wrong about the same rows, so that a difference
 * of their losses says less than as many independent rows would say.
 */
const TEMPERATURE = 32;
/** A smaller share than this gets no network. */
const LEAST_SHARE = 0.03;

/**
 * Each candidate's share of the answer, by exp(−n (ℓ − ℓ_min) / (32 v)): ℓ is its mean loss over n rows, v what losses
 * are measured in. Shares of folds other than `except`, where that is given.
 */
export function sharesOf(
  tested: readonly Tested[],
  sizes: readonly number[],
  isNumbers: boolean,
  except = -1,
): number[] {
  let rows = 0;
  for (let fold = 0; fold < sizes.length; fold++) if (fold !== except) rows += sizes[fold];
  const losses = tested.map(({ losses }) => (losses.includes(Infinity) ? Infinity : meanOf(losses, sizes, except)));
  const least = losses.reduce((a, b) => Math.min(a, b), Infinity);
  const unit = isNumbers ? Math.max(least, 1e-300) : 1;
  const raw = losses.map((loss) =>
    loss === Infinity ? 0 : exponential((-rows * (loss - least)) / (TEMPERATURE * unit)),
  );
  const total = raw.reduce((a, b) => a + b, 0);
  const kept = raw.map((share) => (share / total < LEAST_SHARE ? 0 : share));
  const sum = kept.reduce((a, b) => a + b, 0);
  return kept.map((share) => share / sum);
}

/**
 * Which candidates need not be tested further: those that would get no share if it went on as in the folds so far, with
 * room for chance. Nothing is said before two folds, nor of small tables.
 */
export function hopelessOf(tested: readonly Tested[], folds: number, rows: number, isNumbers: boolean): boolean[] {
  const losses = tested.map(({ losses }) => losses.reduce((a, b) => a + b, 0) / folds);
  const least = losses.reduce((a, b) => Math.min(a, b), Infinity);
  const unit = isNumbers ? Math.max(least, 1e-300) : 1;
  const most = folds < 2 || rows < MANY_ROWS ? Infinity : folds === 2 ? ROOM_AT_FIRST : ROOM;
  return losses.map((loss) => rows * (loss - least) > most * TEMPERATURE * unit);
}

/**
 * A candidate is hopeless if its share would be less than e^−9 of the best one's after two folds, and less than e^−7 after
 * more: with more folds less depends on chance.
 */
const ROOM_AT_FIRST = 9;
const ROOM = 7;
/** With fewer rows, a few outliers decide too much. */
const MANY_ROWS = 1000;

/** The mean over folds, all but one where that is given. */
export function meanOf(losses: readonly number[], sizes: readonly number[], except = -1): number {
  let sum = 0;
  let rows = 0;
  for (let fold = 0; fold < sizes.length; fold++) {
    if (fold === except || sizes[fold] === 0) continue;
    sum += losses[fold] * sizes[fold];
    rows += sizes[fold];
  }
  return rows > 0 ? sum / rows : Infinity;
}

/** The answer of the mix for each row, by the shares of the row's fold; NaN for rows that were not left out. */
export function mixUnseen(
  tested: readonly Tested[],
  foldOf: Int32Array,
  shares: readonly (readonly number[])[],
): Float64Array {
  const mixed = new Float64Array(tested[0].answers.length);
  const width = mixed.length / foldOf.length;
  for (let row = 0; row < foldOf.length; row++) {
    if (foldOf[row] < 0) {
      mixed.fill(NaN, row * width, (row + 1) * width);
      continue;
    }
    tested.forEach(({ answers }, c) => {
      const share = shares[foldOf[row]][c];
      if (share === 0) return;
      for (let o = row * width; o < (row + 1) * width; o++) mixed[o] += share * answers[o];
    });
  }
  return mixed;
}

/** All shares. If there is to be only one network, the best candidate gets everything. */
export function sharesFor(
  problem: Problem,
  plan: Plan,
  tested: readonly Tested[],
  sizes: readonly number[],
  except = -1,
) {
  const { effort, ensemble, job } = problem;
  if (effort !== "quick" && ensemble !== 1 && plan.networks > 1) {
    return sharesOf(tested, sizes, job.classes.length === 0, except);
  }
  const losses = tested.map(({ losses }) => (losses.includes(Infinity) ? Infinity : meanOf(losses, sizes, except)));
  const best = losses.indexOf(losses.reduce((a, b) => Math.min(a, b), Infinity));
  return losses.map((_, c) => Number(c === best));
}

/** Divides a number of networks between the candidates. */
export function networksOf(shares: readonly number[], networks: number): number[] {
  const counts = shares.map((share) => (share > 0 ? Math.max(1, Math.round(share * networks)) : 0));
  const sum = (): number => counts.reduce((a, b) => a + b, 0);
  // Rounding must not make more of them than there may be: the least shares lose theirs, then the largest some.
  const order = [...shares.keys()].filter((c) => counts[c] > 0).sort((a, b) => shares[a] - shares[b] || b - a);
  for (const c of order) if (order.filter((other) => counts[other] > 0).length > networks) counts[c] = 0;
  while (sum() > networks) counts[counts.indexOf(Math.max(...counts))]--;
  return counts;
}
