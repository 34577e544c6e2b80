// Reads a learning rate that changes from step to step.
import { type OptionTable, nameOf, readNamed, readNumber } from "../ground/options.ts";
import { refusePromise } from "../ground/promises.ts";
import type { ScheduleSpec } from "../tables/names.ts";
import { withRareRows } from "../tables/rare.ts";
import { type PlateauSettings, SCHEDULES, type Watch, count, positive } from "../tables/schedules.ts";

export interface Schedule {
  rate(step: number, scale: number): number;
  /** reduceOnPlateau's settings. */
  plateau?: PlateauSettings;
  watch?: Watch;
  /** As JSON holds it; a function cannot be held. */
  spec?: ScheduleSpec;
}

/** The schedule that an object or a function describes. */
export function readSchedule(value: unknown, where: string, base: number): Schedule {
  if (typeof value === "function") {
    const rateAt = value as (step: number) => unknown;
    return {
      rate: (step) => {
        const rate = rateAt(step);
        refusePromise(rate, `${where}(${step})`, "but steps do not wait; give a number");
        return readNumber(rate, `${where}(${step})`, { least: 0 });
      },
    };
  }
  const shared: OptionTable = { rate: { ...positive, default: base }, warmup: count };
  const rows = withRareRows("schedule", SCHEDULES, nameOf(value));
  const read = readNamed(value, where, "schedule", rows, shared);
  const { options } = read;
  const name = read.name as ScheduleSpec["name"];
  const row = rows[name];
  row.check?.(options as never, where);
  const { rate, warmup } = options as Record<string, number>;
  return {
    rate: (step, scale) =>
      row.rate(rate, Math.max(0, step - warmup), options as never, scale) * Math.min(1, (step + 1) / (warmup + 1)),
    plateau: name === "reduceOnPlateau" ? (options as unknown as PlateauSettings) : undefined,
    watch: row.watch,
    spec: { name, ...options } as ScheduleSpec,
  };
}
