// What a visitor may write as "own function": x and y, numbers, + − * / ^, a few functions, one comparison. It is read
// here and never handed to the engine, so a link cannot bring code.
import { cosine, exponential, sine } from "./exact.ts";

export type Formula = (x: number, y: number) => number;

export interface Expression {
  value: Formula;
  /** Written with < or >: points of class 1 are those where it holds. Otherwise its value is the target. */
  isCondition: boolean;
}

const FUNCTIONS: Readonly<Record<string, [count: number, of: (...values: number[]) => number]>> = {
  sin: [1, sine],
  cos: [1, cosine],
  exp: [1, exponential],
  abs: [1, Math.abs],
  sqrt: [1, (value) => Math.sqrt(Math.max(0, value))],
  sign: [1, Math.sign],
  min: [2, Math.min],
  max: [2, Math.max],
};

export const EXPRESSION_LENGTH = 80;

class Reader {
  #at = 0;
  #depth = 0;
  readonly #tokens: string[];

  constructor(text: string) {
    this.#tokens = text.match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|[a-z]+|[^\s]/gi) ?? [];
  }

  whole(): Expression {
    const left = this.#sum();
    const sign = this.#peek();
    if (sign === "<" || sign === ">") {
      this.#at++;
      if (this.#peek() === "=") this.#at++;
      const right = this.#sum();
      this.#end();
      const value: Formula = sign === ">" ? (x, y) => left(x, y) - right(x, y) : (x, y) => right(x, y) - left(x, y);
      return { value, isCondition: true };
    }
    this.#end();
    return { value: left, isCondition: false };
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #end(): void {
    const rest = this.#peek();
    if (rest !== undefined) throw new RangeError(`“${rest}” is not expected there`);
  }

  #take(expected: string): void {
    if (this.#peek() !== expected) throw new RangeError(`“${expected}” is missing`);
    this.#at++;
  }

  #sum(): Formula {
    if (++this.#depth > 30) throw new RangeError("it has too many brackets");
    let value = this.#product();
    for (let sign = this.#peek(); sign === "+" || sign === "-" || sign === "−"; sign = this.#peek()) {
      this.#at++;
      const [left, right] = [value, this.#product()];
      value = sign === "+" ? (x, y) => left(x, y) + right(x, y) : (x, y) => left(x, y) - right(x, y);
    }
    this.#depth--;
    return value;
  }

  #product(): Formula {
    let value = this.#power();
    for (let sign = this.#peek(); sign === "*" || sign === "·" || sign === "/"; sign = this.#peek()) {
      this.#at++;
      const [left, right] = [value, this.#power()];
      value = sign === "/" ? (x, y) => left(x, y) / right(x, y) : (x, y) => left(x, y) * right(x, y);
    }
    return value;
  }

  #power(): Formula {
    const sign = this.#peek();
    if (sign === "-" || sign === "−") {
      this.#at++;
      if (++this.#depth > 30) throw new RangeError("it has too many signs");
      const inner = this.#power();
      this.#depth--;
      return (x, y) => -inner(x, y);
    }
    const base = this.#atom();
    if (this.#peek() !== "^") return base;
    this.#at++;
    const exponent = Number(this.#peek());
    if (!Number.isInteger(exponent) || exponent < 0 || exponent > 9) {
      throw new RangeError("after ^ a whole number from 0 to 9 is expected");
    }
    this.#at++;
    return (x, y) => {
      const value = base(x, y);
      let power = 1;
      for (let k = 0; k < exponent; k++) power *= value;
      return power;
    };
  }

  #atom(): Formula {
    const token = this.#peek();
    if (token === undefined) throw new RangeError("it ends too early");
    this.#at++;
    if (/^[\d.]/.test(token)) {
      const value = Number(token);
      if (!Number.isFinite(value)) throw new RangeError(`“${token}” is no number`);
      return () => value;
    }
    if (token === "(") {
      const inner = this.#sum();
      this.#take(")");
      return inner;
    }
    const name = token.toLowerCase();
    if (name === "x") return (x) => x;
    if (name === "y") return (_x, y) => y;
    if (name === "pi" || token === "π") return () => 3.141592653589793;
    if (!Object.hasOwn(FUNCTIONS, name)) throw new RangeError(`“${token}” is not known`);
    return this.#call(name);
  }

  #call(name: string): Formula {
    const [count, of] = FUNCTIONS[name];
    this.#take("(");
    const first = this.#sum();
    if (count === 1) {
      this.#take(")");
      return (x, y) => of(first(x, y));
    }
    this.#take(",");
    const second = this.#sum();
    this.#take(")");
    return (x, y) => of(first(x, y), second(x, y));
  }
}

/** Reads an own function. @throws RangeError that says in a few words what is wrong. */
export function readExpression(text: string): Expression {
  if (text.length > EXPRESSION_LENGTH) throw new RangeError(`it is longer than ${EXPRESSION_LENGTH} characters`);
  return new Reader(text).whole();
}
