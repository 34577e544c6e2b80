// Every number of the view "Step by step" is the library's own: those that are shown are held against `trace`, `gradients`
// and formulas written out here, for all examples and after changes at random.
import { Network, dense } from "propago";
import { expect, test } from "vitest";
import { randomFrom } from "../play/model/exact.ts";
import {
  centralDifference,
  numbersOf,
  openStep,
  PRESETS,
  readNumbers,
  stepped,
  writeNumbers,
  type Numbers,
  type Preset,
  type PresetName,
} from "../play/steps/model.ts";

/** All numbers, changed a little at random. */
function shaken(numbers: Numbers, random: () => number): Numbers {
  const shake = (list: readonly number[]) => list.map((value) => (random() < 0.3 ? value + random() - 0.5 : value));
  return {
    ...numbers,
    x: shake(numbers.x),
    y: shake(numbers.y),
    layers: numbers.layers.map(({ weights, bias }) => ({ weights: shake(weights), bias: shake(bias) })),
  };
}

test("numbers are those of trace and gradients, and of the formulas shown, after a hundred changes", () => {
  const random = randomFrom(5);
  for (const name of Object.keys(PRESETS) as PresetName[]) {
    const { units, activation, keepsBiases } = PRESETS[name] as Preset;
    let numbers = numbersOf(name);
    for (let change = 0; change <= 100; change++) {
      const { loss, layers } = openStep(numbers);
      const network = new Network({
        inputs: units[0],
        layers: units.slice(1).map((count) => dense(count, activation, keepsBiases ? { trainable: "weights" } : {})),
        loss: "squaredError",
        dtype: "float64",
      });
      network.setWeights(numbers.layers);
      const trace = network.trace(numbers.x, numbers.y);
      const gradients = network.gradients({ x: [numbers.x], y: [numbers.y] });
      expect(loss).toBe(trace.loss);
      layers.forEach(({ z, a, delta, gradients: of, after }, layer) => {
        expect([z, a, delta]).toEqual([trace.layers[layer].z, trace.layers[layer].a, trace.layers[layer].delta].map((list) => Array.from(list))); // prettier-ignore
        expect(of.weights).toEqual(Array.from(gradients[layer].weights));
        const inputs = layer === 0 ? numbers.x : layers[layer - 1].a;
        of.weights.forEach((gradient, index) => {
          const [from, to] = [Math.floor(index / delta.length), index % delta.length];
          expect(gradient).toBeCloseTo(inputs[from] * delta[to], 12);
          expect(after.weights[index]).toBeCloseTo(numbers.layers[layer].weights[index] - numbers.rate * gradient, 10);
        });
      });
      network.dispose();
      const smooth = activation === "sigmoid" ? layers[0].gradients.weights[0] : undefined;
      if (smooth !== undefined) expect(centralDifference(numbers, 0, 0)).toBeCloseTo(smooth, 7);
      expect(readNumbers(writeNumbers(numbers))).toEqual(numbers);
      numbers = shaken(numbers, random);
    }
  }
});

test("the example that courses compute by hand comes out as they print it", () => {
  const { loss, layers } = openStep(numbersOf("two"));
  expect(loss).toBeCloseTo(0.298371109, 9);
  expect(layers[1].after.weights[0]).toBeCloseTo(0.35891648, 8);
  const later = openStep(stepped(numbersOf("two"), 10_000));
  expect(later.loss).toBeLessThan(0.00004);
  expect(readNumbers("p=toString&v=1,2,3")).toEqual(numbersOf("two"));
});
