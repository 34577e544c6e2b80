// The view "Step by step": a small network with all its numbers, and the five stages of a training step beside it.
import { computed, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { actions, say, sentenceOf, writeAddress } from "../shell/state.ts";
import { rowsOf, STAGES, type Row } from "./formulas.tsx";
import {
  centralDifference,
  numbersOf,
  openStep,
  PRESETS,
  readNumbers,
  stepped,
  writeNumbers,
  type Numbers,
  type Opened,
  type Preset,
  type PresetName,
} from "./model.ts";
import { Followed, Scrub, shown } from "./scrub.tsx";

const isReady = signal(false);
const numbers = signal<Numbers>(numbersOf("two"));
const stage = signal(0);
const taken = signal(0);
/** What pointer or focus speaks of: lit in the graph and in the formulas. */
const lit = signal<readonly string[]>([]);

/** The last step that could be computed; numbers may be such that the loss is none. */
let last: Opened | undefined;
const opened = computed(() => {
  if (!isReady.value) return undefined;
  try {
    last = openStep(numbers.value);
  } catch (error) {
    say(sentenceOf(error), "problem");
  }
  return last;
});

export async function follow(query: string): Promise<void> {
  try {
    await Promise.all([import("propago/float64"), import("propago/diagnosis")]);
  } catch (error) {
    say(sentenceOf(error), "problem");
    return;
  }
  numbers.value = readNumbers(query);
  taken.value = 0;
  isReady.value = true;
}

function change(next: Numbers): void {
  numbers.value = next;
  writeAddress();
}

function take(steps: number): void {
  try {
    change(stepped(numbers.peek(), steps));
    taken.value += steps;
  } catch (error) {
    say(sentenceOf(error), "problem");
  }
}

function choose(preset: PresetName): void {
  taken.value = 0;
  last = undefined;
  change(numbersOf(preset));
}

actions.steps = {
  step: () => {
    stage.value = (stage.peek() + 1) % STAGES.length;
  },
  rewind: () => choose(numbers.peek().preset),
  query: () => writeNumbers(numbers.peek()),
  state: () => ({
    running: false,
    epoch: taken.peek(),
    samplesPerSecond: 0,
    trainLoss: opened.peek()?.loss ?? null,
    testLoss: null,
    testAccuracy: null,
    dataHash: "",
    fingerprint: "",
  }),
};

export function View() {
  const now = numbers.value;
  const step = opened.value;
  if (step === undefined) return <p class="loading">Loading …</p>;
  const preset = PRESETS[now.preset];
  return (
    <div class="steps">
      <div class="presets" role="radiogroup" aria-label="Example">
        {(Object.keys(PRESETS) as PresetName[]).map((name) => (
          <label key={name} class={name === now.preset ? "chip chosen" : "chip"}>
            <input
              type="radio"
              name="preset"
              class="unseen"
              checked={name === now.preset}
              onChange={() => choose(name)}
            />
            {PRESETS[name].title}
          </label>
        ))}
      </div>
      <div class={`steps-columns ${preset.units.length > 4 ? "chain" : ""}`}>
        <section class="panel" aria-labelledby="graph-title">
          <h2 id="graph-title">{preset.title}</h2>
          <p class="note">{preset.about}</p>
          <Graph numbers={now} step={step} />
          <p class="note">
            Every number in a box can be dragged, stepped with the arrow keys, or typed; all others follow at once.
          </p>
          <Controls numbers={now} step={step} />
        </section>
        <Stages numbers={now} step={step} />
      </div>
    </div>
  );
}

function Controls({ numbers: now, step }: { numbers: Numbers; step: Opened }) {
  return (
    <div class="step-controls">
      <div class="step-figures">
        <div class="figure">
          <span>loss now</span>
          <b>
            <Followed value={step.loss} />
          </b>
        </div>
        <div class="figure">
          <span>after one step</span>
          <b>
            <Followed value={step.lossAfter} />
          </b>
        </div>
        <div class="figure">
          <span>learning rate η</span>
          <b>
            <Scrub
              label="learning rate"
              value={now.rate}
              min={0.0001}
              max={100}
              onChange={(rate) => change({ ...now, rate })}
            />
          </b>
        </div>
        <div class="figure">
          <span>steps taken</span>
          <b>{taken.value.toLocaleString("en")}</b>
        </div>
      </div>
      <div class="row">
        <button class="primary" onClick={() => take(1)}>
          Take the step
        </button>
        <button onClick={() => take(100)}>100 steps</button>
        <button onClick={() => choose(now.preset)}>Back to the start</button>
      </div>
    </div>
  );
}

const light = (speaks: readonly string[]) => (isLit: boolean) => (lit.value = isLit ? speaks : []);

/** Where units stand, in a frame of 100 by 100. */
function placesOf(units: readonly number[]): { x: number; y: number }[][] {
  const columns = units.length;
  return units.map((count, column) =>
    Array.from({ length: count }, (_, unit) => ({
      x: columns === 1 ? 50 : 8 + (84 * column) / (columns - 1),
      y: count === 1 ? 50 : 22 + (56 * unit) / (count - 1),
    })),
  );
}

function Graph({ numbers: now, step }: { numbers: Numbers; step: Opened }) {
  const { units } = PRESETS[now.preset] as Preset;
  const places = placesOf(units);
  const isChain = units.every((count) => count === 1);
  const isLit = (key: string) => lit.value.includes(key);
  const set = (layer: number, kind: "weights" | "bias", index: number, value: number) =>
    change({
      ...now,
      layers: now.layers.map((one, k) => (k === layer ? { ...one, [kind]: one[kind].map((old, at) => (at === index ? value : old)) } : one)), // prettier-ignore
    });
  const setOf = (kind: "x" | "y", index: number, value: number) => change({ ...now, [kind]: now[kind].map((old, at) => (at === index ? value : old)) }); // prettier-ignore
  const edges = now.layers.flatMap(({ weights }, layer) => {
    const count = units[layer + 1];
    return weights.map((weight, index) => {
      const a = places[layer][Math.floor(index / count)];
      const b = places[layer + 1][index % count];
      return { layer, index, weight, a, b, part: isChain || units[layer] === 1 || count === 1 ? 0.5 : 0.3 };
    });
  });
  const largest = Math.max(1e-12, ...step.layers.flatMap(({ delta }) => delta.map(Math.abs)));
  const scroll = useRef<HTMLDivElement>(null);
  return (
    <div class="graph-scroll" ref={scroll}>
      <div class={`graph ${isChain ? "chain" : ""}`}>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {edges.map(({ layer, index, weight, a, b }) => (
            <line
              key={`${layer}-${index}`}
              x1={a.x}
              y1={a.y}
              x2={b.x}
              y2={b.y}
              class={`edge ${weight < 0 ? "negative" : "positive"} ${isLit(`w:${layer}:${index}`) ? "lit" : ""}`}
              stroke-width={1 + 3.5 * (Math.abs(weight) / (1 + Math.abs(weight)))}
              vector-effect="non-scaling-stroke"
            />
          ))}
        </svg>
        {edges.map(({ layer, index, weight, a, b, part }) => (
          <div
            key={`${layer}-${index}`}
            class="edge-number"
            style={{ left: `${a.x + (b.x - a.x) * part}%`, top: `${a.y + (b.y - a.y) * part}%` }}
          >
            <Scrub
              label={`weight ${Math.floor(index / units[layer + 1]) + 1} to ${(index % units[layer + 1]) + 1} of layer ${layer + 1}`}
              value={weight}
              isLit={isLit(`w:${layer}:${index}`)}
              onLight={light([`w:${layer}:${index}`])}
              onChange={(value) => set(layer, "weights", index, value)}
            />
            {stage.value === 3 && (
              <small class="below">
                <Followed value={step.layers[layer].gradients.weights[index]} />
              </small>
            )}
          </div>
        ))}
        {places.map((column, at) =>
          column.map(({ x, y }, unit) => (
            <div
              key={`${at}-${unit}`}
              class={`unit ${isLit(`a:${at}:${unit}`) ? "lit" : ""}`}
              style={{ left: `${x}%`, top: `${y}%` }}
            >
              {at === 0 ? (
                <>
                  <small>x{isChain ? "" : unit + 1}</small>
                  <Scrub
                    label={`input ${unit + 1}`}
                    value={now.x[unit]}
                    onChange={(value) => setOf("x", unit, value)}
                    isLit={isLit(`a:0:${unit}`)}
                  />{" "}
                  {/* prettier-ignore */}
                </>
              ) : (
                <UnitNumbers
                  layer={at - 1}
                  unit={unit}
                  step={step}
                  bias={now.layers[at - 1].bias[unit]}
                  onBias={(value) => set(at - 1, "bias", unit, value)}
                />
              )}
              {at === units.length - 1 && (
                <span class="target">
                  <small>target</small>
                  <Scrub
                    label={`target ${unit + 1}`}
                    value={now.y[unit]}
                    onChange={(value) => setOf("y", unit, value)}
                  />
                </span>
              )}
            </div>
          )),
        )}
      </div>
      <div
        class="deltas"
        role="img"
        aria-label={`Size of the error at each layer: ${step.layers.map(({ delta }) => shown(Math.max(...delta.map(Math.abs)))).join(", ")}`}
      >
        <span class="deltas-title">|∂E/∂z|</span>
        {step.layers.map(({ delta }, layer) => {
          const size = Math.max(...delta.map(Math.abs));
          // Each tenth is a step of the same height: what vanishes does so by factors.
          const height = size === 0 ? 0 : Math.max(2, 100 * (1 + Math.log10(size / largest) / 7));
          return (
            <span key={layer} class="delta" style={{ left: `${places[layer + 1][0].x}%` }}>
              <i style={{ height: `${Math.max(0, height) * 0.44}px` }} />
              <small>{shown(Number(size.toPrecision(2)))}</small>
            </span>
          );
        })}
      </div>
    </div>
  );
}

function UnitNumbers({
  layer,
  unit,
  step,
  bias,
  onBias,
}: {
  layer: number;
  unit: number;
  step: Opened;
  bias: number;
  onBias: (value: number) => void;
}) {
  const { z, a, delta } = step.layers[layer];
  const isBack = stage.value >= 2;
  return (
    <>
      <small>{isBack ? "δ" : "a"}</small>
      <strong>
        <Followed value={isBack ? delta[unit] : a[unit]} />
      </strong>
      <small>
        z <Followed value={z[unit]} />
      </small>
      <span class="bias">
        <small>b</small>
        <Scrub label={`bias of unit ${unit + 1} of layer ${layer + 1}`} value={bias} onChange={onBias} />
      </span>
    </>
  );
}

const ABOUT = [
  "The numbers go forward: each unit adds up what comes in, weighted, and squashes the sum.",
  "How far the answer is from the target, as one number.",
  "How much the loss would change with each unit's sum z. It is computed from the last layer back.",
  "How much the loss would change with each weight: what came in, times the error behind it.",
  "Each weight goes a little against its gradient.",
];

function Stages({ numbers: now, step }: { numbers: Numbers; step: Opened }) {
  const tabs = useRef<HTMLDivElement>(null);
  const rows = rowsOf(stage.value, now, step);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    stage.value = (stage.value + by + STAGES.length) % STAGES.length;
    tabs.current?.querySelectorAll("button")[stage.value].focus();
  };
  return (
    <section class="panel stages" aria-label="The five stages">
      <div class="stage-tabs" role="tablist" aria-label="Stage" ref={tabs} onKeyDown={move}>
        {STAGES.map((name, k) => (
          <button
            key={name}
            id={`stage-${k}`}
            role="tab"
            aria-selected={stage.value === k}
            aria-controls={stage.value === k ? "stage-panel" : undefined}
            tabIndex={stage.value === k ? 0 : -1}
            onClick={() => (stage.value = k)}
          >
            <b>{k + 1}</b> {name}
          </button>
        ))}
      </div>
      <div id="stage-panel" role="tabpanel" aria-labelledby={`stage-${stage.value}`}>
        <p>{ABOUT[stage.value]}</p>
        <ol class="rows" tabIndex={0} aria-label={`Formulas: ${STAGES[stage.value]}`}>
          {rows.map((row) => (
            <FormulaRow key={row.key} row={row} numbers={now} />
          ))}
        </ol>
        <button class="next" onClick={actions.steps!.step}>
          {stage.value === STAGES.length - 1 ? "Forward again" : `Next: ${STAGES[stage.value + 1].toLowerCase()}`}
        </button>
      </div>
    </section>
  );
}

function FormulaRow({ row, numbers: now }: { row: Row; numbers: Numbers }) {
  const measured = useSignal<number | undefined>(undefined);
  useEffect(() => {
    measured.value = undefined;
  }, [now]);
  const isLit = row.speaks.some((key) => lit.value.includes(key)) && lit.value.length <= 2;
  const enter = light(row.speaks);
  return (
    <li class={isLit ? "lit" : ""} onPointerEnter={() => enter(true)} onPointerLeave={() => enter(false)}>
      <span class="formula-of">{row.formula}</span>
      <span class="numbers-of">
        = {row.numbers} ={" "}
        <b>
          <Followed value={row.value} />
        </b>
      </span>
      {row.weight !== undefined && (
        <span class="check-of">
          {measured.value === undefined ? (
            <button
              class="link"
              onClick={() => (measured.value = centralDifference(now, row.weight!.layer, row.weight!.index))}
            >
              Check it
            </button>
          ) : (
            <>
              measured, (E(w + h) − E(w − h)) / 2h:{" "}
              <b class="numbers" data-value={measured.value}>
                {shown(measured.value)}
              </b>
            </>
          )}
        </span>
      )}
    </li>
  );
}
