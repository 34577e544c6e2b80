// Files that are no tables of text: workbooks, archives, databases, and texts of other kinds. Each is named for what it
// is, with what makes a CSV file of it.
import { TableError } from "./problems.ts";
import type { Remedy } from "./problems.ts";

/** A command's options that read a file of another kind as a table, or what to do first. */
export function refuseForeign(text: string, file: string): void {
  const start = text.slice(0, 2000).trimStart();
  const kind = (name: string, advice: string, remedies?: readonly Remedy[]): TableError =>
    new TableError([{ code: "ERR_CSV", message: `${file} is ${name}, not a CSV file; ${advice}`, remedies }], file);
  if (/^(?:%[^\n]*\n\s*)*@relation\b/i.test(text.slice(0, 100_000).trimStart())) {
    const lines = text.split(/\r\n?|\n/);
    const at = lines.findIndex((line) => /^\s*@data\b/i.test(line));
    const isDense = at >= 0 && !lines.slice(at + 1, at + 20).some((line) => line.trimStart().startsWith("{"));
    if (!isDense) throw kind("an ARFF file (of Weka)", "save it as CSV");
    const advice = `the rows behind its @data are CSV: skip what stands above with --skip-lines ${at + 1} --no-header`;
    const remedies: Remedy[] = [
      { option: "skipLines", value: String(at + 1) },
      { option: "header", value: "false" },
    ];
    if (lines.slice(at + 1).some((line) => line.startsWith("%"))) remedies.push({ option: "comment", value: "%" });
    throw kind("an ARFF file (of Weka)", advice, remedies);
  }
  if (/^[[{]/.test(start) && isJson(text)) {
    throw kind("JSON", "write one line for each row and one column for each field, and save it as CSV");
  }
  if (/^<(?:!doctype html|html|\?xml|table)\b/i.test(start)) {
    throw kind("HTML or XML", "open it in a spreadsheet and save it as CSV");
  }
}

function isJson(text: string): boolean {
  const line = text.trimStart().split("\n", 1)[0];
  return [line, text].some((part) => {
    try {
      return typeof JSON.parse(part) === "object";
    } catch {
      return false;
    }
  });
}
