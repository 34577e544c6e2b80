// Strokes as a hand would draw them, traced from images of handwritten digits: the ink is thinned to a line of one pixel,
// and the line is walked along from end to end.

export interface Dot {
  x: number;
  y: number;
}

const AROUND = [
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
] as const;

/** The middle line of what is ink (Zhang and Suen 1984). */
function thin(ink: Uint8Array, side: number): Uint8Array {
  const image = Uint8Array.from(ink);
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= side || y >= side ? 0 : image[y * side + x]);
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (const half of [0, 1]) {
      const gone: number[] = [];
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          if (at(x, y) === 0) continue;
          const ring = AROUND.map(([dx, dy]) => at(x + dx, y + dy));
          const count = ring.reduce((sum, value) => sum + value, 0);
          const turns = ring.filter((value, k) => value === 0 && ring[(k + 1) % 8] === 1).length;
          const [north, , east, , south, , west] = ring;
          const first = half === 0 ? north * east * south : north * east * west;
          const second = half === 0 ? east * south * west : north * south * west;
          if (count >= 2 && count <= 6 && turns === 1 && first === 0 && second === 0) gone.push(y * side + x);
        }
      }
      for (const k of gone) image[k] = 0;
      if (gone.length > 0) isChanged = true;
    }
  }
  return image;
}

/** Strokes of an image of bytes, in its pixels. */
export function traceImage(bytes: Uint8Array, side = 28): Dot[][] {
  const line = thin(Uint8Array.from(bytes, (value) => (value > 110 ? 1 : 0)), side); // prettier-ignore
  const left = new Set<number>();
  line.forEach((value, k) => value === 1 && left.add(k));
  const next = (k: number) =>
    AROUND.map(([dx, dy]) => [(k % side) + dx, Math.floor(k / side) + dy])
      .filter(([x, y]) => x >= 0 && y >= 0 && x < side && y < side)
      .map(([x, y]) => y * side + x);
  const free = (k: number) => next(k).filter((other) => left.has(other));
  const strokes: Dot[][] = [];
  while (left.size > 0) {
    const ends = [...left].sort((a, b) => Math.abs(free(a).length - 1) - Math.abs(free(b).length - 1) || a - b);
    let here: number | undefined = ends[0];
    const stroke: Dot[] = [];
    // A stroke that begins beside one already drawn is joined to it.
    const beside = next(here).find((k) => line[k] === 1 && !left.has(k));
    if (beside !== undefined) stroke.push({ x: beside % side, y: Math.floor(beside / side) });
    let [dx, dy] = [0, 0];
    while (here !== undefined) {
      left.delete(here);
      const x: number = here % side;
      const y: number = Math.floor(here / side);
      stroke.push({ x, y });
      const ahead = (k: number): number => ((k % side) - x) * dx + (Math.floor(k / side) - y) * dy;
      const following: number | undefined = free(here).sort((a, b) => ahead(b) - ahead(a))[0];
      if (following !== undefined) [dx, dy] = [(following % side) - x, Math.floor(following / side) - y];
      here = following;
    }
    const back = stroke.at(-1)!;
    const joint = next(back.y * side + back.x).find(
      (k) => line[k] === 1 && !stroke.some((dot) => dot.x === k % side && dot.y === Math.floor(k / side)),
    );
    if (joint !== undefined) stroke.push({ x: joint % side, y: Math.floor(joint / side) });
    if (stroke.length > 1) strokes.push(stroke);
  }
  return strokes;
}
