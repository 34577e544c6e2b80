// Which cells mean "no value": the same words in number columns, text columns and targets.

/** What R, pandas, SQL and spreadsheets write where there is no value, errors of formulas included. */
const WORDS = [
  ["", "NA", "na", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "Null", "null", "NaN", "nan", "NAN", "NaT"],
  ["?", "-", "--", ".", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!"],
].flat();

/**
 * A test of trimmed cells for "no value".
 * @param more words that mean it too.
 */
export function missingTest(more: readonly string[] = []): (text: string) => boolean {
  const words = new Set([...WORDS, ...more.map((word) => word.trim())]);
  return (text) => words.has(text);
}
