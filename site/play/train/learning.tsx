// How it learns: optimizer, rate, schedule, batch, loss and penalties. Rate, batch and penalties change while it runs.
import { ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES } from "../model/setup.ts";
import { hasRate, takesAllRows } from "../model/network.ts";
import { Select } from "../shell/controls.tsx";
import { alter, reset, setup, stopsByItself, task, run, generation } from "./store.ts";

const RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 2000];
const PENALTIES = [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1];

/** The usual choices, and the present one where it is none of them. */
function choices(
  usual: readonly number[],
  present: number,
  name: (value: number) => string = String,
): (readonly [value: string, title: string])[] {
  const all = usual.includes(present) ? usual : [...usual, present].sort((a, b) => a - b);
  return all.map((value) => [String(value), name(value)] as const);
}

const words = (name: string) => name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

export function LearningBar() {
  void generation.value;
  const now = setup.value;
  const { rate, batch, l1, l2, optimizer, schedule } = now;
  const activation = now.layers.length > 0 && now.layers.every((layer) => layer.activation === now.layers[0].activation) ? now.layers[0].activation : "mixed"; // prettier-ignore
  const isRated = hasRate(optimizer);
  return (
    <section class="learning" aria-label="Learning">
      <Select
        label="Optimizer"
        value={optimizer}
        options={OPTIMIZERS.map((name) => [name, words(name)])}
        onChange={(name) => reset({ optimizer: name })}
      />
      <Select
        label="Learning rate"
        value={String(rate)}
        disabled={!isRated}
        options={choices(RATES, rate)}
        onChange={(value) => alter({ what: "rate", value: Number(value) })}
      />
      <Select
        label="Schedule"
        value={schedule}
        disabled={!isRated}
        options={SCHEDULES.map((name) => [name, words(name)])}
        onChange={(name) => reset({ schedule: name })}
      />
      <Select
        label="Batch"
        value={takesAllRows(optimizer) ? "2000" : String(batch)}
        disabled={takesAllRows(optimizer)}
        options={choices(BATCHES, batch, (value) => (value >= 2000 ? "all" : String(value)))}
        onChange={(value) => alter({ what: "batch", value: Number(value) })}
      />
      <Select
        label="Activation"
        value={activation}
        disabled={now.layers.length === 0}
        options={[...(activation === "mixed" ? [["mixed", "mixed"] as const] : []), ...ACTIVATIONS.map((name) => [name, words(name)] as const)]} // prettier-ignore
        onChange={(name) => {
          if (name !== "mixed") reset({ layers: now.layers.map((layer) => ({ ...layer, activation: name })) });
        }}
      />
      <Select
        label="Loss"
        value={run?.loss ?? "auto"}
        options={LOSSES[task.value].map((name) => [name, words(name)])}
        onChange={(name) => reset({ loss: name })}
      />
      <Select
        label="L1"
        value={String(l1)}
        options={choices(PENALTIES, l1, (value) => (value === 0 ? "none" : String(value)))}
        onChange={(value) => alter({ what: "l1", value: Number(value) })}
      />
      <Select
        label="L2"
        value={String(l2)}
        options={choices(PENALTIES, l2, (value) => (value === 0 ? "none" : String(value)))}
        onChange={(value) => alter({ what: "l2", value: Number(value) })}
      />
      <label class="check" title="When the test loss has not fallen for 300 epochs; at full speed it goes on">
        <input
          type="checkbox"
          checked={stopsByItself.value}
          onChange={(event) => (stopsByItself.value = event.currentTarget.checked)}
        />
        Stop when it has learnt
      </label>
    </section>
  );
}
