// How a team shares the rows of a single call, such as predict.
import type { Layout } from "../memory/layout.ts";
import { usefulThreads } from "./machine.ts";
import { CHUNK } from "./sharing.ts";
import { teamOf } from "./team.ts";

/** Operations of a call that make it worth starting threads. */
const WORTHY_START = 4e9;

/** Does `work` by as many threads as were asked for and are there: this one is the first. `work` is told how many. */
export function shareOut<R>(
  layout: Layout,
  asked: number | "auto",
  operations: number,
  work: (threads: number) => R,
): R {
  const isFree = asked === "auto";
  const threads = isFree ? usefulThreads() : asked;
  if (threads === 1) return work(1);
  const team = teamOf(layout.engine, threads, !isFree || operations >= WORTHY_START);
  if (!isFree) team?.waitUntilReady();
  if (!team?.isReady || team.isBusy) return work(1);
  layout.makeRoomForWorkers(threads);
  // At a hundredth of the usual speed.
  return team.lead(threads, (layout.parameters * CHUNK * threads) / 1e5, () => work(threads));
}
