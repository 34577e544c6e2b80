// Where the lanes run, one turn at a time and each in the same worker, so that none has an advantage of place.
import { dense, Network } from "propago";
import { PlainNetwork } from "../../../bench/plain-network.ts";
import { workloadOf, type Order, type Turn } from "./tasks.ts";

interface Runner {
  epoch(): void | Promise<void>;
  loss(): number;
  build(): string;
  dispose(): void;
}

function plain(order: Order): Runner {
  const workload = workloadOf(order.task);
  const { inputs, layers, batchSize, rows, x, y, optimizer } = workload;
  const network = new PlainNetwork(workload);
  const outputs = layers[layers.length - 1].units;
  return {
    epoch() {
      for (let row = 0; row < rows; row += batchSize) {
        const batch = Math.min(batchSize, rows - row);
        network.forward(x, row * inputs, batch);
        network.backward(x, row * inputs, y, row * outputs, batch);
        network.update(optimizer);
      }
    },
    loss() {
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        const a = network.forward(x, row * inputs, 1);
        for (let k = 0; k < outputs; k++) {
          const target = y[row * outputs + k];
          sum -= target * Math.log(Math.max(1e-7, a[k]));
          if (outputs === 1) sum -= (1 - target) * Math.log(Math.max(1e-7, 1 - a[k]));
        }
      }
      return sum / rows;
    },
    build: () => "JavaScript",
    dispose() {},
  };
}

function core(order: Order): Runner {
  const workload = workloadOf(order.task);
  const { inputs, layers, loss, batchSize, x, y, optimizer } = workload;
  const network = new Network({
    inputs,
    layers: layers.map(({ units, activation }) => dense(units, activation as "relu")),
    loss: loss === "sigmoidCrossEntropy" ? "binaryCrossEntropy" : loss,
    optimizer,
  });
  // All lanes begin with the same weights.
  network.setWeights(new PlainNetwork(workload).layers.map(({ W, b }) => ({ weights: W, bias: b })));
  const options = { epochs: 1, batchSize, shuffle: false, metrics: [] } as const;
  return {
    epoch: () => {
      if (order.lane === "one") network.fitSync({ x, y }, options);
      else return network.fit({ x, y }, { ...options, threads: order.threads }).then(() => undefined);
    },
    loss: () => network.evaluate({ x, y }, { metrics: [] }).loss,
    build: () => network.build,
    dispose: () => network.dispose(),
  };
}

async function turn(order: Order): Promise<Turn> {
  const runner = order.lane === "plain" ? plain(order) : core(order);
  const { rows } = workloadOf(order.task);
  // The engine compiles what is called often: nobody is timed before that.
  const warm = performance.now() + 300;
  do await runner.epoch();
  while (performance.now() < warm);
  runner.dispose();
  const fresh = order.lane === "plain" ? plain(order) : core(order);
  const course: Turn["course"] = [[0, fresh.loss()]];
  let trained = 0;
  let epochs = 0;
  let next = order.seconds / 40;
  while (trained < order.seconds) {
    const began = performance.now();
    // Several epochs a reading of the clock, where they are short.
    const until = began + Math.min(20, (1000 * order.seconds) / 40);
    do {
      const going = fresh.epoch();
      if (going !== undefined) await going;
      epochs++;
    } while (performance.now() < until);
    trained += (performance.now() - began) / 1000;
    if (trained >= next) {
      course.push([trained, fresh.loss()]);
      next = trained + order.seconds / 40;
    }
  }
  const build = fresh.build();
  fresh.dispose();
  return { samplesPerSecond: (epochs * rows) / trained, build, course };
}

addEventListener("message", ({ data }: MessageEvent<Order>) => {
  turn(data).then(
    (result) => postMessage({ result }),
    (error: unknown) => postMessage({ error: error instanceof Error ? error.message : String(error) }),
  );
});
