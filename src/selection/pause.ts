// A pause of a search: something that is to be waited for between two trainings, such as a checkpoint that is being written.
import type { Task } from "../estimators/job.ts";
import { refusePromise } from "../ground/promises.ts";
import type { History } from "../training/reports.ts";

/** To whoever drives a search a pause looks like a network, whose training is what is to be waited for. */
export function pause(work: () => unknown): Task {
  const history: History = { epochs: [], stopped: "epochs" };
  const network = {
    fit: async () => {
      await work();
      return history;
    },
    fitSync: () => {
      refusePromise(work(), "checkpoint.save", "which fitSync cannot wait for; use fit");
      return history;
    },
  };
  return { network: network as unknown as Task["network"], data: { x: [], y: [] }, options: {}, isShort: false };
}
