// Between which numbers new targets lie: by how far predictions of rows that were left out in training were off.
import { readNumber } from "../check.ts";
import { PropagoError } from "../errors.ts";

/**
 * For each target, by how much it was below and above its prediction in so large a part of the rows.
 * @param residuals for each target, ascending, how much it was above its prediction.
 * @throws PropagoError ERR_CONFIG where there are too few to tell.
 */
export function boundsOf(residuals: readonly (readonly number[])[] | undefined, interval: unknown): [number, number][] {
  const part = readNumber(interval, "interval", { above: 0, below: 1 });
  if (residuals !== undefined && !isSound(residuals)) {
    throw new PropagoError("ERR_FORMAT", "the residuals of this model are not as they were saved");
  }
  if (!residuals) {
    const advice = "it has no rows that were left out; fit it anew";
    throw new PropagoError("ERR_CONFIG", `interval: this model cannot tell how far off it is: ${advice}`);
  }
  return residuals.map((sorted) => {
    const { length } = sorted;
    // One more, since the next row is as likely beyond the outermost as between any two.
    const cut = Math.floor(((1 - part) / 2) * (length + 1)) - 1;
    if (cut < 0) {
      const needed = Math.ceil(2 / (1 - part)) - 1;
      const advice = `it needs ${needed}; ask for a smaller interval`;
      throw new PropagoError("ERR_CONFIG", `interval ${part} cannot be told from ${length} residuals: ${advice}`);
    }
    return [sorted[cut], sorted[length - 1 - cut]];
  });
}

function isSound(residuals: unknown): boolean {
  return Array.isArray(residuals) && residuals.every(isAscending);
}

function isAscending(values: unknown): boolean {
  return (
    Array.isArray(values) && values.every((value, i) => Number.isFinite(value) && (i === 0 || value >= values[i - 1]))
  );
}
