// Decides which cells mean "no value". The words are the same in number columns, text columns and targets.

/** Words that R, pandas, SQL and spreadsheets write for a missing value, including errors of formulas. */
const WORDS = [
  ["", "NA", "na", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "Null", "null", "NaN", "nan", "NAN", "NaT"],
  ["?", "-", "--", ".", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!"],
].flat();

/**
 * Which of a column's texts are missing values. Beside "+" alone, "-" is its opposite.
 * @param texts the different texts of the column.
 */
export function missingAmong(texts: readonly string[], isMissing: (text: string) => boolean): Uint8Array {
  const missing = Uint8Array.from(texts, (text) => (isMissing(text) ? 1 : 0));
  const first = missing.indexOf(0);
  const isSign = first >= 0 && texts[first] === "+" && missing.indexOf(0, first + 1) < 0;
  if (isSign && texts.includes("-")) missing[texts.indexOf("-")] = 0;
  return missing;
}

/**
 * A test of trimmed cells for "no value".
 * @param more words that mean it too.
 */
export function missingTest(more: readonly string[] = []): (text: string) => boolean {
  const words = new Set(missingWords(more));
  return (text) => words.has(text);
}

/** The words themselves. */
export function missingWords(more: readonly string[] = []): string[] {
  return [...WORDS, ...more.map((word) => word.trim())];
}
