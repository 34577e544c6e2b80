// The losses so far, in at most so many points: when they are too many, every other one goes.
import { type Figures } from "../model/run.ts";

const MOST = 500;

export class Curve {
  readonly epochs: number[] = [];
  readonly train: (number | null)[] = [];
  readonly test: (number | null)[] = [];
  #every = 1;

  clear(): void {
    this.epochs.length = this.train.length = this.test.length = 0;
    this.#every = 1;
  }

  add({ epoch, trainLoss, testLoss }: Figures): void {
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    const last = this.epochs.length - 1;
    // The newest point moves until it is far enough from the one before.
    if (last >= 1 && epoch - this.epochs[last - 1] < this.#every) this.#pop();
    else if (last >= 0 && this.epochs[last] === epoch) this.#pop();
    this.epochs.push(epoch);
    this.train.push(finite(trainLoss));
    this.test.push(finite(testLoss));
    if (this.epochs.length <= MOST) return;
    for (const list of [this.epochs, this.train, this.test]) {
      let kept = 0;
      for (let k = 0; k < list.length; k += 2) list[kept++] = list[k];
      list.length = kept;
    }
    this.#every = (2 * epoch) / MOST;
  }

  #pop(): void {
    this.epochs.pop();
    this.train.pop();
    this.test.pop();
  }
}
