// What a regressor's network is trained on, and the way back to the targets' own units. How it is learnt stands in
// selection/targets.ts.
import { StandardScaler } from "../data/scaling.ts";
import type { ScalingJSON } from "../data/scaling.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { exponential } from "../ground/powers.ts";
import type { FloatArray } from "../ground/arrays.ts";

export interface TargetScalingJSON extends ScalingJSON {
  /** The network is trained on ln(target + log). */
  log?: number;
}

export class TargetScaling {
  readonly scaler: StandardScaler;
  readonly log: number | undefined;

  constructor(scaler: StandardScaler, log?: number) {
    this.scaler = scaler;
    this.log = log;
  }

  /** A network's outputs as numbers in the targets' own units. */
  decode(outputs: FloatArray): Float64Array {
    // In float64, whatever the network computes in: targets such as times in milliseconds need the digits.
    const values = this.scaler.restore(Float64Array.from(outputs));
    const { log } = this;
    return log === undefined ? values : values.map((value) => exponential(value) - log);
  }

  toJSON(): TargetScalingJSON {
    return { ...this.scaler.toJSON(), log: this.log };
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave. */
  static fromJSON(json: unknown, columns: number): TargetScaling {
    const scaler = StandardScaler.fromJSON(json, columns);
    const { log } = json as TargetScalingJSON;
    if (log === undefined || Number.isFinite(log)) return new TargetScaling(scaler, log);
    throw new PropagoError("ERR_FORMAT", `targetScaling.log must be a finite number, got ${show(log)}`);
  }
}
