// The core's functions in plain JavaScript, as text for standalone modules: the same operations in the same order as
// assembly/math.ts and assembly/activations.ts, each rounded by f (Math.fround, or nothing in float64). So they give the
// core's bits. Coefficients are those of assembly/math.ts.
import type { DType } from "../ground/arrays.ts";

/** A piece of source: its text in each precision, and the pieces that it calls. */
interface Piece {
  needs: readonly string[];
  text: string | Readonly<Record<DType, string>>;
}

/** Σ c_i x^i from the highest coefficient down, each step rounded. */
function horner(variable: string, first: string, coefficients: readonly string[]): string {
  return coefficients.reduce((sum, c) => `f(f(${sum} * ${variable}) + f(${c}))`, `f(${first})`);
}

const POWER: Piece = {
  needs: [],
  text: {
    float32: `const word = new Int32Array(1);
const real = new Float32Array(word.buffer);
/** 2^n */
const power = (n) => ((word[0] = (n + 127) << 23), real[0]);`,
    float64: `const word = new BigInt64Array(1);
const real = new Float64Array(word.buffer);
/** 2^n */
const power = (n) => ((word[0] = BigInt(n + 1023) << 52n), real[0]);`,
  },
};

const EXP: Piece = {
  needs: ["power", "nearest"],
  text: {
    float32: `function exp(x) {
  const c = x < -105 ? -105 : x > 90 ? 90 : x;
  const n = nearest(f(c * f(1.4426950408889634)));
  let r = f(c - f(n * f(0.693359375)));
  r = f(r - f(n * f(-2.1219444e-4)));
  const s = f(r * r);
  const p01 = f(f(f(1.98756915e-4) * r) + f(1.3981999507e-3));
  const p23 = f(f(f(8.3334519073e-3) * r) + f(4.1665795894e-2));
  const p45 = f(f(f(1.6666665459e-1) * r) + f(5.0000001201e-1));
  let p = f(f(f(f(p01 * s) + p23) * s) + p45);
  p = f(f(f(p * s) + r) + 1);
  const e = n | 0;
  const half = e >> 1;
  p = f(p * power(half));
  return f(p * power(e - half));
}`,
    float64: `function exp(x) {
  const c = x < -746 ? -746 : x > 710 ? 710 : x;
  const n = nearest(c * 1.4426950408889634);
  const high = c - n * 6.9314718036912381649e-1;
  const low = n * 1.90821492927058770002e-10;
  const r = high - low;
  const t = r * r;
  let p = 4.13813679705723846039e-8;
  p = p * t + -1.6533902205465251539e-6;
  p = p * t + 6.61375632143793436117e-5;
  p = p * t + -2.77777777770155933842e-3;
  p = p * t + 1.66666666666666019037e-1;
  const d = r - p * t;
  const y = 1 + (((r * d) / (2 - d) - low) + high);
  const e = n | 0;
  const half = e >> 1;
  return y * power(half) * power(e - half);
}`,
  },
};

const LOG: Piece = {
  needs: ["power"],
  text: {
    float32: `function log(x) {
  if (x === 0) return -Infinity;
  if (x < 0) return NaN;
  if (!(x < Infinity)) return x;
  const tiny = x < f(1.17549435e-38);
  real[0] = tiny ? f(x * 33554432) : x;
  const bits = (word[0] + (0x3f800000 - 0x3f3504f3)) | 0;
  const k = (bits >>> 23) - 127 - (tiny ? 25 : 0);
  word[0] = (bits & 0x007fffff) + 0x3f3504f3;
  const t = f(real[0] - 1);
  const s = f(t / f(2 + t));
  const z = f(s * s);
  const r = f(${horner("z", "0.24279078841", ["0.28498786688", "0.40000972152", "0.66666662693"])} * z);
  const q = f(f(f(0.5) * t) * t);
  let y = f(f(s * f(q + r)) + f(k * f(9.0580006145e-6)));
  y = f(f(y - q) + t);
  return f(y + f(k * f(6.9313812256e-1)));
}`,
    float64: `function log(x) {
  if (x === 0) return -Infinity;
  if (x < 0) return NaN;
  if (!(x < Infinity)) return x;
  const tiny = x < 2.2250738585072014e-308;
  real[0] = tiny ? x * 18014398509481984 : x;
  const bits = word[0] + (0x3ff0000000000000n - 0x3fe6a09e667f3bcdn);
  const k = Number(bits >> 52n) - 1023 - (tiny ? 54 : 0);
  word[0] = (bits & 0x000fffffffffffffn) + 0x3fe6a09e667f3bcdn;
  const t = real[0] - 1;
  const s = t / (2 + t);
  const z = s * s;
  const r = ${horner("z", "1.479819860511658591e-1", ["1.531383769920937332e-1", "1.818357216161805012e-1", "2.222219843214978396e-1", "2.857142874366239149e-1", "3.999999999940941908e-1", "6.66666666666673513e-1"])} * z;
  const q = 0.5 * t * t;
  let y = s * (q + r) + k * 1.90821492927058770002e-10;
  y = y - q + t;
  return y + k * 6.9314718036912381649e-1;
}`,
  },
};

const TANH: Piece = {
  needs: ["exp"],
  text: {
    float32: `function tanh(x) {
  const a = Math.abs(x);
  let y;
  if (a < 0.625) {
    const q = f(x * x);
    const p = ${horner("q", "-5.70498872745e-3", ["2.06390887954e-2", "-5.37397155531e-2", "1.33314422036e-1", "-3.33332819422e-1"])};
    y = f(f(f(p * q) * a) + a);
  } else {
    y = f(1 - f(2 / f(exp(f(2 * a)) + 1)));
  }
  return x < 0 || Object.is(x, -0) ? -Math.abs(y) : Math.abs(y);
}`,
    float64: `function tanh(x) {
  const a = Math.abs(x);
  let y;
  if (a < 0.625) {
    const q = x * x;
    let c = 17 + q / 19;
    for (let odd = 15; odd >= 3; odd -= 2) c = odd + q / c;
    const u = q / c;
    y = a - (a * u) / (1 + u);
  } else {
    y = 1 - 2 / (exp(2 * a) + 1);
  }
  return x < 0 || Object.is(x, -0) ? -Math.abs(y) : Math.abs(y);
}`,
  },
};

const BELL: Piece = {
  needs: ["exp"],
  text: {
    float32: `function bell(x, s) {
  const a = Math.abs(x) > 64 ? 64 : Math.abs(x);
  real[0] = a;
  word[0] &= 0xfffff000;
  const high = real[0];
  const rest = f(f(a - high) * f(a + high));
  return f(exp(f(-s * f(high * high))) * exp(f(-s * rest)));
}`,
    float64: `function bell(x, s) {
  const a = Math.abs(x) > 64 ? 64 : Math.abs(x);
  real[0] = a;
  word[0] &= ~0x7ffffffn;
  const high = real[0];
  const rest = (a - high) * (a + high);
  return exp(-s * (high * high)) * exp(-s * rest);
}`,
  },
};

const NORMAL_32 = ["-5.8055778938e-5", "6.8692939885e-4", "-3.1154740812e-4", "-5.0028928366e-3", "0.017944474109", "-0.032196889809", "0.028599245047", "0.013999494467", "-0.096703435273", "0.47205320924"]; // prettier-ignore
const NORMAL_64 = ["-6.63911662631812976e-9", "1.60836252672347529e-7", "-2.16481000479467951e-7", "-8.27311490475818773e-7", "4.38538100047117699e-6", "-7.47218086215939232e-6", "-1.43401904971730327e-5", "1.42885785253955003e-4", "-5.67101957843595312e-4", "1.61511911143647062e-3", "-3.70585834227425365e-3", "7.15044358343969164e-3", "-0.0117875894827333639", "0.0165597317610940545", "-0.019276558380559141", "0.0168621730490554301", "-6.24079172139059734e-3", "-0.0143146428345083914", "0.0439113584580905936", "-0.0785364174091143792", "0.447147859524324251"]; // prettier-ignore

function normal(k: number, first: string, coefficients: readonly string[]): string {
  return `function normal(x) {
  const a = Math.abs(x) > 64 ? 64 : Math.abs(x);
  const t = f(f(a - ${k}) / f(a + ${k}));
  let p = f(${first});
${coefficients.map((c) => `  p = f(f(p * t) + f(${c}));`).join("\n")}
  const tail = f(f(bell(x, 0.5) * p) / f(1 + a));
  return x < 0 ? tail : f(1 - tail);
}`;
}

function sine(parts: readonly string[], first: string, coefficients: readonly string[]): string {
  return `function sine(x) {
  const m = nearest(f(f(x * f(0.3183098861837906715)) + 0));
  let r = f(x - f(m * f(${parts[0]})));
  r = f(r - f(m * f(${parts[1]})));
  r = f(r - f(m * f(${parts[2]})));
  r = r < -2 ? -2 : r > 2 ? 2 : r;
  const q = f(r * r);
  const p = ${horner("q", first, coefficients)};
  const y = f(r + f(f(r * q) * p));
  const half = f(m * 0.5);
  const odd = f(half - Math.floor(half));
  return f(y - f(f(4 * odd) * y));
}`;
}

/** Functions of numbers by the names under which they are called. */
const PIECES: Readonly<Record<string, Piece>> = {
  power: POWER,
  nearest: {
    needs: [],
    text: `/** The nearest whole number, to even where two are as near. */
const nearest = (x) => {
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const y = x < 0 ? x - 4503599627370496 + 4503599627370496 : x + 4503599627370496 - 4503599627370496;
  return y === 0 ? x * 0 : y;
};`,
  },
  exp: EXP,
  log: LOG,
  tanh: TANH,
  bell: BELL,
  normal: {
    needs: ["bell"],
    text: {
      float32: normal(4, "-6.917045743e-5", NORMAL_32),
      float64: normal(7, "-1.42225568392869445e-8", NORMAL_64),
    },
  },
  sine: {
    needs: ["nearest"],
    text: {
      float32: sine(["3.140625", "9.67502593994140625e-4", "1.50995799098e-7"], "2.6345195629e-6", ["-1.9822666313e-4", "8.3332415922e-3", "-0.16666665958"]), // prettier-ignore
      float64: sine(["3.141592653468251228", "1.215420101260793195e-10", "4.0445324975919014648e-21"], "2.73128689130923065e-15", ["-7.64395762256061703e-13", "1.60589769150950071e-10", "-2.50521076108611583e-8", "2.75573192191150112e-6", "-1.98412698412547951e-4", "8.33333333333331562e-3", "-0.166666666666666666"]), // prettier-ignore
    },
  },
  sigmoid: {
    needs: ["exp"],
    text: `function sigmoid(x) {
  const e = exp(-Math.abs(x));
  return f((x < 0 ? e : 1) / f(1 + e));
}`,
  },
  expm1: {
    needs: ["tanh"],
    text: `function expm1(x) {
  const t = tanh(f(x * 0.5));
  return f(f(t + t) / f(1 - t));
}`,
  },
  log1p: {
    needs: ["log"],
    text: `function log1p(x) {
  const u = f(1 + x);
  const rounded = f(u - 1);
  return rounded === 0 ? x : f(f(log(u) * x) / rounded);
}`,
  },
  log1pExp: {
    needs: ["log1p", "exp"],
    text: `const log1pExp = (z) => log1p(exp(-Math.abs(z)));`,
  },
  clamp: {
    needs: [],
    text: `const clamp = (z, low, high) => {
  const a = z < low ? low : z;
  return high < a ? high : a;
};`,
  },
  elu: {
    needs: ["expm1"],
    text: `const elu = (z, h, r) => (z > 0 ? z : f(h * expm1(f(z / r))));`,
  },
  softplus: {
    needs: ["log1pExp"],
    text: `const softplus = (z) => f((z < 0 ? 0 : z) + log1pExp(z));`,
  },
  hardSigmoid: {
    needs: ["clamp"],
    text: `const hardSigmoid = (z) => f(clamp(f(z + 3), 0, 6) / 6);`,
  },
  mish: {
    needs: ["exp"],
    text: `function mish(z) {
  const e = exp(-Math.abs(z));
  const q = f(1 + e);
  const top = z < 0 ? f(e * f(2 + e)) : f(1 + f(2 * e));
  return f(z * f(top / f(f(q * q) + (z < 0 ? 1 : f(e * e)))));
}`,
  },
  geluTanh: {
    needs: ["sigmoid"],
    text: `function geluTanh(z) {
  const s = f(z * z);
  const c = f(1 + f(f(0.044715) * (1024 < s ? 1024 : s)));
  return f(z * sigmoid(f(f(f(1.5957691216057307117) * z) * c)));
}`,
  },
};

/** For each activation of single numbers: its value as an expression of z and of the parameter p, and what that calls. */
const ACTIVATIONS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  sigmoid: ["sigmoid(z)", "sigmoid"],
  tanh: ["tanh(z)", "tanh"],
  relu: ["z < 0 ? 0 : z"],
  leakyRelu: ["z <= 0 ? f(z * p) : z"],
  elu: ["elu(z, p, 1)", "elu"],
  celu: ["elu(z, p, p)", "elu"],
  selu: ["f(f(1.0507009873554804934) * elu(z, f(1.6732632423543772848), 1))", "elu"],
  gelu: ["f(z * normal(z))", "normal"],
  geluTanh: ["geluTanh(z)", "geluTanh"],
  silu: ["f(z * sigmoid(z))", "sigmoid"],
  mish: ["mish(z)", "mish"],
  softplus: ["softplus(z)", "softplus"],
  logSigmoid: ["-softplus(-z)", "softplus"],
  softsign: ["f(z / f(1 + Math.abs(z)))"],
  hardSigmoid: ["hardSigmoid(z)", "hardSigmoid"],
  hardTanh: ["clamp(z, -1, 1)", "clamp"],
  hardSwish: ["f(z * hardSigmoid(z))", "hardSigmoid"],
  relu6: ["clamp(z, 0, 6)", "clamp"],
  gaussian: ["bell(z, 1)", "bell"],
  sine: ["sine(z)", "sine"],
};

/** An activation's value as an expression of z and p; undefined for those that take a row at once. */
export function activationExpression(name: string): string | undefined {
  return Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name][0] : undefined;
}

/** The functions that these activations call, each once, in an order in which each is there before it is used. */
export function functionsFor(activations: Iterable<string>, dtype: DType): string {
  const written = new Map<string, string>();
  const add = (name: string) => {
    if (written.has(name)) return;
    const { needs, text } = PIECES[name];
    needs.forEach(add);
    written.set(name, typeof text === "string" ? text : text[dtype]);
  };
  for (const name of activations) {
    if (Object.hasOwn(ACTIVATIONS, name)) ACTIVATIONS[name].slice(1).forEach(add);
    else if (name === "softmax") add("exp");
    else if (name === "logSoftmax") ["exp", "log1p"].forEach(add);
  }
  return [...written.values()].join("\n\n");
}
