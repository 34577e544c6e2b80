// The five stages of one step as rows of formula, numbers and result. Formulas are MathML, made of small pieces here.
import { type ComponentChildren } from "preact";
import { PRESETS, type Activation, type Numbers, type Opened, type Preset } from "./model.ts";
import { shown } from "./scrub.tsx";

export const STAGES = ["Forward", "Loss", "Errors", "Gradients", "Update"] as const;

export interface Row {
  /** Equal for the same row before and after a change. */
  key: string;
  formula: ComponentChildren;
  /** The formula with the numbers of now. */
  numbers: string;
  value: number;
  /** What of the graph it speaks of: `a:1:0` a unit, `w:0:3` a weight, `d:1:0` its error. */
  speaks: string[];
  /** For gradients: which weight, to be measured. */
  weight?: { layer: number; index: number };
}

/** Brackets that stay as high as a letter. */
const bracket = (sign: string) => <mo {...({ stretchy: "false" } as object)}>{sign}</mo>;
const LEFT = bracket("(");
const RIGHT = bracket(")");

const v = (name: string, low?: ComponentChildren, high?: ComponentChildren) => {
  if (low === undefined) return <mi>{name}</mi>;
  return high === undefined ? <msub><mi>{name}</mi><mn>{low}</mn></msub> : <msubsup><mi>{name}</mi><mn>{low}</mn><mtext>({high})</mtext></msubsup>; // prettier-ignore
};
const o = (sign: string) => <mo>{sign}</mo>;
const math = (...parts: ComponentChildren[]) => (
  <math>
    <mrow>{parts}</mrow>
  </math>
);
const fraction = (top: ComponentChildren, bottom: ComponentChildren) => <mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>; // prettier-ignore

const signed = (value: number) => (value < 0 ? `(${shown(value)})` : shown(value));

const SLOPES: Readonly<
  Record<Activation, { name: string; text: (z: number, a: number) => string; slope: (z: number, a: number) => number }>
> = {
  sigmoid: { name: "σ", text: (_z, a) => `${shown(a)} · (1 − ${shown(a)})`, slope: (_z, a) => a * (1 - a) },
  tanh: { name: "tanh", text: (_z, a) => `(1 − ${shown(a)}²)`, slope: (_z, a) => 1 - a * a },
  relu: { name: "relu", text: (z) => (z > 0 ? "1" : "0"), slope: (z) => (z > 0 ? 1 : 0) },
  linear: { name: "", text: () => "1", slope: () => 1 },
};

/** The rows of one stage. */
export function rowsOf(stage: number, numbers: Numbers, opened: Opened): Row[] {
  return [forward, loss, errors, gradients, update][stage](numbers, opened);
}

/** What comes into a layer. */
const inputsOf = ({ x }: Numbers, { layers }: Opened, layer: number) => (layer === 0 ? x : layers[layer - 1].a);
const activationOf = ({ preset }: Numbers) => (PRESETS[preset] as Preset).activation;

function forward(numbers: Numbers, opened: Opened): Row[] {
  const { name } = SLOPES[activationOf(numbers)];
  return opened.layers.flatMap(({ z, a }, layer) => {
    const inputs = inputsOf(numbers, opened, layer);
    const { weights, bias } = numbers.layers[layer];
    const units = z.length;
    return z.flatMap((value, unit): Row[] => {
      const terms = inputs.map((input, from) => `${signed(weights[from * units + unit])} · ${signed(input)}`);
      const uses = inputs.map((_, from) => `w:${layer}:${from * units + unit}`);
      const inputName = layer === 0 ? v("x", "i") : v("a", "i", layer);
      return [
        {
          key: `z:${layer}:${unit}`,
          formula: math(v("z", unit + 1, layer + 1), o("="), <munder><mo>∑</mo><mi>i</mi></munder>, v("w", `i${unit + 1}`), inputName, o("+"), v("b", unit + 1)), // prettier-ignore
          numbers: `${terms.join(" + ")} + ${signed(bias[unit])}`,
          value,
          speaks: [`a:${layer + 1}:${unit}`, ...uses, ...inputs.map((_, from) => `a:${layer}:${from}`)],
        },
        {
          key: `a:${layer}:${unit}`,
          formula: math(v("a", unit + 1, layer + 1), o("="), <mi>{name || "z"}</mi>, name ? <mrow>{LEFT}{v("z", unit + 1, layer + 1)}{RIGHT}</mrow> : null), // prettier-ignore
          numbers: `${name}(${shown(value)})`,
          value: a[unit],
          speaks: [`a:${layer + 1}:${unit}`],
        },
      ];
    });
  });
}

function loss({ y }: Numbers, opened: Opened): Row[] {
  const { a } = opened.layers[opened.layers.length - 1];
  return [
    {
      key: "loss",
      formula: math(v("E"), o("="), fraction(<mn>1</mn>, <mn>2</mn>), <munder><mo>∑</mo><mi>j</mi></munder>, <msup><mrow>{LEFT}{v("a", "j")}<mo>−</mo>{v("y", "j")}{RIGHT}</mrow><mn>2</mn></msup>), // prettier-ignore
      numbers: `½ · (${y.map((target, unit) => `(${shown(a[unit])} − ${signed(target)})²`).join(" + ")})`,
      value: opened.loss,
      speaks: y.map((_, unit) => `a:${opened.layers.length}:${unit}`),
    },
  ];
}

function errors(numbers: Numbers, opened: Opened): Row[] {
  const last = opened.layers.length - 1;
  const { text } = SLOPES[activationOf(numbers)];
  const rows: Row[] = [];
  for (let layer = last; layer >= 0; layer--) {
    const { z, a, delta } = opened.layers[layer];
    delta.forEach((value, unit) => {
      const slope = <mrow><msup><mi>f</mi><mo>′</mo></msup>{LEFT}{v("z", unit + 1)}{RIGHT}</mrow>; // prettier-ignore
      if (layer === last) {
        rows.push({
          key: `d:${layer}:${unit}`,
          formula: math(v("δ", unit + 1, layer + 1), o("="), <mrow>{LEFT}{v("a", unit + 1)}<mo>−</mo>{v("y", unit + 1)}{RIGHT}</mrow>, o("·"), slope), // prettier-ignore
          numbers: `(${shown(a[unit])} − ${signed(numbers.y[unit])}) · ${text(z[unit], a[unit])}`,
          value,
          speaks: [`a:${layer + 1}:${unit}`, `d:${layer}:${unit}`],
        });
        return;
      }
      const next = opened.layers[layer + 1].delta;
      const weights = numbers.layers[layer + 1].weights;
      const terms = next.map((error, to) => `${signed(weights[unit * next.length + to])} · ${signed(error)}`);
      rows.push({
        key: `d:${layer}:${unit}`,
        formula: math(v("δ", unit + 1, layer + 1), o("="), slope, o("·"), <munder><mo>∑</mo><mi>k</mi></munder>, v("w", `${unit + 1}k`), v("δ", "k", layer + 2)), // prettier-ignore
        numbers: `${text(z[unit], a[unit])} · (${terms.join(" + ")})`,
        value,
        speaks: [`a:${layer + 1}:${unit}`, ...next.map((_, to) => `w:${layer + 1}:${unit * next.length + to}`), ...next.map((_, to) => `a:${layer + 2}:${to}`)], // prettier-ignore
      });
    });
  }
  return rows;
}

function gradients(numbers: Numbers, opened: Opened): Row[] {
  return opened.layers.flatMap(({ delta, gradients: of }, layer) => {
    const inputs = inputsOf(numbers, opened, layer);
    const units = delta.length;
    return of.weights.map((value, index): Row => {
      const [from, unit] = [Math.floor(index / units), index % units];
      return {
        key: `g:${layer}:${index}`,
        formula: math(fraction(<><mo>∂</mo>{v("E")}</>, <><mo>∂</mo>{v("w", `${from + 1}${unit + 1}`, layer + 1)}</>), o("="), layer === 0 ? v("x", from + 1) : v("a", from + 1, layer), o("·"), v("δ", unit + 1, layer + 1)), // prettier-ignore
        numbers: `${signed(inputs[from])} · ${signed(delta[unit])}`,
        value,
        speaks: [`w:${layer}:${index}`, `a:${layer}:${from}`, `a:${layer + 1}:${unit}`],
        weight: { layer, index },
      };
    });
  });
}

function update(numbers: Numbers, opened: Opened): Row[] {
  return opened.layers.flatMap(({ gradients: of, after }, layer) => {
    const units = of.bias.length;
    return after.weights.map((value, index): Row => {
      const name = `${Math.floor(index / units) + 1}${(index % units) + 1}`;
      return {
        key: `u:${layer}:${index}`,
        formula: math(v("w", name, layer + 1), o("←"), v("w", name, layer + 1), o("−"), v("η"), o("·"), fraction(<><mo>∂</mo>{v("E")}</>, <><mo>∂</mo>{v("w", name)}</>)), // prettier-ignore
        numbers: `${shown(numbers.layers[layer].weights[index])} − ${shown(numbers.rate)} · ${signed(of.weights[index])}`,
        value,
        speaks: [`w:${layer}:${index}`],
      };
    });
  });
}
