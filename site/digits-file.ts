// The handwritten digits as the playground loads them: 65 bytes each, 64 pixels from 0 (paper) to 16 (ink) and the digit,
// all first pixels before all second ones, which compresses best.

/** @param csv the table examples/data/digits.csv, with its header. */
export function digitsFile(csv: string): Uint8Array {
  const [, ...lines] = csv.trim().split("\n");
  const bytes = new Uint8Array(65 * lines.length);
  lines.forEach((line, row) => {
    line.split(",").forEach((text, column) => (bytes[column * lines.length + row] = Number(text)));
  });
  return bytes;
}
