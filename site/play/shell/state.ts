// What all views share: which one is open, what a teacher hides, messages, and `window.propagoPlay`.
import { signal } from "@preact/signals";

export const VIEWS = ["train", "digits", "steps", "race"] as const;
export type View = (typeof VIEWS)[number];

export const TITLES: Readonly<Record<View, string>> = {
  train: "Train",
  digits: "Digits",
  steps: "Step by step",
  race: "Race",
};

export const view = signal<View>("train");
/** Groups of controls that a lesson hides. */
export const hidden = signal<readonly string[]>([]);
/** A teacher's words above the view. */
export const lesson = signal("");

export interface Message {
  text: string;
  kind: "note" | "problem";
}

/** One sentence at the foot of the page, until the next one or until it is closed. */
export const message = signal<Message | undefined>(undefined);
/** What a screen reader is told, at most every two seconds. */
export const spoken = signal("");

export const say = (text: string, kind: Message["kind"] = "note") => (message.value = { text, kind });

/** The sentence of an error, without a name in front. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const prefersLess = matchMedia("(prefers-reduced-motion: reduce)");

/** What scripts and tests are told of a view. */
export interface PlayState {
  running: boolean;
  epoch: number;
  samplesPerSecond: number;
  trainLoss: number | null;
  testLoss: number | null;
  testAccuracy: number | null;
  dataHash: string;
  fingerprint: string;
}

const NOTHING: PlayState = {
  running: false,
  epoch: 0,
  samplesPerSecond: 0,
  trainLoss: null,
  testLoss: null,
  testAccuracy: null,
  dataHash: "",
  fingerprint: "",
};

/** What keys of the whole page do in a view. */
export interface Actions {
  toggle?: () => void;
  step?: () => void;
  rewind?: () => void;
  renew?: () => void;
  /** The part of the address behind the ?. */
  query?: () => string;
  /** A file that was dropped; answers whether it was taken. */
  drop?: (file: File) => Promise<void>;
  state?: () => PlayState;
  /** Called when another view is opened. */
  leave?: () => void;
}

export const actions: Partial<Record<View, Actions>> = {};

declare global {
  interface Window {
    propagoPlay: { state: () => PlayState & { view: View } };
  }
}

window.propagoPlay = {
  state: () => ({ view: view.value, ...(actions[view.value]?.state?.() ?? NOTHING) }),
};

let written = 0;
let waiting: ReturnType<typeof setTimeout> | undefined;

/** Brings the address up to date, at most every 300 ms. */
export function writeAddress(): void {
  if (waiting !== undefined) return;
  waiting = setTimeout(
    () => {
      waiting = undefined;
      written = performance.now();
      const query = actions[view.value]?.query?.() ?? "";
      try {
        history.replaceState(null, "", `#1/${view.value}${query === "" ? "" : `?${query}`}`);
      } catch {
        // Browsers refuse where a page does so very often, or has no address of its own.
      }
    },
    Math.max(0, 300 - (performance.now() - written)),
  );
}

/** The view and the query of an address. */
export function readAddress(hash: string): { view: View; query: string } {
  const [, name, query] = /^#1\/([a-z]+)(?:\?(.*))?$/s.exec(hash) ?? [];
  return { view: VIEWS.find((known) => known === name) ?? "train", query: query ?? "" };
}

/** A worker of ours: a file beside the page's own when built, its source while developing. */
export function openWorker(built: string, source: string): Worker {
  const url = import.meta.env.DEV ? new URL(source, location.href) : new URL(`./assets/${built}.js`, document.baseURI);
  return new Worker(url, { type: "module", name: built });
}

/** Starts the worker that trains; the library keeps it from call to call. */
export const startWorker = (): Worker => openWorker("trainer", "./train-worker.ts");
