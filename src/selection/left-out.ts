// What is kept of the rows that were left out, so that a report can show how the model does on rows that it has not seen:
// the mix's answers, and where it was asked for, the networks that gave them.
import type { Job } from "../estimators/job.ts";
import type { LeftOut, Member } from "../estimators/saved.ts";
import { KEEPING } from "../ground/marks.ts";
import type { Tested } from "./mixing.ts";
import type { Problem } from "./problem.ts";

/** Of more answers than this, nothing is kept: they would hold much memory for a report that few ask for. */
const MOST_ANSWERS = 1e6;
/** So many rows are kept to recognise the data by, of at most so many columns. */
const KNOWN_ROWS = 8;
const KNOWN_COLUMNS = 100_000;

/** Whether networks that were trained without some rows are kept. */
export function isKeeping({ fit }: Pick<Job, "fit">): boolean {
  return fit.onSearch !== undefined && KEEPING in fit.onSearch;
}

/** The rows that were left out, with the answers for them; undefined where these are too many to keep. */
export function leftOutOf(
  problem: Problem,
  { answers, places, foldOf }: { answers: Float64Array; places: readonly number[]; foldOf: Int32Array },
  tested: readonly Tested[],
  shares: readonly (readonly number[])[],
): LeftOut | undefined {
  const { job, rowOf } = problem;
  const { data, rows: given, columns } = job.x;
  const isSmall = answers.length <= MOST_ANSWERS && columns <= KNOWN_COLUMNS;
  const members = isKeeping(job) ? kept(tested, shares, !isSmall) : undefined;
  if (!isSmall) return undefined;
  const rows = Array.from({ length: Math.min(KNOWN_ROWS, given) }, (_, i) => Math.floor((i * given) / Math.min(KNOWN_ROWS, given))); // prettier-ignore
  const inputs = rows.flatMap((row) => Array.from(data.subarray(row * columns, (row + 1) * columns)));
  const folds = Int32Array.from(places, (place) => foldOf[place]);
  return { given, known: { rows, inputs }, rows: places.map(rowOf), answers, folds, members };
}

/** For each fold, the networks that count, with their shares. The others give their memory back. */
function kept(tested: readonly Tested[], shares: readonly (readonly number[])[], isNone: boolean): Member[][] {
  const used = new Set<Member>();
  const members = shares.map((own, fold) =>
    own.flatMap((weight, c) => {
      // Rows that were left out only once judge in two halves: then there is one network for both.
      const all = tested[c].members ?? [];
      const member = all.length === 1 ? all[0] : all[fold];
      if (weight === 0 || member === undefined || isNone) return [];
      used.add(member);
      return [{ ...member, weight }];
    }),
  );
  const networks = new Set([...used].map(({ network }) => network));
  for (const { members: all = [] } of tested)
    for (const member of all) if (member && !networks.has(member.network)) member.network.dispose();
  return members;
}
