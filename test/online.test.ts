// Online training has a way of its own through plain gradient descent; it must end with the bits of the general way,
// which a limit on the gradient's norm that is never reached asks for.
import { expect, test } from "vitest";
import { type ActivationName } from "../src/tables/activations.ts";
import { Network, type NetworkOptions, type Shuffle, dense } from "../src/index.ts";

const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 17, 33];

function rows(count: number, width: number, phase: number): number[][] {
  return Array.from({ length: count }, (_, r) =>
    Array.from({ length: width }, (_, i) => Math.fround(Math.sin(phase + 3 * r + 7 * i))),
  );
}

function trained(options: Omit<NetworkOptions<"float32" | "float64">, "optimizer">, clipNorm?: number): Network {
  const network = new Network({
    ...options,
    optimizer: { name: "sgd", learningRate: 0.1, ...(clipNorm === undefined ? {} : { clipNorm }) },
  });
  const y = rows(6, network.outputs, 1).map((row) => row.map(Math.abs));
  const shuffle: Shuffle = "withReplacement";
  network.fitSync({ x: rows(6, network.inputs, 0), y }, { epochs: 3, batchSize: 1, shuffle });
  network.trainOnBatch({ x: rows(1, network.inputs, 5), y: y.slice(0, 1) });
  return network as Network;
}

test.each(["float32", "float64"] as const)("a single sample's update has the bits of the general one, %s", (dtype) => {
  const activations: ActivationName[] = ["sigmoid", "tanh", "relu", "linear", "softmax", "mish"];
  for (const [k, units] of sizes.entries()) {
    for (const [j, outputs] of sizes.entries()) {
      const activation = activations[(k + j) % activations.length];
      const last = (["sigmoid", "linear", "softmax"] as const)[j % 3];
      const layers = [dense(units, activation), dense(5, "tanh", { bias: k % 2 === 0 }), dense(outputs, last)];
      const options = { inputs: sizes[(k + 3 * j) % sizes.length], layers, dtype, loss: "squaredError" as const };
      const own = trained(options);
      const general = trained(options, 1e30);
      const start = new Network(options);
      expect(own.fingerprint(), `${units}-5-${outputs} ${activation} ${last}`).toBe(general.fingerprint());
      expect(own.fingerprint()).not.toBe(start.fingerprint());
      for (const network of [own, general, start]) network.dispose();
    }
  }
});

test("labels, other losses and single layers go the same way", () => {
  for (const layers of [[dense(3, "softmax")], [dense(9, "relu"), dense(3, "softmax")]]) {
    const make = (clipNorm?: number): string => {
      const network = new Network({
        inputs: 5,
        layers,
        optimizer: { name: "sgd", learningRate: 0.1, ...(clipNorm === undefined ? {} : { clipNorm }) },
      });
      network.fitSync({ x: rows(7, 5, 2), y: [0, 1, 2, 1, 0, 2, 2] }, { epochs: 4, batchSize: 1 });
      return network.fingerprint();
    };
    expect(make()).toBe(make(1e30));
  }
});
