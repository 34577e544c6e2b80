// A small curve in a terminal: a column of blocks for each part of the numbers.

/** A column's blocks, from none to a whole one. Without Unicode there are three heights. */
const BLOCKS = { unicode: " ▁▂▃▄▅▆▇█", plain: " .:#" } as const;

/**
 * Draws numbers as so many rows of text, the highest first. Several numbers that fall into one column are averaged; what is
 * not finite is left out.
 */
export function curve(values: readonly number[], columns: number, rows: number, isUnicode: boolean): string[] {
  const blocks = [...(isUnicode ? BLOCKS.unicode : BLOCKS.plain)];
  const steps = blocks.length - 1;
  const finite = values.filter(Number.isFinite);
  const width = Math.max(1, Math.min(columns, finite.length));
  const means = Array.from({ length: finite.length === 0 ? 0 : width }, (_, i) => {
    const part = finite.slice(Math.floor((i * finite.length) / width), Math.floor(((i + 1) * finite.length) / width));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const span = most - least;
  // The least is still seen: one step high.
  const heights = means.map((value) => Math.round(1 + (span > 0 ? (value - least) / span : 0) * (rows * steps - 1)));
  return Array.from({ length: rows }, (_, row) =>
    heights.map((height) => blocks[Math.max(0, Math.min(steps, height - (rows - 1 - row) * steps))]).join(""),
  );
}
