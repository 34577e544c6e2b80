// How the library gets at what it can be without: what is rare, other builds of the core, searches, threads, diagnosis.
// Whoever can use such a part declares a slot for it here, with the type of what it needs. The part fills the slots of its
// name when its module is loaded. Nothing here knows which parts there are: those are in src/parts/.
import { PropagoError } from "./errors.ts";

/** What each part has put in, by the part's name. */
const filled = new Map<string, object>();

type Loaders = Readonly<Record<string, () => Promise<{ part: object }>>>;

let loaders: Loaders = {};

/** The parts that errors asked for, where these can be loaded. */
const wanted = new WeakMap<object, Part<object>>();

/** The part whose absence an error tells of, where it can be loaded. */
export function wantedBy(error: unknown): Part<object> | undefined {
  return wanted.get(error as object);
}

/** Puts in what a part has; all slots of that name then have it. */
export function fill(name: string, part: object): void {
  filled.set(name, part);
}

/** Says how parts that are not there yet are loaded, by their names. */
export function loadWith(imports: Loaders): void {
  loaders = imports;
}

/** A slot for what the part `name`, imported as `propago/name`, has for whoever declares the slot. */
export class Part<T extends object> {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** What the part has, if it is there. */
  get here(): T | undefined {
    return filled.get(this.name) as T | undefined;
  }

  /**
   * What the part has, needed at once for `what`.
   * @throws PropagoError ERR_PART where the part is not there.
   */
  need(what: string): T {
    const { here, name } = this;
    if (here !== undefined) return here;
    const message = `${what} needs a part that a page loads apart: add import "propago/${name}"`;
    const error = new PropagoError("ERR_PART", message);
    if (loaders[name] !== undefined) wanted.set(error, this);
    throw error;
  }

  /**
   * What the part has, loaded first if it is not there.
   * @throws (rejects with) PropagoError ERR_PART where it cannot be loaded.
   */
  async load(): Promise<T> {
    const { name } = this;
    if (loaders[name] === undefined) return this.need("this call"); // in propago/slim
    try {
      if (this.here === undefined) fill(name, (await loaders[name]()).part);
      return this.here as T;
    } catch (cause) {
      throw new PropagoError("ERR_PART", `the part "propago/${name}" could not be loaded: ${String(cause)}`, { cause });
    }
  }
}
