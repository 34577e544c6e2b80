// The colours of answers: orange for no and below zero, blue for yes and above, mixed in OKLab so that both ends are
// equally light. They are the same for every colour vision to tell apart; shapes and dashes say the same once more.
import { signal } from "@preact/signals";

type Rgb = readonly [number, number, number];

const hex = (text: string): Rgb => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as unknown as Rgb;

const linear = (value: number) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const gamma = (value: number) => 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055);

function toLab([red, green, blue]: Rgb): Rgb {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([L, a, b]: Rgb): Rgb {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const mixed = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return mixed.map((value) => Math.round(Math.min(255, Math.max(0, gamma(Math.max(0, value)))))) as unknown as Rgb;
}

function mix(one: Rgb, other: Rgb, part: number): Rgb {
  const [a, b] = [toLab(one), toLab(other)];
  return fromLab(a.map((value, k) => value + (b[k] - value) * part) as unknown as Rgb);
}

export interface Palette {
  isDark: boolean;
  negative: string;
  zero: string;
  positive: string;
  paper: string;
  text: string;
  muted: string;
  line: string;
  train: string;
  test: string;
  accent: string;
  classes: readonly string[];
  /** 256 colours from negative to positive, as ImageData has them: low byte red. */
  map: Uint32Array;
  /** For each class 256 colours from paper to its own. */
  classMaps: readonly Uint32Array[];
}

const packed = ([r, g, b]: Rgb) => (255 << 24) | (b << 16) | (g << 8) | r;

/** The hues of Okabe and Ito, as far as they are no neighbours. */
const HUES = {
  light: ["#b85207", "#2076c9", "#00805d", "#a8457f", "#7a6a00", "#5a52b5"],
  dark: ["#f0903c", "#5db2f7", "#3fd3a4", "#f08cc4", "#e6d64a", "#aaa4f5"],
};

function makePalette(isDark: boolean): Palette {
  const [negative, zero, positive] = isDark ? ["#f0903c", "#1f2328", "#5db2f7"] : ["#b85207", "#f5f5f3", "#2076c9"];
  const map = new Uint32Array(256);
  const softer = isDark ? 0.66 : 0.62;
  for (let k = 0; k < 256; k++) {
    const part = (k - 127.5) / 127.5;
    const end = hex(part < 0 ? negative : positive);
    map[k] = packed(mix(hex(zero), end, Math.abs(part) ** 0.9 * softer));
  }
  const classes = isDark ? HUES.dark : HUES.light;
  const classMaps = classes.map((colour) =>
    Uint32Array.from({ length: 256 }, (_, k) => packed(mix(hex(zero), hex(colour), (k / 255) * 0.7))),
  );
  return {
    isDark,
    negative,
    zero,
    positive,
    paper: isDark ? "#14171a" : "#ffffff",
    text: isDark ? "#e8eaed" : "#1a1d21",
    muted: isDark ? "#9aa4af" : "#5a6470",
    line: isDark ? "#2c3238" : "#e2e3e1",
    train: isDark ? "#e8eaed" : "#1a1d21",
    test: isDark ? "#c79bea" : "#7a3fa0",
    accent: isDark ? "#5fd39a" : "#0b6b3a",
    classes,
    map,
    classMaps,
  };
}

const palettes = new Map<boolean, Palette>();

export function paletteOf(isDark: boolean): Palette {
  let palette = palettes.get(isDark);
  if (palette === undefined) palettes.set(isDark, (palette = makePalette(isDark)));
  return palette;
}

export type Theme = "auto" | "light" | "dark";

const wantsDark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  try {
    const theme = localStorage.getItem("propago-theme");
    return theme === "light" || theme === "dark" ? theme : "auto";
  } catch {
    return "auto";
  }
}

export const theme = signal<Theme>(stored());
export const palette = signal(paletteOf(false));

function apply(): void {
  const isDark = theme.value === "auto" ? wantsDark.matches : theme.value === "dark";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  palette.value = paletteOf(isDark);
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", isDark ? "#0f1214" : "#f6f6f4");
}

export function setTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem("propago-theme", next);
  } catch {
    // Without storage the choice holds until the page is left.
  }
  apply();
}

wantsDark.addEventListener("change", apply);
apply();
