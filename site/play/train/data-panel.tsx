// The points: which kind, how many, how noisy; own points and own functions.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { palette } from "../drawing/colours.ts";
import { prepare } from "../drawing/canvas.ts";
import { trace } from "../drawing/marks.ts";
import { DATASETS, makeData, REACH, type DatasetName } from "../model/data.ts";
import { EXPRESSION_LENGTH, readExpression } from "../model/expression.ts";
import { defaultSetup, LIMITS } from "../model/setup.ts";
import { NumberField, Slider } from "../shell/controls.tsx";
import { take } from "../shell/app.tsx";
import { reset, setup } from "./store.ts";

const NAMES: readonly DatasetName[] = [...(Object.keys(DATASETS) as (keyof typeof DATASETS)[]), "formula", "own"];
const TITLE_OF = (name: DatasetName) =>
  name === "own" ? "Your points" : name === "formula" ? "Your function" : DATASETS[name].title;

export function DataPanel() {
  const now = setup.value;
  const choose = (data: DatasetName) => {
    const isFree = data === "own" || data === "formula";
    reset({ data, loss: "auto", weights: "", ...(data === "own" && now.held > 20 ? { held: 20 } : {}), ...(!isFree && now.data === "own" ? { held: 50 } : {}) }); // prettier-ignore
  };
  return (
    <section class="panel data" aria-labelledby="data-title">
      <h2 id="data-title">Data</h2>
      <div class="datasets" role="radiogroup" aria-label="Data set">
        {NAMES.map((name) => (
          <label key={name} class={now.data === name ? "dataset chosen" : "dataset"} title={TITLE_OF(name)}>
            <input
              type="radio"
              name="dataset"
              class="unseen"
              checked={now.data === name}
              onChange={() => choose(name)}
            />
            <Thumbnail name={name} />
            <span>{TITLE_OF(name)}</span>
          </label>
        ))}
      </div>
      {now.data === "formula" && <FormulaField />}
      {now.data !== "own" && (
        <>
          <Slider
            label="Points"
            value={now.rows}
            min={LIMITS.rows[0]}
            max={LIMITS.rows[1]}
            step={20}
            text={String(now.rows)}
            onChange={(rows) => reset({ rows })}
          />
          <Slider
            label="Noise"
            value={now.noise}
            min={0}
            max={0.5}
            step={0.05}
            text={`${Math.round(now.noise * 100)} %`}
            onChange={(noise) => reset({ noise: Math.round(noise * 100) / 100 })}
          />
        </>
      )}
      <Slider
        label="Held back to test"
        value={now.held}
        min={10}
        max={90}
        step={10}
        text={`${now.held} %`}
        onChange={(held) => reset({ held })}
      />
      <NumberField
        label="Seed"
        value={now.seed}
        min={0}
        max={999_999}
        step={1}
        onChange={(seed) => reset({ seed: Math.round(seed) })}
      />
      <label class="file">
        <input
          type="file"
          class="unseen"
          accept=".csv,.tsv,.txt,.json,.propago,.safetensors"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file) void take(file);
          }}
        />
        <span class="button">Open a file …</span>
        <small>points (x, y, class) or a saved model</small>
      </label>
    </section>
  );
}

/** A small picture of the points that one would get. */
function Thumbnail({ name }: { name: DatasetName }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = palette.value;
  const { points } = setup.value;
  useEffect(() => {
    const size = 44;
    const context = prepare(canvas.current!, size, size);
    context.clearRect(0, 0, size, size);
    if (name === "own" && points.length === 0) return drawPen(context, colours.muted);
    if (name === "formula") return drawLetters(context, colours.muted);
    const { train, task } = makeData({ ...defaultSetup(), data: name, points, rows: 130, noise: 0.05, held: 10 });
    for (let row = 0; row < train.count; row++) {
      const at = (value: number) => size / 2 + (value / REACH) * (size / 2 - 2);
      const t = train.target[row];
      const isNumber = task === "numbers";
      context.globalAlpha = isNumber ? Math.min(1, Math.abs(t) + 0.12) : 0.9;
      context.fillStyle = isNumber ? (t < 0 ? colours.negative : colours.positive) : colours.classes[t];
      trace(context, 0, at(train.xy[2 * row]), at(-train.xy[2 * row + 1]), isNumber ? 1.7 : 1.35);
      context.fill();
    }
    context.globalAlpha = 1;
  }, [colours, name, name === "own" ? points : undefined]);
  return <canvas ref={canvas} width={44} height={44} style={{ width: "44px", height: "44px" }} aria-hidden="true" />;
}

function drawPen(context: CanvasRenderingContext2D, colour: string): void {
  context.fillStyle = colour;
  context.fill(new Path2D("M11 33l1.6-6.4L26.4 12.8l4.8 4.8L17.4 31.4zM28 11.2l2-2a1.6 1.6 0 0 1 2.3 0l2.5 2.5a1.6 1.6 0 0 1 0 2.3l-2 2z")); // prettier-ignore
}

function drawLetters(context: CanvasRenderingContext2D, colour: string): void {
  context.fillStyle = colour;
  context.font = "italic 600 16px ui-serif, Georgia, serif";
  context.textAlign = "center";
  context.fillText("f (x, y)", 22, 27, 40);
}

function FormulaField() {
  const problem = useSignal("");
  const change = (text: string) => {
    try {
      readExpression(text);
      problem.value = "";
      reset({ formula: text, loss: "auto" });
    } catch (error) {
      problem.value = `Not yet: ${(error as Error).message}.`;
    }
  };
  return (
    <div class="field formula">
      <label for="formula">Class 1 where, or a value</label>
      <input
        id="formula"
        type="text"
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        maxLength={EXPRESSION_LENGTH}
        value={setup.value.formula}
        aria-describedby="formula-note"
        aria-invalid={problem.value !== ""}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <small id="formula-note" class={problem.value === "" ? "" : "wrong"}>
        {problem.value || "as y > sin(x) * 2, or sin(x) * cos(y)"}
      </small>
    </div>
  );
}
