// The textbooks' worked examples through the public interface, to every digit that the textbooks print.
import { describe, expect, test } from "vitest";
import { dense, Network } from "../src/index.ts";

/** Whether a number, rounded as the textbook rounds it, reads as the textbook prints it. */
function expectDigits(value: number, printed: string): void {
  const decimals = printed.split(".")[1]?.length ?? 0;
  expect(value.toFixed(decimals)).toBe(Number(printed).toFixed(decimals));
}

function expectAllDigits(values: ArrayLike<number>, printed: string): void {
  const words = printed.split(" ");
  expect(values.length).toBe(words.length);
  words.forEach((word, k) => expectDigits(values[k], word));
}

// Nine printed digits are more than a float32 holds, so these run in both precisions: float64 must show every digit,
// float32 must be within its rounding of the same numbers.
const precisions = ["float32", "float64"] as const;

describe("logic gates with given weights (Ng)", () => {
  const everyPair = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const gates = [
    { name: "AND", bias: -30, weights: [20, 20], table: [0, 0, 0, 1] },
    { name: "NOR", bias: 10, weights: [-20, -20], table: [1, 0, 0, 0] },
    { name: "OR", bias: -10, weights: [20, 20], table: [0, 1, 1, 1] },
  ];

  test.each(gates)("$name", ({ bias, weights, table }) => {
    using gate = new Network({ inputs: 2, layers: [dense(1, "sigmoid")] });
    gate.setWeights([{ weights, bias: [bias] }]);
    const outputs = Array.from(gate.predict(everyPair));
    expect(outputs.map(Math.round)).toEqual(table);
    // The weighted inputs are ±10 or beyond, so every output is within σ(−10) = 4.54e-5 of 0 or 1.
    outputs.forEach((output, k) => expect(Math.abs(output - table[k])).toBeLessThan(4.6e-5));
  });

  test("XNOR is OR(AND, NOR)", () => {
    using network = new Network({ inputs: 2, layers: [dense(2, "sigmoid"), dense(1, "sigmoid")] });
    network.setWeights([
      {
        weights: [
          [20, -20],
          [20, -20],
        ],
        bias: [-30, 10],
      },
      { weights: [[20], [20]], bias: [-10] },
    ]);
    expect(Array.from(network.predict(everyPair), Math.round)).toEqual([1, 0, 0, 1]);
  });
});

describe.each(precisions)("one sigmoid neuron (CS231n), %s", (dtype) => {
  const x = [-1, -2];
  const neuron = () => {
    const network = new Network({
      inputs: 2,
      layers: [dense(1, "sigmoid")],
      loss: "squaredError",
      optimizer: { name: "sgd", learningRate: 1 },
      dtype,
    });
    network.setWeights([{ weights: [2, -3], bias: [-3] }]);
    return network;
  };

  test("output and its gradients", () => {
    using network = neuron();
    const [output] = network.predict([x]);
    expectDigits(output, "0.73");

    // Squared error has ∂E/∂a = a − y: with a target one below the output, gradients of E are gradients of the output.
    const [layer] = network.trace(x, [output - 1]).layers;
    expectAllDigits(layer.gradients!.weights, "-0.20 -0.39");
    expectAllDigits(layer.gradients!.bias!, "0.20");

    // ∂E/∂x = W δ.
    const [{ weights }] = network.getWeights();
    expectAllDigits(
      Array.from(weights, (w) => w * layer.delta[0]),
      "0.39 -0.59",
    );
  });

  test("nineteen updates towards 0.43", () => {
    using network = neuron();
    const printed: Record<number, string> = {
      1: "2.06 -2.88 -3.06 0.66",
      2: "2.11 -2.78 -3.11 0.58",
      3: "2.15 -2.70 -3.15 0.53",
      19: "2.21 -2.57 -3.21 0.43",
    };
    for (let update = 1; update <= 19; update++) {
      network.trainOnBatch({ x: [x], y: [[0.43]] });
      if (!(update in printed)) continue;
      const [{ weights, bias }] = network.getWeights();
      expectAllDigits([...weights, ...bias!, ...network.predict([x])], printed[update]);
    }
  });
});

describe.each(precisions)("2-2-2 network (Mazur), %s", (dtype) => {
  const data = { x: [[0.05, 0.1]], y: [[0.01, 0.99]] };
  const network = () => {
    const network = new Network({
      inputs: 2,
      layers: [dense(2, "sigmoid", { trainable: "weights" }), dense(2, "sigmoid", { trainable: "weights" })],
      loss: "squaredError",
      optimizer: { name: "sgd", learningRate: 0.5 },
      dtype,
    });
    // w1, w2 lead to the first hidden neuron, w3, w4 to the second; rows here are inputs, columns are neurons.
    network.setWeights([
      {
        weights: [
          [0.15, 0.25],
          [0.2, 0.3],
        ],
        bias: [0.35, 0.35],
      },
      {
        weights: [
          [0.4, 0.5],
          [0.45, 0.55],
        ],
        bias: [0.6, 0.6],
      },
    ]);
    return network;
  };
  /** A float32 shows about seven of nine printed digits. */
  const digits = (values: ArrayLike<number>, printed: string) => {
    if (dtype === "float64") return expectAllDigits(values, printed);
    printed.split(" ").forEach((word, k) => expect(Math.abs(values[k] - Number(word))).toBeLessThan(2e-7));
  };

  test("forward", () => {
    using net = network();
    digits(net.predict(data.x), "0.75136507 0.772928465");
    digits([net.evaluate(data).loss], "0.298371109");
  });

  test("one update", () => {
    using net = network();
    digits([net.trainOnBatch(data)], "0.298371109");
    const [hidden, output] = net.getWeights();
    digits(hidden.weights, "0.149780716 0.24975114 0.19956143 0.29950229"); // w1 w3 w2 w4
    digits(output.weights, "0.35891648 0.511301270 0.408666186 0.561370121"); // w5 w7 w6 w8
    digits([net.evaluate(data).loss], "0.291027774");
  });

  test("10,000 updates, biases held", () => {
    using net = network();
    const before = net.getWeights().map(({ bias }) => bias);
    net.fitSync(data, { epochs: 10_000 });
    expectAllDigits(net.predict(data.x), "0.015914 0.984064");
    expect(net.getWeights().map(({ bias }) => bias)).toEqual(before);
  });
});

describe.each(precisions)("linear 2-2-1 network without biases (HMKCode), %s", (dtype) => {
  test("prediction, one update, prediction", () => {
    using network = new Network({
      inputs: 2,
      layers: [dense(2, "linear", { bias: false }), dense(1, "linear", { bias: false })],
      loss: "squaredError",
      optimizer: { name: "sgd", learningRate: 0.05 },
      dtype,
    });
    network.setWeights([
      {
        weights: [
          [0.11, 0.12],
          [0.21, 0.08],
        ],
      },
      { weights: [0.14, 0.15] },
    ]);
    const data = { x: [[2, 3]], y: [[1]] };
    expectAllDigits(network.predict(data.x), "0.191");
    network.trainOnBatch(data);
    const [hidden, output] = network.getWeights();
    expectAllDigits(output.weights, "0.1743825 0.169416"); // w5 w6
    expectAllDigits(hidden.weights, "0.121326 0.132135 0.226989 0.0982025"); // w1 w3 w2 w4
    expectAllDigits(network.predict(data.x), "0.2557458");
  });
});

describe("ten points in two classes (Higham & Higham, SIAM Review 2019)", () => {
  const x1 = [0.1, 0.3, 0.1, 0.6, 0.4, 0.6, 0.5, 0.9, 0.4, 0.7];
  const x2 = [0.1, 0.4, 0.5, 0.9, 0.2, 0.3, 0.6, 0.2, 0.4, 0.6];
  const x = x1.map((value, k) => [value, x2[k]]);
  const y = x.map((_, k) => (k < 5 ? [1, 0] : [0, 1]));

  test("all ten are classified after 10⁶ single samples drawn with replacement", () => {
    using network = new Network({
      inputs: 2,
      layers: [dense(2, "sigmoid"), dense(3, "sigmoid"), dense(2, "sigmoid")],
      loss: "squaredError",
      optimizer: { name: "sgd", learningRate: 0.05 },
    });
    network.fitSync({ x, y }, { epochs: 100_000, batchSize: 1, shuffle: "withReplacement" });
    const outputs = network.predict(x);
    x.forEach((_, k) => expect(outputs[2 * k] > outputs[2 * k + 1], `point ${k}`).toBe(k < 5));
  });
});
