// What a network was told about its training: each thing once.
import type { Diagnosis } from "./diagnosis.ts";
import { partOf } from "../ground/parts.ts";
import type { TrainingWarning, WarningCode } from "../types.ts";

/** Of one network. */
export class Warnings {
  readonly #told = new Set<string>();
  #news: TrainingWarning[] = [];
  #diagnosis: Diagnosis | undefined;

  /** Who looks for what is wrong; nobody before that part is loaded. */
  get diagnosis(): Diagnosis | undefined {
    const part = partOf("diagnosis");
    return (this.#diagnosis ??= part && new part.Diagnosis(this));
  }

  /** Warnings since this was last asked; nothing where there are none. */
  take(): TrainingWarning[] | undefined {
    const news = this.#news;
    if (news.length === 0) return undefined;
    this.#news = [];
    return news;
  }

  /** Tells what was not told before, of a layer or a column of x. */
  tell(code: WarningCode, message: string, place?: Pick<TrainingWarning, "layer" | "column">): void {
    const key = `${code} ${place?.layer}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#news.push({ code, message, ...place });
  }
}
