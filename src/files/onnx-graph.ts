// An ONNX graph that is being written: its nodes, its constants, and names that are used once.
import { Message } from "./protobuf.ts";

/** The kinds of numbers, by their codes in ONNX. */
export const FLOAT = 1;
export const INT64 = 7;
export const TEXT = 8;
export const BOOL = 9;
export const DOUBLE = 11;

export type Attribute =
  { whole: number } | { float: number } | { floats: readonly number[] } | { texts: readonly string[] };

/** Operators of trees, encoders and the like, beside those of neural networks. */
const ML_DOMAIN = "ai.onnx.ml";

export class Graph {
  readonly #nodes: Message[] = [];
  readonly #constants: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #names = new Set<string>();
  #usesEncoders = false;

  /** Adds a node and gives the name of its result. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    result = this.unique(operator),
  ): string {
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    node.text(2, result).text(3, `${result}_node`).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.message(5, written(name, value));
    if (operator === "LabelEncoder") {
      node.text(7, ML_DOMAIN);
      this.#usesEncoders = true;
    }
    this.#nodes.push(node);
    return result;
  }

  /** The values of a tensor as another kind of numbers. */
  cast(input: string, type: number): string {
    return this.add("Cast", [input], { to: { whole: type } });
  }

  constant(name: string, values: ArrayLike<number>, shape: readonly number[], type = FLOAT): string {
    const array = type === DOUBLE ? Float64Array.from(values) : Float32Array.from(values);
    return this.#constant(name, type, shape, (tensor) => tensor.bytes(9, new Uint8Array(array.buffer)));
  }

  texts(name: string, values: readonly string[]): string {
    return this.#constant(name, TEXT, [values.length], (tensor) => {
      for (const value of values) tensor.text(6, value);
    });
  }

  wholes(name: string, values: readonly number[]): string {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(name, INT64, [values.length], (tensor) => tensor.bytes(9, data));
  }

  flags(name: string, values: readonly boolean[]): string {
    return this.#constant(name, BOOL, [values.length], (tensor) => tensor.bytes(9, Uint8Array.from(values, Number)));
  }

  #constant(name: string, type: number, shape: readonly number[], fill: (tensor: Message) => void): string {
    const own = this.unique(name);
    const tensor = new Message();
    for (const size of shape) tensor.whole(1, size);
    tensor.whole(2, type).text(8, own);
    fill(tensor);
    this.#constants.push(tensor);
    return own;
  }

  /** A name that nothing else has. */
  unique(name: string): string {
    let own = name;
    for (let i = 1; own === "" || this.#names.has(own); i++) own = `${name}_${i}`;
    this.#names.add(own);
    return own;
  }

  /** Declares an input of so many columns a row, and gives its name. */
  input(name: string, type: number, columns: number): string {
    const own = this.unique(name);
    this.#inputs.push(valueInfo(own, type, columns));
    return own;
  }

  /** Declares an output: `columns` a row, or one value without a dimension of its own. */
  output(name: string, type: number, columns: number | undefined, from: (name: string) => void): void {
    const own = this.unique(name);
    from(own);
    this.#outputs.push(valueInfo(own, type, columns));
  }

  /** The bytes of the model: opset 17, IR version 8. */
  finish(): Uint8Array<ArrayBuffer> {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, "propago");
    for (const constant of this.#constants) graph.message(5, constant);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const model = new Message().whole(1, 8).text(2, "propago").message(7, graph);
    model.message(8, new Message().text(1, "").whole(2, 17));
    if (this.#usesEncoders) model.message(8, new Message().text(1, ML_DOMAIN).whole(2, 2));
    return model.finish();
  }
}

/** An attribute with its value and the code of its kind. */
function written(name: string, value: Attribute): Message {
  const attribute = new Message().text(1, name);
  if ("float" in value) return attribute.float(2, value.float).whole(20, 1);
  if ("whole" in value) return attribute.whole(3, value.whole).whole(20, 2);
  if ("floats" in value) {
    for (const float of value.floats) attribute.float(7, float);
    return attribute.whole(20, 6);
  }
  for (const text of value.texts) attribute.text(9, text);
  return attribute.whole(20, 8);
}

function valueInfo(name: string, type: number, columns: number | undefined): Message {
  const shape = new Message().message(1, new Message().text(2, "rows"));
  if (columns !== undefined) shape.message(1, new Message().whole(1, columns));
  const tensor = new Message().whole(1, type).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
