// Canvases as sharp as the screen, and pictures of numbers on them.
import { contours } from "d3-contour";
import { type Palette } from "./colours.ts";

/** Gives a canvas the pixels of its size on the screen, and a context that counts in CSS pixels. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = Math.min(3, devicePixelRatio || 1);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

/** A picture of side × side numbers that is painted again and again. */
export class Picture {
  readonly side: number;
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #image: ImageData;
  readonly #pixels: Uint32Array;

  constructor(side: number) {
    this.side = side;
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.canvas.height = side;
    this.#context = this.canvas.getContext("2d")!;
    this.#image = this.#context.createImageData(side, side);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  /** Numbers from −1 to 1, `step` apart in the array from `from` on. */
  paint(values: ArrayLike<number>, from: number, step: number, scale: number, shift: number, palette: Palette): void {
    const pixels = this.#pixels;
    const map = palette.map;
    for (let k = 0, at = from; k < pixels.length; k++, at += step) {
      const value = 127.5 + 127.5 * (values[at] * scale + shift);
      pixels[k] = map[value < 0 ? 0 : value > 255 ? 255 : value | 0];
    }
    this.#context.putImageData(this.#image, 0, 0);
  }

  /** Probabilities of several classes: the hue of the largest, as strong as it is sure. */
  paintClasses(values: ArrayLike<number>, classes: number, palette: Palette): void {
    const pixels = this.#pixels;
    for (let k = 0; k < pixels.length; k++) {
      let best = 0;
      for (let c = 1; c < classes; c++) if (values[k * classes + c] > values[k * classes + best]) best = c;
      const sure = (values[k * classes + best] - 1 / classes) / (1 - 1 / classes);
      pixels[k] = palette.classMaps[best % palette.classMaps.length][Math.max(0, Math.min(255, (sure * 255) | 0))];
    }
    this.#context.putImageData(this.#image, 0, 0);
  }
}

/** Lines along which numbers on a grid cross a value, drawn over a square of `size` pixels. */
export function drawLine(
  context: CanvasRenderingContext2D,
  values: ArrayLike<number>,
  side: number,
  threshold: number,
  size: number,
): void {
  const [shape] = contours().size([side, side]).thresholds([threshold])(values as number[]);
  const scale = size / side;
  context.beginPath();
  for (const polygon of shape.coordinates) {
    for (const ring of polygon) {
      let isDown = false;
      for (const [x, y] of ring) {
        // Along the border there is no decision: only what lies within is drawn.
        const isBorder = x <= 0.5 || y <= 0.5 || x >= side - 0.5 || y >= side - 0.5;
        if (isDown && !isBorder) context.lineTo(x * scale, y * scale);
        else context.moveTo(x * scale, y * scale);
        isDown = !isBorder;
      }
    }
  }
  context.stroke();
}
