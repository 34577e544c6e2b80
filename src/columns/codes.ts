// Finds numbers that may stand for a missing value, such as -999 among ages: they occur repeatedly, far from all others.
// Only the user knows what they mean. So they are reported, and stay numbers.
import { readNumber } from "./numbers.ts";
import type { NumberFormat } from "./numbers.ts";
import { list, quotedForShell } from "./problems.ts";
import type { Choices } from "./problems.ts";
import type { Column } from "./readings.ts";
import { extremesOf } from "./values.ts";

/** A column hardly has more codes than this, as -997, -998 and -999. */
const MOST_CODES = 3;
/** A number that occurs less often is taken for an outlier. */
const LEAST_CELLS = 3;
/** With fewer other numbers, it cannot be said what is far from them. */
const LEAST_OTHERS = 10;

/** Typical codes: repeated digits, as 99, 777 and 9998, the largest numbers of 15, 16 and 31 bits, and huge numbers. */
const CODE = /^-?(?:(\d)\1+|9+[5-8]|32767|32768|65535|2147483647|2147483648|\d+e\+\d+)$/;

/** Finds repeated numbers at one end that are farther from the others than these are from each other. */
export function codesIn(ascending: Float64Array): number[] {
  const low = lowestCodes(ascending);
  return low.length > 0 ? low : lowestCodes(ascending.map((value) => -value).reverse()).map((value) => -value);
}

function lowestCodes(ascending: Float64Array): number[] {
  const last = ascending[ascending.length - 1];
  const codes: number[] = [];
  for (let end = 0; codes.length < MOST_CODES;) {
    const value = ascending[end];
    const begin = end;
    while (end < ascending.length && ascending[end] === value) end++;
    const next = ascending[end];
    // If all other numbers are at least 0, any negative number may be a code.
    const isCode = CODE.test(String(value)) || (Number.isInteger(value) && value < 0 && next >= 0);
    if (value === 0 || !isCode || end - begin < 2 || 2 * end >= ascending.length) return [];
    codes.push(value);
    if (end >= LEAST_CELLS && next - value > last - next && hasOthers(ascending, end)) return codes;
  }
  return [];
}

/** Whether the lowest or the highest number may be a code. For most columns this spares sorting them. */
function mayHaveCodes(values: Float64Array): boolean {
  const { least, greatest, second, beforeLast } = extremesOf(values);
  const isCode = (value: number, next: number) => {
    return value !== 0 && (CODE.test(String(value)) || (Number.isInteger(value) && value < 0 && next >= 0));
  };
  return isCode(least, second) || isCode(-greatest, -beforeLast);
}

function hasOthers(ascending: Float64Array, from: number): boolean {
  let others = 1;
  for (let i = from + 1; i < ascending.length && others < LEAST_OTHERS; i++) {
    if (ascending[i] !== ascending[i - 1]) others += 1;
  }
  return others >= LEAST_OTHERS;
}

/** Reports which numbers of a column may stand for missing values. */
export function tellCodes(
  name: string,
  place: number,
  column: Column,
  format: NumberFormat,
  values: Float64Array,
  choices: Choices,
): void {
  if (!mayHaveCodes(values)) return;
  const codes = codesIn(values.toSorted());
  if (codes.length === 0) return;
  const { distinct, present, counts } = column;
  const found = present.filter((i) => codes.includes(readNumber(distinct.texts[i], format) ?? NaN));
  const cells = found.reduce((sum, i) => sum + counts[i], 0);
  const texts = found.map((i) => distinct.texts[i]);
  const flag = quotedForShell(`--missing-values=${texts.map((text) => (text.includes(",") ? `"${text}"` : text)).join()}`); // prettier-ignore
  choices.counted(`codes ${texts.join(" ")}`, name, place, cells, (names) => {
    const [far, mean] = texts.length === 1 ? ["is", "it means"] : ["are", "they mean"];
    return `${list(texts)} ${far} far from all other numbers of ${names}; where ${mean} a missing value, say ${flag}`;
  });
}
