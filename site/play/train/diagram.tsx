// The network is its own control: units show what they answer, lines are weights, and both can be taken hold of. Pictures
// and lines are drawn on one canvas; buttons without a look of their own lie above them for pointer, keys and readers.
import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Picture, prepare } from "../drawing/canvas.ts";
import { palette, type Palette } from "../drawing/colours.ts";
import { gridOf, spanOf, type Answers } from "../drawing/painter.ts";
import { FEATURES } from "../model/data.ts";
import { ACTIVATIONS, LIMITS, type Feature, type LayerSetup } from "../model/setup.ts";
import { Icon, NumberField, Popover, Select } from "../shell/controls.tsx";
import { prefersLess } from "../shell/state.ts";
import { nameOf } from "./output.tsx";
import * as store from "./store.ts";

const SIDE = 24;
const ALL_FEATURES = Object.keys(FEATURES) as Feature[];

interface Node {
  x: number;
  y: number;
  size: number;
}

interface Geometry {
  width: number;
  height: number;
  /** Column by column: features, layers, outputs. */
  columns: Node[][];
  pitch: number;
}

const HEAD = 68;

function layout(width: number, layers: readonly LayerSetup[], outputs: number, isNarrow: boolean): Geometry {
  const counts = [ALL_FEATURES.length, ...layers.map(({ units }) => units), outputs];
  const most = Math.max(...counts);
  const least = isNarrow ? 44 : 30;
  const step = Math.max(least, Math.min(isNarrow ? 50 : 43, 400 / most));
  const size = Math.min(isNarrow ? 40 : 36, step - 6);
  const columnsWide = counts.length - 1;
  const pitch = Math.max(isNarrow ? 116 : 104, (width - 130) / columnsWide);
  const whole = Math.max(width, pitch * columnsWide + 130);
  const height = HEAD + step * most + 10;
  const columns = counts.map((count, c) =>
    Array.from({ length: count }, (_, k) => ({
      x: 62 + pitch * c,
      y: HEAD + (step * most) / 2 + (k - (count - 1) / 2) * step,
      size: c === counts.length - 1 && count === 1 ? Math.min(46, size + 8) : size,
    })),
  );
  return { width: whole, height, columns, pitch };
}

interface Hover {
  layer: number;
  from: number;
  to: number;
  x: number;
  y: number;
}

/** The curve of a line at a part of its way. */
function along(a: Node, b: Node, part: number): [number, number] {
  const [x1, x2] = [a.x + a.size / 2, b.x - b.size / 2];
  const bend = (x2 - x1) * 0.5;
  const q = 1 - part;
  return [
    q ** 3 * x1 + 3 * q * q * part * (x1 + bend) + 3 * q * part * part * (x2 - bend) + part ** 3 * x2,
    q ** 3 * a.y + 3 * q * q * part * a.y + 3 * q * part * part * b.y + part ** 3 * b.y,
  ];
}

const featuresIn = () => store.run?.setup.features ?? [];

/** Which feature's node a column of the first weights belongs to. */
const nodeOfInput = (input: number) => ALL_FEATURES.indexOf(featuresIn()[input]);

class DiagramPainter {
  readonly #pictures: Picture[][] = [];
  #round = 0;

  paint(canvas: HTMLCanvasElement, geometry: Geometry, colours: Palette, hover: Hover | undefined, isWhole: boolean) {
    const { painter, run } = store;
    if (painter === undefined || run === undefined || geometry.columns.length !== painter.depth + 1) return;
    const context = prepare(canvas, geometry.width, geometry.height);
    context.clearRect(0, 0, geometry.width, geometry.height);
    this.#lines(context, geometry, colours, hover);
    this.#round++;
    const answers = painter.layers(SIDE);
    for (let layer = 0; layer < painter.depth; layer++) {
      // Half of the layers each frame: nobody sees the difference.
      if (isWhole || painter.depth <= 2 || (layer + this.#round) % 2 === 1)
        this.#answers(layer, answers[layer], colours);
    }
    this.#features(context, geometry, colours);
    for (let layer = 0; layer < painter.depth; layer++) {
      geometry.columns[layer + 1].forEach((node, unit) => {
        const picture = this.#pictures[layer]?.[unit];
        if (picture !== undefined) stamp(context, picture, node, colours, 1);
      });
    }
  }

  #picture(layer: number, unit: number): Picture {
    const row = (this.#pictures[layer] ??= []);
    return (row[unit] ??= new Picture(SIDE));
  }

  #answers(layer: number, answers: Answers, colours: Palette): void {
    for (let unit = 0; unit < answers.units; unit++) {
      const { scale, shift } = spanOf(answers, unit);
      this.#picture(layer, unit).paint(answers.values, unit, answers.units, scale, shift, colours);
    }
  }

  #features(context: CanvasRenderingContext2D, geometry: Geometry, colours: Palette): void {
    geometry.columns[0].forEach((node, k) => {
      const isOn = featuresIn().includes(ALL_FEATURES[k]);
      stamp(context, featurePicture(ALL_FEATURES[k], colours), node, colours, isOn ? 1 : 0.28);
    });
  }

  #lines(context: CanvasRenderingContext2D, { columns }: Geometry, colours: Palette, hover: Hover | undefined): void {
    const weights = store.painter!.weights;
    weights.forEach((layer, k) => {
      const units = layer.bias!.length;
      for (let at = 0; at < layer.weights.length; at++) {
        const weight = layer.weights[at];
        const input = Math.floor(at / units);
        const from = columns[k][k === 0 ? nodeOfInput(input) : input];
        const to = columns[k + 1][at % units];
        if (from === undefined || to === undefined) continue;
        const isHover = hover !== undefined && hover.layer === k && hover.from === input && hover.to === at % units;
        const strength = Math.abs(weight) / (Math.abs(weight) + 1.2);
        context.strokeStyle = isHover ? colours.accent : weight < 0 ? colours.negative : colours.positive;
        context.globalAlpha = isHover ? 1 : 0.12 + 0.78 * strength;
        context.lineWidth = isHover ? 4 : 0.5 + 3.3 * strength;
        context.setLineDash(weight < 0 ? [5, 3] : []);
        const [x1, x2] = [from.x + from.size / 2, to.x - to.size / 2];
        const bend = (x2 - x1) * 0.5;
        context.beginPath();
        context.moveTo(x1, from.y);
        context.bezierCurveTo(x1 + bend, from.y, x2 - bend, to.y, x2, to.y);
        context.stroke();
      }
    });
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
}

const featurePictures = new Map<string, Picture>();

function featurePicture(feature: Feature, colours: Palette): Picture {
  const key = `${feature} ${colours.isDark}`;
  let picture = featurePictures.get(key);
  if (picture === undefined) {
    picture = new Picture(SIDE);
    picture.paint(gridOf(SIDE, [feature]), 0, 1, 0.25, 0, colours);
    featurePictures.set(key, picture);
  }
  return picture;
}

function stamp(context: CanvasRenderingContext2D, picture: Picture, node: Node, colours: Palette, alpha: number): void {
  const { x, y, size } = node;
  context.save();
  context.beginPath();
  context.roundRect(x - size / 2, y - size / 2, size, size, 6);
  context.fillStyle = colours.paper;
  context.fill();
  context.clip();
  context.globalAlpha = alpha;
  context.drawImage(picture.canvas, x - size / 2, y - size / 2, size, size);
  context.restore();
}

/** What is being edited, and where it stands. */
interface Editing {
  box: DOMRect;
  unit?: { layer: number; unit: number };
  line?: Hover;
}

export function Diagram() {
  const scroll = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useSignal(0);
  const hover = useSignal<Hover | undefined>(undefined);
  const editing = useSignal<Editing | undefined>(undefined);
  const focus = useSignal({ column: 1, row: 0 });
  void store.generation.value;
  const { layers } = store.run?.setup ?? store.setup.value;
  const outputs = store.run?.network.outputs ?? 1;
  const isNarrow = width.value < 560;
  const geometry = layout(width.value, layers, outputs, isNarrow);
  const kept = useRef(geometry);
  kept.current = geometry;
  const colours = palette.value;

  useEffect(() => {
    const element = scroll.current!;
    const size = new ResizeObserver(() => (width.value = element.clientWidth));
    size.observe(element);
    width.value = element.clientWidth;
    return () => size.disconnect();
  }, []);
  useEffect(() => {
    const drawing = new DiagramPainter();
    let asked = 0;
    let last = 0;
    let slow = 0;
    const stop = effect(() => {
      void store.frame.value;
      void store.running.value;
      void hover.value;
      void width.value;
      if (asked !== 0) return;
      asked = requestAnimationFrame((now) => {
        asked = 0;
        // With reduced motion twice a second; where drawing takes long every other frame.
        const least = prefersLess.matches ? 500 : slow > 5 ? 30 : 0;
        if (store.running.peek() && now - last < least) return;
        last = now;
        const began = performance.now();
        drawing.paint(canvas.current!, kept.current, colours, hover.peek(), !store.running.peek());
        slow = 0.9 * slow + 0.1 * (performance.now() - began);
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(asked);
    };
  }, [colours, geometry.width, geometry.height, geometry.columns.length]);

  const find = (event: MouseEvent): Hover | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    return lineAt(kept.current, event.clientX - box.left, event.clientY - box.top);
  };
  const edit = (layer: number, unit: number, element: Element) => {
    editing.value = { box: element.getBoundingClientRect(), unit: { layer, unit } };
  };
  const keys = (event: KeyboardEvent) => move(event, kept.current, focus, layers);
  const focusable = (column: number, row: number) => ({
    tabIndex: focus.value.column === column && focus.value.row === row ? 0 : -1,
    "data-place": `${column}-${row}`,
    onFocus: () => {
      focus.value = { column, row };
      if (column > 0) store.looked.value = { layer: column - 1, unit: row };
    },
    onBlur: () => (store.looked.value = undefined),
    onPointerEnter: () => column > 0 && (store.looked.value = { layer: column - 1, unit: row }),
    onPointerLeave: () => (store.looked.value = undefined),
  });

  return (
    <section class="panel network" aria-labelledby="network-title">
      <div class="network-head">
        <h2 id="network-title">Network</h2>
        <small>
          {(store.run?.network.parameterCount ?? 0).toLocaleString("en")} weights. Press a unit or a line to change it.
        </small>
      </div>
      <div class="diagram-scroll" ref={scroll}>
        <div
          class="diagram"
          role="group"
          aria-label="Network, from inputs on the left to the output. Arrow keys move between units."
          style={{ width: `${geometry.width}px`, height: `${geometry.height}px` }}
          onKeyDown={keys}
          onPointerMove={(event) => {
            if (event.pointerType !== "touch") hover.value = event.target === canvas.current ? find(event) : undefined;
          }}
          onPointerLeave={() => (hover.value = undefined)}
          onClick={(event) => {
            if (event.target !== canvas.current) return;
            const line = find(event);
            if (line !== undefined) editing.value = { box: new DOMRect(event.clientX, event.clientY, 0, 0), line };
          }}
        >
          <canvas ref={canvas} style={{ width: `${geometry.width}px`, height: `${geometry.height}px` }} />
          <span class="column-title" style={{ left: `${geometry.columns[0][0].x}px` }}>
            Inputs
          </span>
          {ALL_FEATURES.map((feature, k) => (
            <FeatureButton key={feature} feature={feature} node={geometry.columns[0][k]} place={focusable(0, k)} />
          ))}
          <LayerHeads geometry={geometry} layers={layers} />
          {geometry.columns
            .slice(1)
            .map((column, layer) =>
              column.map((node, unit) => (
                <button
                  key={`${layer}-${unit}`}
                  class="node"
                  style={nodeStyle(node)}
                  aria-label={`${nameOf(layer, unit)}: edit bias and weights`}
                  aria-haspopup="dialog"
                  onClick={(event) => edit(layer, unit, event.currentTarget)}
                  {...focusable(layer + 1, unit)}
                />
              )),
            )}
          {hover.value !== undefined && <LineTip hover={hover.value} />}
        </div>
      </div>
      {editing.value?.unit !== undefined && (
        <UnitEditor at={editing.value.box} {...editing.value.unit} onClose={() => (editing.value = undefined)} />
      )}
      {editing.value?.line !== undefined && (
        <LineEditor at={editing.value.box} line={editing.value.line} onClose={() => (editing.value = undefined)} />
      )}
    </section>
  );
}

const nodeStyle = ({ x, y, size }: Node) => ({
  left: `${x - size / 2}px`,
  top: `${y - size / 2}px`,
  width: `${size}px`,
  height: `${size}px`,
});

/** The nearest line within a few pixels. */
function lineAt(geometry: Geometry, x: number, y: number): Hover | undefined {
  let best: Hover | undefined;
  let nearest = 7;
  store.painter?.weights.forEach((layer, k) => {
    const units = layer.bias!.length;
    const [left, right] = [geometry.columns[k][0].x, geometry.columns[k + 1][0].x];
    if (x < left || x > right) return;
    for (let at = 0; at < layer.weights.length; at++) {
      const input = Math.floor(at / units);
      const from = geometry.columns[k][k === 0 ? nodeOfInput(input) : input];
      const to = geometry.columns[k + 1]?.[at % units];
      if (from === undefined || to === undefined) continue;
      let [low, high] = [0, 1];
      for (let round = 0; round < 12; round++) {
        const middle = (low + high) / 2;
        if (along(from, to, middle)[0] < x) low = middle;
        else high = middle;
      }
      const distance = Math.abs(along(from, to, low)[1] - y);
      if (distance < nearest) {
        nearest = distance;
        best = { layer: k, from: input, to: at % units, x, y };
      }
    }
  });
  return best;
}

function changeUnits(layers: readonly LayerSetup[], layer: number, by: number): void {
  const units = layers[layer].units + by;
  if (units < 1 || units > LIMITS.units) return;
  store.reset({ layers: layers.map((one, k) => (k === layer ? { ...one, units } : one)), weights: "" });
}

function move(
  event: KeyboardEvent,
  { columns }: Geometry,
  focus: { value: { column: number; row: number } },
  layers: readonly LayerSetup[],
): void {
  if (!(event.target instanceof HTMLElement) || event.target.dataset.place === undefined) return;
  const { column, row } = focus.value;
  const isHidden = column > 0 && column <= layers.length;
  if (event.key === "+" && isHidden) changeUnits(layers, column - 1, 1);
  else if ((event.key === "-" || event.key === "Delete") && isHidden) changeUnits(layers, column - 1, -1);
  else {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step === undefined) return;
    const nextColumn = Math.max(0, Math.min(columns.length - 1, column + step[0]));
    const nextRow = Math.max(0, Math.min(columns[nextColumn].length - 1, row + step[1]));
    focus.value = { column: nextColumn, row: nextRow };
    const box = event.currentTarget as HTMLElement;
    box.querySelector<HTMLElement>(`[data-place="${nextColumn}-${nextRow}"]`)?.focus();
  }
  event.preventDefault();
}

function FeatureButton({ feature, node, place }: { feature: Feature; node: Node; place: object }) {
  const features = store.setup.value.features;
  const isOn = features.includes(feature);
  const change = () => {
    const next = ALL_FEATURES.filter((name) => (name === feature ? !isOn : features.includes(name)));
    if (next.length > 0) store.reset({ features: next, weights: "" });
  };
  return (
    <>
      <button
        class="node feature"
        style={nodeStyle(node)}
        aria-pressed={isOn}
        aria-label={`Input ${FEATURES[feature].title}`}
        onClick={change}
        {...place}
      />
      <span
        class={`feature-name ${isOn ? "" : "off"}`}
        style={{ left: `${node.x - node.size / 2 - 4}px`, top: `${node.y}px` }}
        aria-hidden="true"
      >
        {FEATURES[feature].title}
      </span>
    </>
  );
}

function LayerHeads({ geometry, layers }: { geometry: Geometry; layers: readonly LayerSetup[] }) {
  const insert = (at: number) => {
    const like = layers[at - 1] ?? layers[at] ?? { units: 4, activation: "tanh", dropout: 0 };
    store.reset({ layers: [...layers.slice(0, at), { ...like, units: Math.min(like.units, 6) }, ...layers.slice(at)], weights: "" }); // prettier-ignore
  };
  const set = (layer: number, part: Partial<LayerSetup>) =>
    store.reset({ layers: layers.map((one, k) => (k === layer ? { ...one, ...part } : one)) });
  const last = geometry.columns[geometry.columns.length - 1][0];
  const canAdd = layers.length < LIMITS.layers;
  return (
    <>
      {layers.map((layer, k) => (
        <div class="layer-head" key={k} style={{ left: `${geometry.columns[k + 1][0].x}px` }}>
          <div class="units">
            <button
              class="tiny"
              aria-label={`Layer ${k + 1}: one unit less`}
              disabled={layer.units <= 1}
              onClick={() => changeUnits(layers, k, -1)}
            >
              {" "}
              {/* prettier-ignore */}
              <Icon name="minus" />
            </button>
            <span>{layer.units}</span>
            <button
              class="tiny"
              aria-label={`Layer ${k + 1}: one unit more`}
              disabled={layer.units >= LIMITS.units}
              onClick={() => changeUnits(layers, k, 1)}
            >
              {" "}
              {/* prettier-ignore */}
              <Icon name="plus" />
            </button>
          </div>
          <Select
            label={`Activation of layer ${k + 1}`}
            quiet
            value={layer.activation}
            options={ACTIVATIONS.map((name) => [name, name])}
            onChange={(activation) => set(k, { activation })}
          />
          <button
            class="tiny remove"
            aria-label={`Remove layer ${k + 1}`}
            title="Remove this layer"
            onClick={() => store.reset({ layers: layers.filter((_, at) => at !== k), weights: "" })}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {canAdd &&
        geometry.columns.slice(1).map((column, k) => (
          <button
            key={k}
            class="tiny add-layer"
            style={{ left: `${(geometry.columns[k][0].x + column[0].x) / 2}px` }}
            aria-label={k === layers.length ? "Add a layer before the output" : `Add a layer before layer ${k + 1}`}
            title="Add a layer here"
            onClick={() => insert(k)}
          >
            <Icon name="plus" />
          </button>
        ))}
      <span class="column-title" style={{ left: `${last.x}px` }}>
        Output
      </span>
    </>
  );
}

function sourceName(layer: number, from: number): string {
  return layer === 0 ? FEATURES[featuresIn()[from]].title : `unit ${from + 1}`;
}

function LineTip({ hover }: { hover: Hover }) {
  void store.frame.value;
  const layer = store.painter?.weights[hover.layer];
  if (layer === undefined) return null;
  const weight = layer.weights[hover.from * layer.bias!.length + hover.to];
  return (
    <span class="tip" style={{ left: `${hover.x}px`, top: `${hover.y - 14}px` }}>
      {sourceName(hover.layer, hover.from)} × <b>{weight?.toFixed(3)}</b>
    </span>
  );
}

/** A number that is dragged, typed or stepped. */
function WeightRow({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  const rounded = Number(value.toPrecision(4));
  return (
    <div class="weight-row">
      <input
        type="range"
        min={-5}
        max={5}
        step={0.01}
        value={rounded}
        aria-label={`${label}, slider`}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <NumberField label={label} value={rounded} min={-1000} max={1000} step="any" onChange={onChange} />
    </div>
  );
}

function LineEditor({ at, line, onClose }: { at: DOMRect; line: Hover; onClose: () => void }) {
  void store.frame.value;
  const layer = store.painter?.weights[line.layer];
  if (layer === undefined) return null;
  const index = line.from * layer.bias!.length + line.to;
  return (
    <Popover at={at} label={`${sourceName(line.layer, line.from)} → ${nameOf(line.layer, line.to)}`} onClose={onClose}>
      <WeightRow
        label="weight"
        value={layer.weights[index]}
        onChange={(value) => store.alter({ what: "weight", layer: line.layer, index, value })}
      />
    </Popover>
  );
}

const DROPOUTS = [0, 0.1, 0.2, 0.3, 0.5];

function UnitEditor({ at, layer, unit, onClose }: { at: DOMRect; layer: number; unit: number; onClose: () => void }) {
  void store.frame.value;
  const weights = store.painter?.weights[layer];
  const { layers } = store.setup.value;
  if (weights === undefined || unit >= weights.bias!.length) return null;
  const units = weights.bias!.length;
  const own = layers[layer];
  const sources = weights.weights.length / units;
  return (
    <Popover at={at} label={nameOf(layer, unit)} onClose={onClose}>
      <p class="formula-line">{own === undefined ? "a" : own.activation}(Σ weight · input + bias)</p>
      <div class="weight-list">
        <WeightRow
          label="bias"
          value={weights.bias![unit]}
          onChange={(value) => store.alter({ what: "bias", layer, index: unit, value })}
        />
        {Array.from({ length: sources }, (_, from) => (
          <WeightRow
            key={from}
            label={sourceName(layer, from)}
            value={weights.weights[from * units + unit]}
            onChange={(value) => store.alter({ what: "weight", layer, index: from * units + unit, value })}
          />
        ))}
      </div>
      {own !== undefined && (
        <Select
          label={`Dropout behind layer ${layer + 1}`}
          value={String(own.dropout)}
          options={DROPOUTS.map((rate) => [String(rate), rate === 0 ? "none" : `${rate * 100} %`])}
          onChange={(rate) => store.alter({ what: "dropout", layer, value: Number(rate) })}
        />
      )}
    </Popover>
  );
}
