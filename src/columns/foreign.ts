// Recognises files that are no CSV: workbooks, archives, databases, and texts of other formats. The message names the
// format, and says how to get a CSV file from it.
import { TableError } from "./problems.ts";
import type { Remedy } from "./problems.ts";

const IN_SPREADSHEET = "open it in a spreadsheet and save the sheet as CSV";
const IN_PROGRAM = "write the table as CSV with the program that made it";
const IN_NPY = "train, predict and evaluate take it where its name ends in .npy; inspect shows tables and models";
const IN_IDX = "train, predict and evaluate take it where its name holds idx; inspect shows tables and models";
const UNPACK = "unpack it first";

/** The bytes with which formats begin, and at which byte. */
const BEGINNINGS: readonly [begin: string, name: string, advice: string, at?: number][] = [
  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls) or another old Office file", IN_SPREADSHEET],
  ["PAR1", "a Parquet file", IN_PROGRAM],
  ["ORC", "an ORC file", IN_PROGRAM],
  ["Obj\x01", "an Avro file", IN_PROGRAM],
  ["ARROW1", "an Arrow or Feather file", IN_PROGRAM],
  ["FEA1", "a Feather file", IN_PROGRAM],
  ["SQLite format 3\0", "an SQLite database", "write the table as CSV, as sqlite3 -csv -header does"],
  ["%PDF-", "a PDF document", "copy the table into a spreadsheet and save it as CSV"],
  ["\x89HDF\r\n", "an HDF5 file", IN_PROGRAM],
  ["CDF\x01", "a NetCDF file", IN_PROGRAM],
  ["CDF\x02", "a NetCDF file", IN_PROGRAM],
  ["\x93NUMPY", "a NumPy array", IN_NPY],
  ["\0\0\x08\x01", "an IDX file of labels", IN_IDX],
  ["\0\0\x08\x03", "an IDX file of images", IN_IDX],
  ["RDX", "R data (.rda)", "write it with R's write.csv"],
  ["X\n\0\0\0", "R data (.rds)", "write it with R's write.csv"],
  ["<stata_dta>", "a Stata file", IN_PROGRAM],
  ["$FL2", "an SPSS file", IN_PROGRAM],
  ["$FL3", "an SPSS file", IN_PROGRAM],
  ["\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60", "a SAS file", IN_PROGRAM],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK],
  ["Rar!\x1a\x07", "a RAR archive", UNPACK],
  ["BZh", "packed with bzip2", "unpack it first, as bunzip2 does"],
  ["\xfd7zXZ\0", "packed with xz", "unpack it first, as unxz does"],
  ["\x28\xb5\x2f\xfd", "packed with zstd", "unpack it first, as unzstd does"],
  ["ustar", "a tar archive", UNPACK, 257],
  ["\x89PNG", "a picture", "a table is text"],
  ["\xff\xd8\xff", "a picture", "a table is text"],
  ["GIF8", "a picture", "a table is text"],
];

/**
 * Refuses files that are known by their first bytes.
 * @throws TableError naming what it is.
 */
export function refuseBinary(bytes: Uint8Array, file: string): void {
  const near = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  const found =
    safetensorsKind(near) ??
    (isZip(bytes) ? zipKind(near) : undefined) ??
    BEGINNINGS.find(([begin, , , at = 0]) => begins(bytes, begin, at));
  // A text may begin with a short one of these too. Only binary files contain control characters.
  if (!found || (found[0].length < 5 && !hasControls(bytes))) return;
  const message = `${file} is ${found[1]}, not a CSV file; ${found[2]}`;
  throw new TableError([{ code: "ERR_CSV", message }], file);
}

/** What a model says that is asked for a table. */
const MODEL = [
  "a model of propago",
  "propago inspect shows what it holds; name the model first, then the table",
] as const;

/** A safetensors file: the length of its head in eight bytes, then the head as JSON. */
function safetensorsKind(near: string): readonly [string, string, string] | undefined {
  if (!/^[^]{4}\0{4}\{\s*"/.test(near)) return undefined;
  // propago's own begin with their content: keys are sorted.
  return /\{"__metadata__":\{(?:"checksum":"\w+",)?"content":/.test(near)
    ? ["propago's", ...MODEL]
    : ["weights", "a safetensors file", "it holds a model's weights and no table"];
}

function begins(bytes: Uint8Array, begin: string, at: number): boolean {
  return Array.from(begin).every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
}

function isZip(bytes: Uint8Array): boolean {
  return begins(bytes, "PK\x03\x04", 0) || begins(bytes, "PK\x05\x06", 0);
}

function zipKind(near: string): readonly [string, string, string] {
  const open = "open it there and save the sheet as CSV";
  if (/mimetypeapplication\/vnd\.oasis\.opendocument\.spreadsheet/.test(near))
    return ["spreadsheet", "an OpenDocument spreadsheet (.ods)", open];
  if (/mimetypeapplication\/vnd\.oasis|word\//.test(near)) return ["document", "a text document", IN_SPREADSHEET];
  if (/Index\/(?:Document|Tables)/.test(near)) return ["numbers", "a Numbers spreadsheet", "export it as CSV"];
  if (/xl\/|\[Content_Types\]\.xml|_rels\/|docProps\//.test(near))
    return ["workbook", "an Excel workbook (.xlsx)", "save the sheet as CSV"];
  if (/\.npy/.test(near)) return ["arrays", "NumPy arrays (.npz)", "save the table with numpy.savetxt"];
  return ["archive", "a zip archive", `${UNPACK}; unzip -p prints what is in it, which - in its place reads`];
}

function hasControls(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 65_536).some((byte) => byte < 9 || (byte > 13 && byte < 32));
}

/**
 * Refuses texts of other formats.
 * @throws TableError naming the format, with the options that read its table if there are any.
 */
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
  if (/^\{\s*"format"\s*:\s*"propago-model"/.test(start)) {
    throw kind(...MODEL);
  }
  if (/^\{\s*"format"\s*:\s*"propago[\w-]*"/.test(start)) {
    throw kind("a network or estimator as JSON", "fromJSON of the library reads it");
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
