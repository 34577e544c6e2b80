// Models of ours as ONNX (opset 17, IR 8), with the weights inside: what comes before the networks and behind them, and
// averages of several, in one graph.
import { PropagoError } from "../ground/errors.ts";
import type { ExportedFeatures, ExportedMember, ExportedModel, ExportedTarget } from "./exported.ts";
import { writeColumns } from "./onnx-columns.ts";
import { BOOL, DOUBLE, FLOAT, Graph, INT64, TEXT } from "./onnx-graph.ts";
import { writeNetwork } from "./onnx-layers.ts";

export interface OnnxFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** What a user of the file has to know; one sentence each. */
  notes: string[];
}

/**
 * An ONNX model. A network has the input "input" (rows, inputs) and the output "output" (rows, outputs), both float32; a
 * classifier the outputs "label" (rows) and "probabilities" (rows, classes); a regressor "output". A model of a table has
 * an input for each column, by its name. Several targets have outputs named after them, as "price_output".
 */
export function writeOnnx(model: ExportedModel): OnnxFile {
  const graph = new Graph();
  const notes: string[] = [];
  const { targets } = model;
  const [first] = targets;
  if (targets.some(({ members }) => members.some(({ network }) => network.description.dtype === "float64"))) {
    notes.push("the networks are of float64 and their weights are rounded to float32");
  }
  const isPlain = first.members.length === 1 && first.members[0].features === undefined;
  let rows: string;
  if (model.columns !== undefined) {
    const written = writeColumns(graph, model);
    rows = written.rows;
    notes.push(...written.notes);
  } else {
    const isWide = !isPlain && first.members.some(({ features }) => features !== undefined && needsDigits(features));
    if (isWide) notes.push('the input is float64 ("tensor(double)"): its columns have more digits than float32');
    const input = graph.input("input", isWide ? DOUBLE : FLOAT, model.inputs);
    rows = isPlain || isWide ? input : graph.cast(input, DOUBLE);
  }
  for (const [i, target] of targets.entries()) {
    const prefix = targets.length > 1 ? `${target.name ?? i + 1}_` : "";
    writeTarget(graph, target, rows, prefix);
  }
  return { bytes: graph.finish(), notes };
}

/** Whether columns lie so far from 0 that float32 has few digits left for how they vary. */
function needsDigits({ mean, scale }: ExportedFeatures): boolean {
  return mean.some((value, i) => Math.abs(value) > 1000 * scale[i]);
}

function writeTarget(graph: Graph, target: ExportedTarget, rows: string, prefix: string): void {
  const { members, outputs, kind } = target;
  const several = members.length > 1;
  const ends = members.map((member, i) => writeMember(graph, member, rows, several ? `${prefix}network_${i + 1}/` : prefix)); // prettier-ignore
  let end = ends[0];
  if (several) {
    const weighted = ends.map((one, i) =>
      graph.add("Mul", [one, graph.constant("weight", [members[i].weight], [], DOUBLE)]),
    );
    end = weighted.reduce((sum, one) => graph.add("Add", [sum, one]));
  }
  const isDouble = several || members[0].features !== undefined;
  const result = (name: string, value: string, columns: number) =>
    graph.output(`${prefix}${name}`, FLOAT, columns, (own) => {
      if (isDouble) graph.add("Cast", [value], { to: { whole: FLOAT } }, own);
      else graph.add("Identity", [value], {}, own);
    });
  if (kind === "classes") {
    writeLabels(graph, target, end, prefix, isDouble);
    result("probabilities", outputs === 1 ? both(graph, end) : end, outputs === 1 ? 2 : outputs);
  } else {
    result("output", end, outputs);
    if (target.labels !== undefined) writeLabels(graph, target, end, prefix, isDouble);
  }
}

/** Probabilities of two classes, from that of the second. */
function both(graph: Graph, second: string): string {
  const first = graph.add("Sub", [graph.constant("one", [1], [], DOUBLE), second]);
  return graph.add("Concat", [first, second], { axis: { whole: 1 } });
}

/** A network with what comes before and behind it: float32 for a network alone, else float64. */
function writeMember(
  graph: Graph,
  { network, features, targets }: ExportedMember,
  rows: string,
  prefix: string,
): string {
  if (features === undefined) return writeNetwork(graph, network, rows, prefix);
  const inputs = graph.cast(writeFeatures(graph, features, rows), FLOAT);
  const end = graph.cast(writeNetwork(graph, network, inputs, prefix), DOUBLE);
  if (targets === undefined) return end;
  const columns = [1, targets.mean.length];
  const wide = graph.add("Mul", [end, graph.constant("target_scale", targets.scale, columns, DOUBLE)]);
  const shifted = graph.add("Add", [wide, graph.constant("target_mean", targets.mean, columns, DOUBLE)]);
  if (targets.log === undefined) return shifted;
  return graph.add("Sub", [graph.add("Exp", [shifted]), graph.constant("log", [targets.log], [], DOUBLE)]);
}

/** The inputs of a network in float64: columns scaled, and curves of single columns. */
function writeFeatures(graph: Graph, { mean, scale, soft, kept, curves }: ExportedFeatures, rows: string): string {
  const number = (value: number) => graph.constant("number", [value], [], DOUBLE);
  const row = (name: string, values: readonly number[]) => graph.constant(name, values, [1, values.length], DOUBLE);
  const pieces: string[] = [];
  if (kept.length > 0) {
    const own = kept.length === mean.length ? rows : graph.add("Gather", [rows, graph.wholes("columns", kept)], { axis: { whole: 1 } }); // prettier-ignore
    const centred = graph.add("Sub", [own, row("mean", kept.map((column) => mean[column]))]); // prettier-ignore
    const scaled = graph.add("Div", [centred, row("scale", kept.map((column) => scale[column]))]); // prettier-ignore
    const z = graph.add("Max", [graph.add("Min", [scaled, number(1e6)]), number(-1e6)]);
    const square = soft ? graph.add("Div", [graph.add("Mul", [z, z]), number(9)]) : "";
    pieces.push(soft ? graph.add("Div", [z, graph.add("Sqrt", [graph.add("Add", [square, number(1)])])]) : z);
  }
  for (const { column, from, to } of curves) {
    const own = graph.add("Gather", [rows, graph.wholes("column", [column])], { axis: { whole: 1 } });
    // Straight lines between points: each adds its slope times how far x has come along it.
    const widths = from.slice(1).map((end, i) => end - from[i]);
    if (widths.length === 0) {
      pieces.push(graph.add("Add", [graph.add("Mul", [own, number(0)]), number(to[0])]));
      continue;
    }
    const beyond = graph.add("Max", [graph.add("Sub", [own, row("from", from.slice(0, -1))]), number(0)]);
    const along = graph.add("Min", [beyond, row("width", widths)]);
    const slopes = widths.map((width, i) => (to[i + 1] - to[i]) / width);
    const risen = graph.add("MatMul", [along, graph.constant("slope", slopes, [slopes.length, 1], DOUBLE)]);
    pieces.push(graph.add("Add", [risen, number(to[0])]));
  }
  return pieces.length === 1 ? pieces[0] : graph.add("Concat", pieces, { axis: { whole: 1 } });
}

function writeLabels(graph: Graph, target: ExportedTarget, end: string, prefix: string, isDouble: boolean): void {
  const { labels = [], outputs, threshold } = target;
  const isText = labels.some((label) => typeof label === "string");
  const isFlag = labels.every((label) => typeof label === "boolean");
  if (!isText && !isFlag && !labels.every(Number.isSafeInteger)) {
    throw new PropagoError("ERR_DATA", "labels must be texts, whole numbers or booleans");
  }
  let names: string;
  if (isText) names = graph.texts("labels", labels.map(String));
  else names = isFlag ? graph.flags("labels", labels) : graph.wholes("labels", labels as number[]);
  let index: string;
  if (outputs === 1) {
    const least = graph.constant("threshold", [threshold], [], isDouble ? DOUBLE : FLOAT);
    const flat = graph.add("Squeeze", [graph.add("Greater", [end, least]), graph.wholes("axes", [1])]);
    index = graph.cast(flat, INT64);
  } else {
    index = graph.add("ArgMax", [end], { axis: { whole: 1 }, keepdims: { whole: 0 } });
  }
  const type = isText ? TEXT : isFlag ? BOOL : INT64;
  graph.output(`${prefix}label`, type, undefined, (own) => void graph.add("Gather", [names, index], {}, own));
}
