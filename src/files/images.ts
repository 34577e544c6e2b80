// Images as samples: PNG and JPEG, one by one, or folders in which each class has a folder of its own. Pixels stay bytes.
import { PropagoError, show } from "../ground/errors.ts";
import { readNumber, readObject } from "../ground/options.ts";
import { readBytes } from "./bytes.ts";
import { hasDisk, listFolder } from "./disk.ts";
import { isJpeg } from "./jpeg-sign.ts";
import { type Limits, type ReadingOptions, limitsOf, within } from "./limits.ts";
import { type BlobLike, type FileSource, openSource } from "./opening.ts";
import { type Image, isPng, readPng } from "./png.ts";

/** What images become. */
export interface ImageOptions extends ReadingOptions {
  /** Pixels that all are brought to. Default: as they are; those of a folder must then be of one size. */
  width?: number;
  height?: number;
  /** 1 for gray, 3 for colors. Default: as they are; of a folder 1 where all are gray. */
  channels?: 1 | 3;
}

/** One image's pixels: `shape` is height, width, channels. */
export interface ReadImage {
  data: Uint8Array;
  shape: [height: number, width: number, channels: number];
}

/** The images of a folder. */
export interface ReadImages {
  /** `shape` is images, height, width, channels. */
  x: { data: Uint8Array; shape: [count: number, height: number, width: number, channels: number] };
  /** The class of each: the name of its folder. Absent where they lie in none. */
  labels?: string[];
  /** The classes, in order. */
  classes: string[];
  /** Each image's name, as "cats/17.png". */
  names: string[];
}

/** A file among those of `readImages`, as a page's `<input type="file" webkitdirectory>` gives them. */
export interface ImageFile extends BlobLike {
  readonly webkitRelativePath?: string;
}

const OPTIONS = ["width", "height", "channels", "name", "limits"];

/** What this host can decode JPEG with: in pages the browser, elsewhere a library that comes with propago/files. */
interface BrowserDecoder {
  createImageBitmap(image: unknown, options: object): Promise<{ width: number; height: number; close(): void }>;
  OffscreenCanvas: new (
    width: number,
    height: number,
  ) => { getContext(kind: "2d"): { drawImage(image: unknown, x: number, y: number): void; getImageData(x: number, y: number, width: number, height: number): { data: ArrayLike<number> } } | null }; // prettier-ignore
  Blob: new (parts: unknown[]) => object;
}

/**
 * Reads a PNG or JPEG: `const { data, shape } = await readImage("cat.png", { width: 28, height: 28, channels: 1 })`.
 * Transparent parts are laid on white; 16 bits a sample become 8.
 * @throws (rejects with) PropagoError ERR_IO where it cannot be read, ERR_FORMAT where it is malformed, ERR_UNSUPPORTED for
 * other formats.
 */
export async function readImage(source: FileSource, options: ImageOptions = {}): Promise<ReadImage> {
  const asked = readOptions(options);
  const { name, bytes } = await openSource(source, asked.limits, asked.name);
  const image = await decode(bytes, name, asked.limits);
  const channels = asked.channels ?? (image.channels < 3 ? 1 : 3);
  return fitted(flat(image, channels), asked);
}

/** The pixels of an image as its file has them, with transparency, and with 16 bits where there are so many. */
export async function decodeImage(source: FileSource, options: ReadingOptions = {}): Promise<Image> {
  const limits = limitsOf(options);
  const { name, bytes } = await openSource(source, limits, options.name);
  return decode(bytes, name, limits);
}

/**
 * Reads a folder's images, those of each class in a folder of its own; or files, whose `webkitRelativePath` names their
 * folder. Images without such a folder have no class.
 *
 * ```ts
 * const { x, labels } = await readImages("digits", { width: 28, height: 28, channels: 1 });
 * ```
 *
 * @throws (rejects with) PropagoError as `readImage`, ERR_DATA for a folder without images, ERR_SHAPE where sizes differ and
 * none is given.
 */
export async function readImages(
  source: string | readonly ImageFile[],
  options: ImageOptions = {},
): Promise<ReadImages> {
  const asked = readOptions(options);
  const files = typeof source === "string" ? filesOf(source) : source.map(fileOf);
  const what = typeof source === "string" ? show(source) : "the files";
  if (files.length === 0) {
    throw new PropagoError("ERR_DATA", `${what} hold no images: names that end in .png, .jpg or .jpeg are looked for`);
  }
  const classed = files.filter((file) => file.label !== undefined);
  if (classed.length > 0 && classed.length < files.length) {
    const stray = files.find((file) => file.label === undefined);
    throw new PropagoError(
      "ERR_DATA",
      `${what}: ${show(stray?.name)} lies beside the folders of classes; put it into one`,
    );
  }
  const images: ReadImage[] = [];
  let total = 0;
  let isGray = true;
  for (const file of files) {
    const { bytes } = await openSource(file.source, asked.limits, file.name);
    const image = await decode(bytes, file.name, asked.limits);
    isGray &&= image.channels < 3;
    const own = fitted(flat(image, asked.channels ?? (image.channels < 3 ? 1 : 3)), asked);
    const [first] = images;
    if (first !== undefined && (own.shape[0] !== first.shape[0] || own.shape[1] !== first.shape[1])) {
      throw differing(file.name, own, files[0].name, first);
    }
    images.push(own);
    within((total += own.data.length), "elements", asked.limits, `${what}: the number of values`);
  }
  const labels = classed.length > 0 ? files.map(({ label }) => label as string) : undefined;
  return {
    x: stacked(images, asked.channels ?? (isGray ? 1 : 3)),
    labels,
    classes: [...new Set(labels)].sort((a, b) => (a < b ? -1 : Number(a > b))),
    names: files.map(({ name }) => name),
  };
}

function readOptions(options: ImageOptions) {
  const { width, height, channels, ...rest } = readObject(options, "image options", OPTIONS) as ImageOptions;
  for (const [key, value] of Object.entries({ width, height })) {
    if (value !== undefined) readNumber(value, key, { whole: true, least: 1, most: 65_535 });
  }
  if ((width === undefined) !== (height === undefined)) {
    throw new PropagoError(
      "ERR_CONFIG",
      `${width === undefined ? "height" : "width"} is given alone; give both, or neither`,
    );
  }
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new PropagoError("ERR_CONFIG", `channels must be 1 (gray) or 3 (colors), got ${show(channels)}`);
  }
  return { width, height, channels, name: rest.name, limits: limitsOf(rest) };
}

function differing(name: string, own: ReadImage, firstName: string, first: ReadImage): PropagoError {
  const sizes = [own, first].map(({ shape: [height, width] }) => `${width}×${height}`);
  const advice = `width and height bring all to one size (--size ${first.shape[1]}x${first.shape[0]})`;
  return new PropagoError("ERR_SHAPE", `${name} has ${sizes[0]} pixels, ${firstName} ${sizes[1]}; ${advice}`);
}

interface Found {
  name: string;
  label: string | undefined;
  source: FileSource;
}

/** Names of images. */
export const IS_IMAGE = /\.(png|jpe?g)$/i;

/** The images of a folder, and of the folders in it. */
function filesOf(folder: string): Found[] {
  if (!hasDisk()) {
    throw new PropagoError(
      "ERR_IO",
      `cannot open the folder ${show(folder)}: this host has no files; pass an array of Files`,
    );
  }
  return listFolder(folder).flatMap((entry): Found[] => {
    if (!entry.isFolder)
      return IS_IMAGE.test(entry.name) ? [{ name: entry.name, label: undefined, source: entry.path }] : [];
    return listFolder(entry.path)
      .filter(({ name, isFolder }) => !isFolder && IS_IMAGE.test(name))
      .map(({ name, path }) => ({ name: `${entry.name}/${name}`, label: entry.name, source: path }));
  });
}

/** A file with the folder in which it lies. */
function fileOf(file: ImageFile, i: number): Found {
  const path = file.webkitRelativePath ?? "";
  const parts = (path === "" ? (file.name ?? `file ${i}`) : path).split("/");
  // The folder that was chosen, its folders, the files in these.
  const label = parts.length > 2 ? parts[parts.length - 2] : undefined;
  return { name: parts.slice(-2).join("/"), label, source: file };
}

/** Reads an image of either format. */
async function decode(given: Uint8Array, name: string, limits: Limits): Promise<Image> {
  const { bytes } = readBytes(given, { name, limits }, name);
  if (isPng(bytes)) return readPng(bytes, name, limits);
  if (isJpeg(bytes)) {
    const browser = globalThis as Partial<BrowserDecoder>;
    if (browser.createImageBitmap && browser.OffscreenCanvas) return byBrowser(browser as BrowserDecoder, bytes, name);
    const { readJpeg } = await import("./jpeg.ts");
    return readJpeg(bytes, name, limits);
  }
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const problem = bytes.length === 0 ? "is empty" : `begins with the bytes ${start}`;
  throw new PropagoError("ERR_FORMAT", `${name} ${problem}; PNG and JPEG can be read`);
}

/** A JPEG by the browser's own decoder. */
async function byBrowser(browser: BrowserDecoder, bytes: Uint8Array, name: string): Promise<Image> {
  try {
    const bitmap = await browser.createImageBitmap(new browser.Blob([bytes]), {
      imageOrientation: "none",
      colorSpaceConversion: "none",
    });
    const { width, height } = bitmap;
    const context = new browser.OffscreenCanvas(width, height).getContext("2d");
    context?.drawImage(bitmap, 0, 0);
    bitmap.close();
    const pixels = context?.getImageData(0, 0, width, height).data ?? [];
    const isGray = Array.from({ length: width * height }).every((_, i) => pixels[4 * i] === pixels[4 * i + 1] && pixels[4 * i] === pixels[4 * i + 2]); // prettier-ignore
    const channels = isGray ? 1 : 3;
    const data = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++)
      for (let c = 0; c < channels; c++) data[i * channels + c] = pixels[4 * i + c];
    return { data, width, height, channels };
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", `${name} cannot be decoded: ${String(cause)}`, { cause });
  }
}

/** An image in bytes with so many channels, without transparency. */
function flat({ data, width, height, channels }: Image, wanted: 1 | 3): ReadImage {
  const pixels = width * height;
  const hasAlpha = channels % 2 === 0;
  const colors = hasAlpha ? channels - 1 : channels;
  const shift = data instanceof Uint16Array ? 8 : 0;
  if (colors === wanted && !hasAlpha && shift === 0)
    return { data: data as Uint8Array, shape: [height, width, wanted] };
  const result = new Uint8Array(pixels * wanted);
  const color = [0, 0, 0];
  for (let i = 0; i < pixels; i++) {
    const alpha = hasAlpha ? data[i * channels + colors] >> shift : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[i * channels + (colors === 1 ? 0 : c)] >> shift;
      // On white, as pages show it.
      color[c] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
    // The weights of ITU-R 601, in parts of 65,536.
    if (wanted === 1)
      result[i] = colors === 1 ? color[0] : (color[0] * 19595 + color[1] * 38470 + color[2] * 7471 + 32768) >> 16; // prettier-ignore
    else result.set(color, 3 * i);
  }
  return { data: result, shape: [height, width, wanted] };
}

/** An image at the size that is asked for. */
function fitted(image: ReadImage, { width, height }: Pick<ImageOptions, "width" | "height">): ReadImage {
  const [rows, columns, channels] = image.shape;
  if (width === undefined || height === undefined || (rows === height && columns === width)) return image;
  const wide = resampled(Float64Array.from(image.data), rows, columns, width, channels);
  const tall = resampled(turned(wide, rows, width, channels), width, rows, height, channels);
  const data = Uint8Array.from(turned(tall, width, height, channels), (value) => Math.min(255, Math.max(0, Math.round(value)))); // prettier-ignore
  return { data, shape: [height, width, channels] };
}

/** Rows of another length: each value a mean of those near it, weighted by a triangle as wide as a step is. */
function resampled(data: Float64Array, rows: number, from: number, to: number, channels: number): Float64Array {
  const result = new Float64Array(rows * to * channels);
  const step = from / to;
  const reach = Math.max(1, step);
  for (let x = 0; x < to; x++) {
    const center = (x + 0.5) * step;
    const begin = Math.max(0, Math.floor(center - reach));
    const end = Math.min(from, Math.ceil(center + reach));
    const weights = Array.from({ length: end - begin }, (_, i) => Math.max(0, 1 - Math.abs(begin + i + 0.5 - center) / reach)); // prettier-ignore
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let i = begin; i < end; i++) sum += weights[i - begin] * data[(row * from + i) * channels + c];
        result[(row * to + x) * channels + c] = sum / total;
      }
    }
  }
  return result;
}

/** Rows become columns. */
function turned(data: Float64Array, rows: number, columns: number, channels: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let c = 0; c < channels; c++) result[(column * rows + row) * channels + c] = data[(row * columns + column) * channels + c]; // prettier-ignore
    }
  }
  return result;
}

/** Images of one size in one array, gray ones among colors with three equal channels. */
function stacked(images: readonly ReadImage[], channels: 1 | 3): ReadImages["x"] {
  const [height, width] = images[0].shape;
  const size = height * width * channels;
  const data = new Uint8Array(images.length * size);
  for (const [i, { data: own, shape }] of images.entries()) {
    if (shape[2] === channels) data.set(own, i * size);
    else for (let k = 0; k < own.length; k++) data.fill(own[k], i * size + 3 * k, i * size + 3 * k + 3);
  }
  return { data, shape: [images.length, height, width, channels] };
}
