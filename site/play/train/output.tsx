// What the network answers all over the plane, with the points, the line of decision, the losses and the confusion.
import { effect, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Chart } from "../drawing/chart.tsx";
import { drawLine, Picture, prepare } from "../drawing/canvas.ts";
import { palette, type Palette } from "../drawing/colours.ts";
import { SHAPES, trace } from "../drawing/marks.ts";
import { spanOf } from "../drawing/painter.ts";
import { columnsOf, REACH, type Rows } from "../model/data.ts";
import { isHinge } from "../model/network.ts";
import { hidden, prefersLess } from "../shell/state.ts";
import { addPoints, canUndo, clear, drawing, pen, rubOut, undo } from "./own.ts";
import * as store from "./store.ts";

const FAST = 64;
const FINE = 128;
const pictures = new Map<number, Picture>();
const pictureOf = (side: number) => {
  let picture = pictures.get(side);
  if (picture === undefined) pictures.set(side, (picture = new Picture(side)));
  return picture;
};

/** How often the picture was drawn, for those who measure. */
export const drawn = { count: 0 };

function paint(canvas: HTMLCanvasElement, size: number, side: number, colours: Palette): void {
  const { painter, run } = store;
  if (painter === undefined || run === undefined) return;
  const looked = store.looked.peek();
  const layer = looked !== undefined && looked.layer < painter.depth ? looked.layer : painter.depth - 1;
  const isOutput = layer === painter.depth - 1;
  const answers = painter.layer(layer, side);
  const picture = pictureOf(side);
  const context = prepare(canvas, size, size);
  const unit = isOutput ? 0 : Math.min(looked?.unit ?? 0, answers.units - 1);
  if (isOutput && run.data.task === "several" && looked === undefined) {
    picture.paintClasses(answers.values, answers.units, colours);
  } else {
    const span = isOutput && (run.data.task === "numbers" || isHinge(run.loss)) ? { scale: 1, shift: 0 } : spanOf(answers, looked?.unit ?? unit); // prettier-ignore
    picture.paint(answers.values, looked?.unit ?? unit, answers.units, span.scale, span.shift, colours);
  }
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.canvas, 0, 0, size, size);
  if (isOutput && looked === undefined) lines(context, answers.values, answers.units, side, size, colours);
  drawn.count++;
}

function lines(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  units: number,
  side: number,
  size: number,
  colours: Palette,
): void {
  const { task, classes } = store.run!.data;
  context.lineJoin = "round";
  context.strokeStyle = colours.text;
  context.lineWidth = 1.8;
  if (task === "two") drawLine(context, values, side, isHinge(store.run!.loss) ? 0 : 0.5, size);
  if (task === "numbers") {
    context.lineWidth = 1;
    for (const level of [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75]) {
      context.globalAlpha = level === 0 ? 0.9 : 0.35;
      drawLine(context, values, side, level, size);
    }
    context.globalAlpha = 1;
  }
  if (task !== "several") return;
  context.lineWidth = 1.4;
  const lead = new Float32Array(side * side);
  for (let c = 0; c < classes; c++) {
    for (let k = 0; k < lead.length; k++) {
      let other = -Infinity;
      for (let o = 0; o < units; o++) if (o !== c) other = Math.max(other, values[k * units + o]);
      lead[k] = values[k * units + c] - other;
    }
    drawLine(context, lead, side, 0, size);
  }
}

function plot(context: CanvasRenderingContext2D, rows: Rows, size: number, colours: Palette, isTest: boolean): void {
  const { task } = store.run!.data;
  const radius = rows.count > 600 ? 2 : rows.count > 250 ? 2.5 : 3.4;
  for (let row = 0; row < rows.count; row++) {
    const x = ((rows.xy[2 * row] + REACH) / (2 * REACH)) * size;
    const y = ((REACH - rows.xy[2 * row + 1]) / (2 * REACH)) * size;
    const t = rows.target[row];
    const shape = task === "numbers" ? (t < 0 ? 0 : 1) : t;
    const colour = task === "numbers" ? (t < 0 ? colours.negative : colours.positive) : colours.classes[t];
    trace(context, shape, x, y, radius);
    context.fillStyle = isTest ? colours.paper : colour;
    context.strokeStyle = isTest ? colour : colours.paper;
    context.lineWidth = isTest ? 1.2 : 1;
    context.globalAlpha = task === "numbers" ? Math.min(1, 0.25 + Math.abs(t)) : 1;
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
}

export function Output() {
  return (
    <section class="panel output" aria-labelledby="output-title">
      <h2 id="output-title" class="unseen">
        Output
      </h2>
      <Plane />
      {!hidden.value.includes("caption") && <Caption />}
      <Scores />
      <Confusion />
    </section>
  );
}

/** The losses so far. */
export function LossPanel() {
  return (
    <section class="panel losses" aria-labelledby="losses-title">
      <h2 id="losses-title">Loss</h2>
      <Chart
        label="Loss of training and test points against the epochs"
        x={() => store.curve.epochs}
        lines={[
          { label: "training loss", colour: "train", values: () => store.curve.train },
          { label: "test loss", colour: "test", dash: [5, 3], values: () => store.curve.test },
        ]}
        version={store.frame}
        height={150}
      />
    </section>
  );
}

function Plane() {
  const heat = useRef<HTMLCanvasElement>(null);
  const top = useRef<HTMLCanvasElement>(null);
  const place = useSignal<{ x: number; y: number } | undefined>(undefined);
  const cursor = useSignal({ x: 0, y: 0 });
  const colours = palette.value;
  useEffect(() => {
    const canvas = heat.current!;
    let asked = 0;
    let slow = 0;
    let fine: ReturnType<typeof setTimeout> | undefined;
    const draw = (side: number) => {
      const size = canvas.clientWidth;
      if (size === 0) return;
      const began = performance.now();
      paint(canvas, size, side, colours);
      slow = 0.9 * slow + 0.1 * (performance.now() - began);
    };
    let last = 0;
    const stop = effect(() => {
      void store.frame.value;
      void store.looked.value;
      if (asked !== 0) return;
      asked = requestAnimationFrame((now) => {
        asked = 0;
        // With reduced motion twice a second; where drawing takes long every other frame.
        const least = prefersLess.matches ? 500 : slow > 6 ? 30 : 0;
        if (now - last >= least) {
          last = now;
          draw(FAST);
        }
        clearTimeout(fine);
        fine = setTimeout(() => {
          if (!store.running.peek()) draw(FINE);
        }, 160);
      });
    });
    const size = new ResizeObserver(() => draw(store.running.peek() ? FAST : FINE));
    size.observe(canvas);
    return () => {
      stop();
      cancelAnimationFrame(asked);
      clearTimeout(fine);
      size.disconnect();
    };
  }, [colours]);
  useEffect(() => {
    const canvas = top.current!;
    const draw = () => {
      const size = canvas.clientWidth;
      const context = prepare(canvas, size, size);
      context.clearRect(0, 0, size, size);
      if (store.run === undefined) return;
      if (store.showsTest.peek() || store.setup.peek().data === "own")
        plot(context, store.run.data.test, size, colours, true);
      plot(context, store.run.data.train, size, colours, false);
    };
    const stop = effect(() => {
      void store.generation.value;
      void store.showsTest.value;
      draw();
    });
    const size = new ResizeObserver(draw);
    size.observe(canvas);
    return () => {
      stop();
      size.disconnect();
    };
  }, [colours]);
  const at = (event: PointerEvent) => {
    const box = top.current!.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * 2 * REACH - REACH,
      y: REACH - ((event.clientY - box.top) / box.height) * 2 * REACH,
    };
  };
  const lastDrawn = useRef<{ x: number; y: number } | undefined>(undefined);
  const mark = (point: { x: number; y: number }, isFirst: boolean) => {
    const before = lastDrawn.current;
    if (!isFirst && before && (before.x - point.x) ** 2 + (before.y - point.y) ** 2 < 0.12) return;
    lastDrawn.current = point;
    if (pen.peek() < 0) rubOut(point.x, point.y, 0.5);
    else addPoints([point], pen.peek());
  };
  const keys = (event: KeyboardEvent) => {
    if (!drawing.value) return;
    const step = event.shiftKey ? 1 : 0.25;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    const clamp = (value: number) => Math.max(-REACH, Math.min(REACH, value));
    if (move !== undefined) {
      cursor.value = { x: clamp(cursor.value.x + move[0]), y: clamp(cursor.value.y + move[1]) };
      place.value = cursor.value;
    } else if (event.key === "Enter" || event.key === " ") mark(cursor.value, true);
    else if (/^[0-5]$/.test(event.key)) pen.value = Number(event.key);
    else if (event.key === "Delete" || event.key === "Backspace") rubOut(cursor.value.x, cursor.value.y, 0.5);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isDrawing = drawing.value;
  const empty = store.isEmpty.value;
  return (
    <div class="plane-box">
      <div
        class={`plane ${isDrawing ? "drawing" : ""}`}
        role={isDrawing ? "application" : "img"}
        tabIndex={isDrawing ? 0 : -1}
        aria-label={
          isDrawing
            ? "The plane. Arrows move the cross, Enter sets a point, 0 to 5 choose the class, Delete rubs out."
            : "What the network answers everywhere in the plane, with the points"
        }
        onKeyDown={keys}
        onPointerDown={(event) => {
          if (!isDrawing || event.button !== 0) return;
          event.preventDefault();
          (event.currentTarget as HTMLElement).focus({ preventScroll: true });
          event.currentTarget.setPointerCapture(event.pointerId);
          mark(at(event), true);
        }}
        onPointerMove={(event) => {
          place.value = at(event);
          if (isDrawing && event.buttons === 1) mark(at(event), false);
        }}
        onPointerLeave={() => (place.value = undefined)}
      >
        <canvas ref={heat} />
        <canvas ref={top} />
        {isDrawing && place.value !== undefined && (
          <i
            class="crosshair"
            style={{
              left: `${((place.value.x + REACH) / (2 * REACH)) * 100}%`,
              top: `${((REACH - place.value.y) / (2 * REACH)) * 100}%`,
            }}
          />
        )}
        {empty && (
          <p class="invite">
            <b>Draw here.</b>
            Points of two colours or more; it learns as soon as there are some.
          </p>
        )}
      </div>
      {isDrawing && store.setup.value.data === "own" && <Pens />}
      <Readout place={place.value} />
    </div>
  );
}

function Pens() {
  const colours = palette.value;
  return (
    <div class="pens" role="toolbar" aria-label="Pens">
      {SHAPES.map((shape, t) => (
        <button
          key={shape}
          aria-pressed={pen.value === t}
          aria-label={`Class ${t}, ${shape}`}
          title={`Class ${t}`}
          onClick={() => (pen.value = t)}
        >
          <Mark shape={t} colour={colours.classes[t]} />
        </button>
      ))}
      <button aria-pressed={pen.value < 0} onClick={() => (pen.value = -1)}>
        Rub out
      </button>
      <button disabled={!canUndo.value} onClick={undo}>
        Undo
      </button>
      <button disabled={store.setup.value.points.length === 0} onClick={clear}>
        Clear
      </button>
    </div>
  );
}

export function Mark({ shape, colour }: { shape: number; colour: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = prepare(canvas.current!, 16, 16);
    context.clearRect(0, 0, 16, 16);
    trace(context, shape, 8, 8, 5);
    context.fillStyle = colour;
    context.fill();
  }, [shape, colour]);
  return <canvas ref={canvas} style={{ width: "16px", height: "16px" }} aria-hidden="true" />;
}

/** The numbers of the place under the pointer. */
function Readout({ place }: { place: { x: number; y: number } | undefined }) {
  void store.frame.value;
  const { run, painter } = store;
  const looked = store.looked.value;
  if (looked !== undefined)
    return <p class="readout-line">Answer of {nameOf(looked.layer, looked.unit)}, everywhere</p>;
  if (place === undefined || run === undefined || painter === undefined) {
    return (
      <p class="readout-line">
        <label class="check">
          <input
            type="checkbox"
            checked={store.showsTest.value}
            onChange={(event) => (store.showsTest.value = event.currentTarget.checked)}
          />
          Points held back (hollow)
        </label>
      </p>
    );
  }
  const outputs = painter.outputs(columnsOf(Float32Array.of(place.x, place.y), run.setup.features));
  const text =
    run.data.task === "several"
      ? `class ${run.classOf(outputs, 0)} (${Math.round(100 * Math.max(...outputs))} %)`
      : outputs[0].toFixed(3);
  return (
    <p class="readout-line numbers">
      x {place.x.toFixed(2)} y {place.y.toFixed(2)} → {text}
    </p>
  );
}

export function nameOf(layer: number, unit: number): string {
  const depth = store.painter?.depth ?? 1;
  return layer >= depth - 1 ? (depth > 0 && store.task.peek() === "several" ? `output ${unit}` : "the output") : `unit ${unit + 1} of layer ${layer + 1}`; // prettier-ignore
}

const percent = (value: number) => (Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "–");
const three = (value: number) => (Number.isFinite(value) ? (Math.abs(value) < 1000 ? value.toFixed(3) : value.toExponential(1)) : "–"); // prettier-ignore

function Scores() {
  const { trainLoss, testLoss, trainScore, testScore } = store.figures.value;
  const isNumbers = store.task.value === "numbers";
  const score = (value: number) => (isNumbers ? three(value) : percent(value));
  return (
    <table class="scores">
      <caption class="unseen">Loss and {isNumbers ? "r squared" : "accuracy"}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{isNumbers ? "r²" : "accuracy"}</th>
          <th scope="col">loss</th>
        </tr>
      </thead>
      <tbody>
        <tr class="of-test">
          <th scope="row">test</th>
          <td class="big">{score(testScore)}</td>
          <td>{three(testLoss)}</td>
        </tr>
        <tr>
          <th scope="row">training</th>
          <td>{score(trainScore)}</td>
          <td>{three(trainLoss)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function Confusion() {
  const counts = useComputed(() => {
    void store.frame.value;
    // Counting at each frame would be more than the eye takes in.
    const now = performance.now();
    if (store.running.value && now - counted.time < 250) return counted.counts;
    counted = { time: now, counts: store.run?.confusion() ?? [] };
    return counted.counts;
  });
  const colours = palette.value;
  if (counts.value.length === 0) return null;
  const most = Math.max(1, ...counts.value.flat());
  return (
    <details class="confusion" open>
      <summary>Confusion of the points held back</summary>
      <table>
        <thead>
          <tr>
            <th scope="col" class="corner">
              is ↓ says →
            </th>
            {counts.value.map((_, t) => (
              <th scope="col" key={t}>
                <Mark shape={t} colour={colours.classes[t]} />
                <span class="unseen">class {t}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.value.map((row, t) => (
            <tr key={t}>
              <th scope="row">
                <Mark shape={t} colour={colours.classes[t]} />
                <span class="unseen">class {t}</span>
              </th>
              {row.map((count, says) => (
                <td
                  key={says}
                  class={says === t ? "right" : count > 0 ? "wrong" : ""}
                  style={{ "--share": count / most }}
                >
                  {count}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
let counted: { time: number; counts: number[][] } = { time: 0, counts: [] };

/** What there is to see at this moment, in one or two sentences. */
function Caption() {
  const { epoch, testScore } = store.figures.value;
  const state = store.ended.value;
  const proof = store.proof.value;
  const isNumbers = store.task.value === "numbers";
  if (state !== undefined && state !== "quiet") return <Ended reason={state} />;
  let text: string;
  if (proof === "same") text = "Repeated from the link: the same bits ✓";
  else if (proof === "other") text = "The weights differ from those of the link: it was made with another version.";
  else if (store.isEmpty.value) text = "A few strokes of each colour are enough.";
  else if (epoch === 0) text = "Press start: each epoch shows the network all training points once.";
  else if (isNumbers)
    text = testScore > 0.9 ? "It explains nearly all of the differences." : "Colours are values: the network bends its surface to the points."; // prettier-ignore
  else if (testScore < 0.7) text = "Each square shows what one unit answers: orange for no, blue for yes.";
  else if (testScore < 0.95)
    text = "The line is where the network is undecided. It bends as the units find their places.";
  else text = `${Math.round(100 * testScore)} % of points that it has never seen are right.`;
  const invites = testScore >= 0.95 && store.setup.value.data !== "own" && !isNumbers && proof === "none";
  return (
    <p class="caption">
      {text}
      {state === "quiet" && " It has stopped, as the test loss no longer falls."}
      {invites && !hidden.value.includes("data") && (
        <>
          {" "}
          <button
            class="link"
            onClick={() => {
              store.running.value = false;
              store.reset({ data: "own", held: 20, loss: "auto", points: store.setup.peek().points });
            }}
          >
            Draw your own points
          </button>
        </>
      )}
    </p>
  );
}

function Ended({ reason }: { reason: string }) {
  const { rate } = store.setup.value;
  return (
    <p class="caption wrong">
      {reason}{" "}
      <button class="link" onClick={() => store.reset({ rate: Math.max(1e-6, Number((rate / 10).toPrecision(3))) })}>
        Begin again with rate {Number((rate / 10).toPrecision(3))}
      </button>
    </p>
  );
}
