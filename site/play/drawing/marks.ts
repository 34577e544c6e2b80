// Small shapes, one for each class, so that no class is told by its colour alone.

export const SHAPES = ["disc", "diamond", "square", "triangle", "plus", "cross"] as const;

/** Draws the outline of a class's shape around a place. */
export function trace(context: CanvasRenderingContext2D, shape: number, x: number, y: number, size: number): void {
  context.beginPath();
  switch (SHAPES[shape % SHAPES.length]) {
    case "disc":
      context.arc(x, y, size, 0, 7);
      break;
    case "diamond":
      path(context, x, y, size * 1.3, [0, -1, 1, 0, 0, 1, -1, 0]);
      break;
    case "square":
      path(context, x, y, size * 0.9, [-1, -1, 1, -1, 1, 1, -1, 1]);
      break;
    case "triangle":
      path(context, x, y, size * 1.15, [0, -1.1, 1, 0.8, -1, 0.8]);
      break;
    case "plus":
      path(context, x, y, size * 1.1, [-0.35, -1, 0.35, -1, 0.35, -0.35, 1, -0.35, 1, 0.35, 0.35, 0.35, 0.35, 1, -0.35, 1, -0.35, 0.35, -1, 0.35, -1, -0.35, -0.35, -0.35]); // prettier-ignore
      break;
    case "cross":
      path(context, x, y, size * 0.8, [-1, -0.5, -0.5, -1, 0, -0.5, 0.5, -1, 1, -0.5, 0.5, 0, 1, 0.5, 0.5, 1, 0, 0.5, -0.5, 1, -1, 0.5, -0.5, 0]); // prettier-ignore
      break;
  }
}

function path(context: CanvasRenderingContext2D, x: number, y: number, size: number, corners: readonly number[]): void {
  for (let k = 0; k < corners.length; k += 2) context.lineTo(x + size * corners[k], y + size * corners[k + 1]);
  context.closePath();
}
