// The view "Digits": a network learns to read in front of the visitor, and then reads what they draw.
import { effect, signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { prepare } from "../drawing/canvas.ts";
import { palette, type Palette } from "../drawing/colours.ts";
import { Icon } from "../shell/controls.tsx";
import { PIXELS, SIDE } from "./images.ts";
import * as store from "./store.ts";
import { imageOf, type Dot } from "./strokes.ts";

export const follow = () => void store.load();

/** What is on the pad: strokes, or a picture that was chosen or typed. */
const strokes = signal<readonly (readonly Dot[])[]>([]);
const image = signal<Float32Array>(new Float32Array(PIXELS));
/** Which of the digits held back is on the pad. */
const chosen = signal<number | undefined>(undefined);
/** A cell of the confusion whose digits are shown. */
const cell = signal<{ is: number; says: number } | undefined>(undefined);

export function View() {
  if (store.status.value === "failed") {
    return (
      <p class="loading">
        The digits could not be loaded.{" "}
        <button onClick={() => ((store.status.value = "loading"), void store.load())}>Try again</button>
      </p>
    );
  }
  return (
    <div class="digits">
      <Pad />
      <Answers />
      <Learning />
      <Weights />
      <Confusion />
    </div>
  );
}

function drawDigit(
  context: CanvasRenderingContext2D,
  x: ArrayLike<number>,
  from: number,
  left: number,
  top: number,
  size: number,
  ink: string,
): void {
  const pixel = size / SIDE;
  context.fillStyle = ink;
  for (let k = 0; k < PIXELS; k++) {
    const value = x[from + k];
    if (value <= 0.02) continue;
    context.globalAlpha = Math.min(1, value);
    context.fillRect(left + (k % SIDE) * pixel, top + Math.floor(k / SIDE) * pixel, pixel + 0.3, pixel + 0.3);
  }
  context.globalAlpha = 1;
}

/** A canvas that is drawn anew when a signal, the theme or its size changes. */
function useDrawing(
  draw: (context: CanvasRenderingContext2D, width: number, height: number, colours: Palette) => void,
  watch: () => unknown,
) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    let asked = 0;
    const paint = () => {
      asked = 0;
      const { clientWidth: width, clientHeight: height } = element;
      if (width === 0) return;
      const context = prepare(element, width, height);
      context.clearRect(0, 0, width, height);
      draw(context, width, height, palette.peek());
    };
    const later = () => {
      if (asked === 0) asked = requestAnimationFrame(paint);
    };
    const stop = effect(() => {
      void palette.value;
      watch();
      later();
    });
    const size = new ResizeObserver(later);
    size.observe(element);
    return () => {
      stop();
      size.disconnect();
      cancelAnimationFrame(asked);
    };
  }, []);
  return canvas;
}

const percent = (value: number, digits = 1) => (Number.isFinite(value) ? `${(100 * value).toFixed(digits)} %` : "–");

function Learning() {
  void store.frame.value;
  const isRunning = store.running.value;
  const isLoading = store.status.value === "loading";
  const canvas = useDrawing(
    (context, width, _height, colours) => {
      if (store.data === undefined) return;
      const { x, y } = store.data.test;
      const step = width / 10;
      for (let k = 0; k < 100; k++) {
        const [left, top] = [(k % 10) * step, Math.floor(k / 10) * step];
        const isRight = store.answers[k] === y[k];
        const isFresh = store.looks() === 0;
        context.fillStyle = isFresh ? colours.line : isRight ? colours.accent : colours.negative;
        context.globalAlpha = isFresh ? 0.5 : isRight ? 0.16 : 0.4;
        context.beginPath();
        context.roundRect(left + 1.5, top + 1.5, step - 3, step - 3, 4);
        context.fill();
        context.globalAlpha = 1;
        drawDigit(
          context,
          x,
          k * PIXELS,
          left + step * 0.16,
          top + step * 0.16,
          step * 0.68,
          isFresh ? colours.muted : colours.text,
        );
        if (isFresh || isRight) continue;
        // Wrong ones have a bar below, for eyes that do not tell the colours apart.
        context.fillStyle = colours.negative;
        context.fillRect(left + 4, top + step - 5, step - 8, 2.5);
      }
    },
    () => store.frame.value,
  );
  return (
    <section class="panel digits-learning" aria-labelledby="learning-title">
      <div class="panel-head">
        <h2 id="learning-title">It learns to read</h2>
        <div class="bar-inline">
          <button
            class="play small"
            aria-label={isRunning ? "Pause" : store.isDone() ? "Learn again" : "Start"}
            disabled={isLoading}
            onClick={store.toggle}
          >
            <Icon name={isRunning ? "pause" : store.isDone() ? "rewind" : "play"} />
          </button>
        </div>
      </div>
      <div class="digits-figures">
        <div class="figure">
          <span>right, of {store.data?.test.count ?? 360} held back</span>
          <b class="huge">{percent(store.accuracy.value)}</b>
        </div>
        <div class="figure">
          <span>digits seen</span>
          <b>{store.looks().toLocaleString("en")}</b>
        </div>
        <div class="figure">
          <span>digits/s</span>
          <b>{store.rate.value === 0 ? "–" : `${Math.round(store.rate.value / 1000)} k`}</b>
        </div>
      </div>
      <progress class="progress" max={store.EPOCHS * 8} value={store.round.value} aria-label="Training" />
      <canvas
        ref={canvas}
        class="tiles"
        role="img"
        aria-label={`A hundred digits held back: ${store.data === undefined ? 0 : store.answers.slice(0, 100).filter((says, k) => says === store.data!.test.y[k]).length} read right`}
      />
      <p class="note">
        64 pixels → {store.HIDDEN} units → 10 answers. It learns from 1,437 digits that people wrote, three warped
        copies of each, and 7,000 that a program drew. These hundred are among the 360 that it never learns from.
      </p>
    </section>
  );
}

function Pad() {
  const pad = useRef<HTMLCanvasElement>(null);
  const isDown = useRef(false);
  const draw = () => {
    const element = pad.current;
    if (element === null) return;
    const size = element.clientWidth;
    if (size === 0) return;
    const context = prepare(element, size, size);
    const colours = palette.peek();
    context.clearRect(0, 0, size, size);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = colours.text;
    context.lineWidth = size / 17;
    for (const stroke of strokes.peek()) {
      context.beginPath();
      stroke.forEach(({ x, y }) => context.lineTo(x * size, y * size));
      if (stroke.length === 1) context.lineTo(stroke[0].x * size + 0.1, stroke[0].y * size);
      context.stroke();
    }
    if (chosen.peek() !== undefined)
      drawDigit(context, image.peek(), 0, size * 0.15, size * 0.15, size * 0.7, colours.text);
  };
  useEffect(() => {
    const stop = effect(() => {
      void palette.value;
      void strokes.value;
      void image.value;
      draw();
    });
    const size = new ResizeObserver(draw);
    size.observe(pad.current!);
    return () => {
      stop();
      size.disconnect();
    };
  }, []);
  const place = (event: PointerEvent): Dot => {
    const box = pad.current!.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };
  const take = () => {
    image.value = imageOf(strokes.peek());
  };
  const clear = () => {
    strokes.value = [];
    chosen.value = undefined;
    image.value = new Float32Array(PIXELS);
  };
  const another = () => {
    if (store.data === undefined) return;
    const next = ((chosen.peek() ?? -1) + 1) % store.data.test.count;
    strokes.value = [];
    chosen.value = next;
    image.value = store.data.test.x.slice(next * PIXELS, (next + 1) * PIXELS);
  };
  const isEmpty = strokes.value.length === 0 && chosen.value === undefined && image.value.every((value) => value === 0);
  return (
    <section class="panel digits-pad" aria-labelledby="pad-title">
      <h2 id="pad-title">Draw a digit</h2>
      <div class="pad-box">
        <canvas
          ref={pad}
          class="pad"
          role="img"
          aria-label="Pad to draw on. Without a pointer, use the cells beside it or the digits of the test."
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.preventDefault();
            event.currentTarget.setPointerCapture(event.pointerId);
            isDown.current = true;
            if (chosen.peek() !== undefined) clear();
            strokes.value = [...strokes.peek(), [place(event)]];
          }}
          onPointerMove={(event) => {
            if (!isDown.current) return;
            const list = event.getCoalescedEvents?.() ?? [];
            const dots = (list.length > 0 ? list : [event]).map(place);
            const all = strokes.peek();
            strokes.value = [...all.slice(0, -1), [...all[all.length - 1], ...dots]];
          }}
          onPointerUp={() => {
            isDown.current = false;
            take();
          }}
          onPointerCancel={() => {
            isDown.current = false;
            take();
          }}
        />
        {isEmpty && <p class="invite">Write a digit here, large or small</p>}
      </div>
      <div class="row pad-buttons">
        <button onClick={clear} disabled={isEmpty}>
          Clear
        </button>
        <button onClick={another} disabled={store.status.value !== "ready"}>
          A digit of the test
        </button>
      </div>
    </section>
  );
}

function Answers() {
  void store.frame.value;
  const now = image.value;
  const isEmpty = now.every((value) => value === 0);
  const outputs = useComputed(() => {
    void store.frame.value;
    return store.read(image.value);
  });
  const answers = outputs.value;
  let best = 0;
  for (let k = 1; k < 10; k++) if (answers[k] > answers[best]) best = k;
  return (
    <section class="panel digits-answers" aria-labelledby="answers-title">
      <h2 id="answers-title">It says</h2>
      <div class="says">
        <output class="answer" aria-live="polite" aria-label="Answer">
          {isEmpty ? "?" : best}
        </output>
        <p class="note">
          {isEmpty ? "Nothing is drawn yet." : `It is ${percent(answers[best], 0)} sure.`}
          {chosen.value !== undefined && store.data !== undefined && ` It is a ${store.data.test.y[chosen.value]}.`}
        </p>
      </div>
      <ol class="bars" aria-label="How sure it is of each digit">
        {Array.from({ length: 10 }, (_, k) => (
          <li key={k} class={!isEmpty && k === best ? "best" : ""}>
            <span>{k}</span>
            <i style={{ "--part": isEmpty ? 0 : answers[k] }} />
            <b>{isEmpty ? "" : percent(answers[k], 0)}</b>
          </li>
        ))}
      </ol>
      <Seen />
    </section>
  );
}

/** The 8 × 8 picture that the network reads; its cells can be changed with the keys. */
function Seen() {
  const place = useSignal(27);
  const hasFocus = useSignal(false);
  const canvas = useDrawing(
    (context, width, _height, colours) => {
      const step = width / SIDE;
      context.strokeStyle = colours.line;
      context.lineWidth = 1;
      drawDigit(context, image.peek(), 0, 0, 0, width, colours.text);
      for (let k = 1; k < SIDE; k++) {
        context.globalAlpha = 0.6;
        context.beginPath();
        context.moveTo(k * step, 0);
        context.lineTo(k * step, width);
        context.moveTo(0, k * step);
        context.lineTo(width, k * step);
        context.stroke();
      }
      context.globalAlpha = 1;
      if (!hasFocus.peek()) return;
      context.strokeStyle = colours.accent;
      context.lineWidth = 3;
      context.strokeRect(
        (place.peek() % SIDE) * step + 1.5,
        Math.floor(place.peek() / SIDE) * step + 1.5,
        step - 3,
        step - 3,
      );
    },
    () => [image.value, place.value, hasFocus.value],
  );
  const flip = () => {
    const next = image.peek().slice();
    next[place.peek()] = next[place.peek()] > 0.5 ? 0 : 1;
    strokes.value = [];
    chosen.value = undefined;
    image.value = next;
  };
  const keys = (event: KeyboardEvent) => {
    const [column, row] = [place.value % SIDE, Math.floor(place.value / SIDE)];
    if (event.key === "ArrowLeft") place.value = row * SIDE + Math.max(0, column - 1);
    else if (event.key === "ArrowRight") place.value = row * SIDE + Math.min(SIDE - 1, column + 1);
    else if (event.key === "ArrowUp") place.value = Math.max(0, row - 1) * SIDE + column;
    else if (event.key === "ArrowDown") place.value = Math.min(SIDE - 1, row + 1) * SIDE + column;
    else if (event.key === " " || event.key === "Enter") flip();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <figure class="seen">
      <div
        class="seen-box"
        role="application"
        tabIndex={0}
        aria-label={`What the network sees, 8 by 8 cells. Arrows move, Space inks. Cell ${(place.value % SIDE) + 1}, ${Math.floor(place.value / SIDE) + 1}: ${Math.round(100 * image.value[place.value])} percent`}
        onKeyDown={keys}
        onFocus={() => (hasFocus.value = true)}
        onBlur={() => (hasFocus.value = false)}
      >
        <canvas ref={canvas} />
      </div>
      <figcaption>What the network sees: 64 numbers</figcaption>
    </figure>
  );
}

function Weights() {
  const canvas = useDrawing(
    (context, width, _height, colours) => {
      if (store.network === undefined) return;
      const { weights } = store.network.getWeights()[0];
      const columns = 12;
      const step = width / columns;
      const pixel = (step - 4) / SIDE;
      for (let unit = 0; unit < store.HIDDEN; unit++) {
        let most = 1e-6;
        for (let k = 0; k < PIXELS; k++) most = Math.max(most, Math.abs(weights[k * store.HIDDEN + unit]));
        const [left, top] = [(unit % columns) * step + 2, Math.floor(unit / columns) * step + 2];
        for (let k = 0; k < PIXELS; k++) {
          const value = weights[k * store.HIDDEN + unit] / most;
          const colour = colours.map[Math.max(0, Math.min(255, Math.round(127.5 + 127.5 * value)))];
          context.fillStyle = `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
          context.fillRect(left + (k % SIDE) * pixel, top + Math.floor(k / SIDE) * pixel, pixel + 0.3, pixel + 0.3);
        }
      }
    },
    () => store.frame.value,
  );
  return (
    <section class="panel digits-weights" aria-labelledby="weights-title">
      <h2 id="weights-title">What its units look for</h2>
      <p class="note">The weights of each unit, as a picture: blue where ink speaks for it, orange where against.</p>
      <canvas ref={canvas} class="weights" role="img" aria-label={`Weights of ${store.HIDDEN} units`} />
    </section>
  );
}

function Confusion() {
  void store.frame.value;
  const colours = palette.value;
  const counts = Array.from({ length: 10 }, () => Array<number>(10).fill(0));
  store.data?.test.y.forEach((is, row) => counts[is][store.answers[row]]++);
  const wrong = store.data === undefined ? [] : Array.from(store.data.test.y.keys()).filter((row) => store.answers[row] !== store.data!.test.y[row]); // prettier-ignore
  const asked = cell.value;
  const shown = asked === undefined ? wrong.sort((a, b) => store.sureness[b] - store.sureness[a]).slice(0, 24) : Array.from(store.answers.keys()).filter((row) => store.data!.test.y[row] === asked.is && store.answers[row] === asked.says).slice(0, 24); // prettier-ignore
  return (
    <section class="panel digits-confusion" aria-labelledby="confusion-title">
      <h2 id="confusion-title">What it takes for what</h2>
      <div class="confusion-flow">
        <table class="confusion-big">
          <caption class="unseen">Rows: what it is. Columns: what it says. Press a number to see those digits.</caption>
          <thead>
            <tr>
              <th scope="col" class="corner">
                <span class="unseen">is, says</span>
              </th>
              {counts.map((_, k) => (
                <th scope="col" key={k}>
                  {k}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.map((row, is) => (
              <tr key={is}>
                <th scope="row">{is}</th>
                {row.map((count, says) => (
                  <td key={says} class={count === 0 ? "none" : is === says ? "right" : "wrong"}>
                    {count > 0 && (
                      <button
                        aria-label={`${count} of ${is} taken for ${says}`}
                        aria-pressed={asked?.is === is && asked.says === says}
                        onClick={() =>
                          (cell.value = asked?.is === is && asked.says === says ? undefined : { is, says })
                        }
                      >
                        {count}
                      </button>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        <div>
          <h3>
            {asked === undefined
              ? wrong.length === 0
                ? "No mistakes"
                : `Its ${wrong.length} mistakes, the surest first`
              : asked.is === asked.says
                ? `Read right as ${asked.is}`
                : `${asked.is} taken for ${asked.says}`}
          </h3>
          <ul class="mistakes">
            {shown.map((row) => (
              <li key={row}>
                <Small row={row} ink={colours.text} />
                <span>
                  says <b>{store.answers[row]}</b>
                </span>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </section>
  );
}

function Small({ row, ink }: { row: number; ink: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = prepare(canvas.current!, 40, 40);
    context.clearRect(0, 0, 40, 40);
    drawDigit(context, store.data!.test.x, row * PIXELS, 2, 2, 36, ink);
  }, [row, ink]);
  return (
    <canvas
      ref={canvas}
      style={{ width: "40px", height: "40px" }}
      role="img"
      aria-label={`A ${store.data!.test.y[row]}`}
    />
  );
}
