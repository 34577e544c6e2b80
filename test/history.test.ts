// The history of a training: bounded, true to the epochs that it keeps, and an array like any other to whoever looks.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";

import { Network } from "../src/network/network.ts";
import { dense } from "../src/description/helpers.ts";
import { type EpochReport } from "../src/training/reports.ts";
import { EpochList, MOST_EPOCHS, historyOf } from "../src/training/history.ts";

/** Adds epochs with these losses, from `first` on. */
function listOf(losses: readonly number[], most: number, first = 1): EpochList {
  const list = new EpochList(4, losses.length, ["accuracy"], false, most);
  losses.forEach((loss, i) => list.add(first + i, 0.5, 0.1, loss, { accuracy: i }));
  return list;
}

const epochsOf = (list: EpochList): number[] => list.reports().map(({ epoch }) => epoch);

/** Falls to its least at `best`, and rises behind it. */
const valley = (length: number, best: number): number[] => Array.from({ length }, (_, i) => Math.abs(i - best) + 1);

const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
const y = Float32Array.of(0, 1, 1, 0);

function network(): Network {
  return new Network({
    inputs: 2,
    layers: [dense(3, "sigmoid"), dense(1, "sigmoid")],
    loss: "squaredError",
    optimizer: { name: "sgd", learningRate: 0.5 },
  });
}

describe("a list of epochs", () => {
  test("keeps all of them up to its limit", () => {
    const list = listOf(valley(8, 2), 8, 11);
    expect(epochsOf(list)).toEqual([11, 12, 13, 14, 15, 16, 17, 18]);
    expect(list.reports()[3]).toEqual({
      epoch: 14,
      seconds: 0.5,
      samplesPerSecond: 8,
      learningRate: 0.1,
      loss: 2,
      accuracy: 3,
    });
    expect(list.lastLosses(3)).toEqual([4, 5, 6]);
    expect([list.count, list.first, list.last]).toEqual([8, 3, 6]);
  });

  test("past it, every second one, then every fourth, with the best and the last", () => {
    expect(epochsOf(listOf(valley(9, 3), 8))).toEqual([1, 3, 4, 5, 7, 9]);
    expect(epochsOf(listOf(valley(10, 3), 8))).toEqual([1, 3, 4, 5, 7, 9, 10]);
    expect(epochsOf(listOf(valley(16, 3), 8))).toEqual([1, 4, 5, 9, 13, 16]);
    // Where the best one comes late, it replaces the former one.
    expect(epochsOf(listOf(valley(20, 18), 8))).toEqual([1, 5, 9, 13, 17, 19, 20]);
  });

  test("is the same whether somebody looks meanwhile or not", () => {
    for (const best of [0, 5, 77, 150, 299]) {
      for (const length of [7, 8, 9, 33, 64, 65, 300]) {
        const losses = valley(length, best).map((loss, i) => loss + Math.sin(i) * 3);
        const list = new EpochList(4, length, ["accuracy"], false, 8);
        const reports = list.reports();
        losses.forEach((loss, i) => list.add(1 + i, 0.5, 0.1, loss, { accuracy: i }));
        const late = listOf(losses, 8).reports();
        expect(reports).toEqual(late);
        expect(list.reports()).toBe(reports);
        expect(late.length).toBeLessThanOrEqual(8);
        for (const { epoch, loss, accuracy } of late) expect([loss, accuracy]).toEqual([losses[epoch - 1], epoch - 1]);
        const kept = late.map(({ epoch }) => epoch);
        expect(kept).toEqual([...kept].sort((a, b) => a - b));
        expect(kept[0]).toBe(1);
        expect(kept.at(-1)).toBe(length);
        expect(kept).toContain(losses.indexOf(Math.min(...losses)) + 1);
      }
    }
  });

  test("keeps what it was told is best, and the reports that were made", () => {
    const list = new EpochList(4, 100, [], true, 8);
    let best: EpochReport | undefined;
    for (let epoch = 1; epoch <= 100; epoch++) {
      list.add(epoch, 1, 1, epoch, {});
      if (epoch !== 38) continue;
      list.keepBest();
      best = list.lastReport();
    }
    expect(list.reports().find(({ epoch }) => epoch === 38)).toBe(best);
  });

  test("gives the next one after an epoch", () => {
    const list = listOf(valley(20, 18), 8);
    expect([0, 1, 2, 5, 18, 19].map((epoch) => list.after(epoch)?.epoch)).toEqual([1, 5, 5, 9, 19, 20]);
    expect(list.after(20)).toBeUndefined();
  });
});

describe("a history", () => {
  test("is bounded, and its epochs' numbers stay true", () => {
    using own = network();
    const before = own.fitSync({ x, y }, { epochs: 10, batchSize: 1 }).epochs.length;
    const epochs = 150_000;
    const history = own.fitSync({ x, y }, { epochs, batchSize: 1 });
    expect(history.epochs.length).toBeLessThanOrEqual(MOST_EPOCHS);
    expect(history.epochs.length).toBeGreaterThan(MOST_EPOCHS / 2);
    expect(history.epochs[0].epoch).toBe(before + 1);
    expect(history.epochs[1].epoch).toBe(before + 5);
    expect(history.epochs.at(-1)?.epoch).toBe(before + epochs);
    using twin = network();
    twin.fitSync({ x, y }, { epochs: before + 4, batchSize: 1 });
    expect(twin.fitSync({ x, y }, { epochs: 1, batchSize: 1 }).epochs[0].loss).toBe(history.epochs[1].loss);
  });

  test.each([5, 50])("of %d epochs has an array of reports, which is read, copied and printed as such", (count) => {
    using own = network();
    const metrics = ["accuracy", "rootMeanSquaredError"] as const;
    const history = own.fitSync({ x, y }, { epochs: count, batchSize: 1, metrics });
    const { epochs } = history;
    expect(Array.isArray(epochs)).toBe(true);
    expect(history.epochs).toBe(epochs);
    expect(epochs.at(-1)).toBe(epochs[count - 1]);
    expect(Object.keys(epochs[0])).toEqual([
      "epoch",
      "seconds",
      "samplesPerSecond",
      "learningRate",
      "loss",
      "accuracy",
      "rootMeanSquaredError",
    ]);
    expect([...epochs].map(({ epoch }) => epoch)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(JSON.parse(JSON.stringify(history))).toEqual({ epochs, stopped: "epochs" });
    expect(structuredClone(history)).toEqual({ epochs, stopped: "epochs" });
    expect({ ...history }).toEqual({ epochs, stopped: "epochs" });
    expect(Object.keys(history)).toEqual(["epochs", "stopped"]);
    expect(inspect(history)).toMatch(/^\{\s+epochs: \[\s+\{\s+epoch: 1,/);
    expect(inspect(historyOf(listOf([], 8), 1000))).toBe("{ epochs: [], stopped: 'aborted' }");
  });

  test("grows while somebody holds its array", async () => {
    using own = network();
    const training = own.fit({ x, y }, { epochs: 6, batchSize: 1 });
    const { epochs } = training.history;
    expect(epochs.length).toBe(0);
    const seen: EpochReport[] = [];
    for await (const report of training) seen.push(report);
    expect(epochs).toEqual(seen);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    const history = await training;
    expect(history.epochs).toBe(epochs);
    // Who asks later gets all of them again.
    const again: EpochReport[] = [];
    for await (const report of training) again.push(report);
    expect(again).toEqual(seen);
  });

  test("keeps figures that are more than a number, validation and warnings", () => {
    using own = new Network({ inputs: 2, layers: [dense(3, "tanh"), dense(2, "softmax")] });
    const data = { x, y: [0, 1, 1, 0] };
    const { epochs, best } = own.fitSync(data, {
      epochs: 3,
      metrics: ["confusionMatrix", "accuracy"],
      validation: data,
      earlyStopping: true,
    });
    for (const { confusionMatrix, validation, accuracy } of epochs) {
      expect(confusionMatrix?.flat().reduce((sum, count) => sum + count)).toBe(4);
      expect(validation?.confusionMatrix?.length).toBe(2);
      expect(accuracy).toBeTypeOf("number");
    }
    expect(epochs).toContain(best);
  });
});

describe("targetLoss", () => {
  test("ends a fit with the very epoch that reaches it, as if each epoch were looked at", () => {
    using once = network();
    using each = network();
    const options = { epochs: 20_000, batchSize: 1, targetLoss: 0.01 };
    const history = once.fitSync({ x, y }, options);
    const other = each.fitSync({ x, y }, { ...options, onEpoch: () => {} });
    expect(history.stopped).toBe("targetLoss");
    expect(history.epochs.map(({ loss }) => loss)).toEqual(other.epochs.map(({ loss }) => loss));
    expect(once.fingerprint()).toBe(each.fingerprint());
    expect(history.epochs.at(-1)?.loss).toBeLessThanOrEqual(0.01);
    expect(history.epochs.at(-2)?.loss).toBeGreaterThan(0.01);
    // The next fit does not know of it.
    expect(once.fitSync({ x, y }, { epochs: 7, batchSize: 1 }).epochs.length).toBe(7);
  });
});
