// The frame around the views: tabs, theme, help, messages, keys, and files that are dropped.
import { signal } from "@preact/signals";
import { type ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { palette, setTheme } from "../drawing/colours.ts";
import { TrainView } from "../train/view.tsx";
import * as train from "../train/store.ts";
import { Icon } from "./controls.tsx";
import { Help } from "./help.tsx";
import {
  actions,
  hidden,
  lesson,
  message,
  readAddress,
  say,
  sentenceOf,
  spoken,
  TITLES,
  view,
  VIEWS,
  writeAddress,
  type View,
} from "./state.ts";

/** What each view's file gives; all but the first are loaded when they are opened. */
interface Loaded {
  View: ComponentType;
  follow?: (query: string) => void | Promise<void>;
}

const LOADERS: Readonly<Record<Exclude<View, "train">, () => Promise<Loaded>>> = {
  digits: () => import("../digits/view.tsx"),
  steps: () => import("../steps/view.tsx"),
  race: () => import("../race/view.tsx"),
};

const loaded = signal<Partial<Record<View, Loaded>>>({ train: { View: TrainView, follow: train.follow } });
const showsHelp = signal(false);
/** Whether single letters do something. */
const hasLetters = signal(true);
const isDropping = signal(false);
/** Views that an address has been read for. */
const followed = new Set<View>();

/** Opens the view of an address, and what the address says of it. */
export async function open(hash: string): Promise<void> {
  const { view: name, query } = readAddress(hash);
  await show(name, query);
}

async function show(name: View, query?: string): Promise<void> {
  const before = view.peek();
  if (before !== name) actions[before]?.leave?.();
  view.value = name;
  document.title = `${TITLES[name]} · propago playground`;
  if (loaded.peek()[name] === undefined && name !== "train") {
    try {
      const module = await LOADERS[name]();
      loaded.value = { ...loaded.peek(), [name]: module };
    } catch (error) {
      say(`This view could not be loaded: ${sentenceOf(error)} Reload the page to try again.`, "problem");
      return;
    }
  }
  if (query !== undefined || !followed.has(name)) {
    followed.add(name);
    await loaded.peek()[name]?.follow?.(query ?? "");
  }
  if (view.peek() === name) writeAddress();
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.matches(
    "input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable], [role=spinbutton]",
  ) ||
    target.closest("[role=dialog]") !== null);

function keys(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const of = actions[view.peek()] ?? {};
  if (event.key === " ") {
    // A button that has the focus is pressed by the space bar: that stays so.
    if (event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement) return;
    if (of.toggle === undefined) return;
    event.preventDefault();
    of.toggle();
    return;
  }
  if (!hasLetters.peek()) return;
  const index = ["1", "2", "3", "4"].indexOf(event.key);
  if (index >= 0 && !hidden.peek().includes("tabs")) void show(VIEWS[index]);
  else if (event.key === ".") of.step?.();
  else if (event.key === "r" || event.key === "R") of.rewind?.();
  else if (event.key === "n" || event.key === "N") of.renew?.();
  else if (event.key === "?") showsHelp.value = true;
}

async function drop(event: DragEvent): Promise<void> {
  event.preventDefault();
  isDropping.value = false;
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) await take(file);
}

/** A file for the open view. */
export async function take(file: File): Promise<void> {
  const { receive } = await import("./receive.ts");
  try {
    say(await receive(file));
  } catch (error) {
    say(`${file.name || "The file"}: ${sentenceOf(error)}`, "problem");
  }
}

export function App() {
  useEffect(() => {
    const changed = () => void open(location.hash);
    const over = (event: DragEvent) => {
      event.preventDefault();
      isDropping.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isDropping.value = false;
    };
    const dropped = (event: DragEvent) => void drop(event);
    addEventListener("hashchange", changed);
    addEventListener("keydown", keys);
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", dropped);
    return () => {
      removeEventListener("hashchange", changed);
      removeEventListener("keydown", keys);
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", dropped);
    };
  }, []);
  const Current = loaded.value[view.value]?.View;
  return (
    <>
      <Header />
      {lesson.value !== "" && <p class="lesson">{lesson}</p>}
      <main>
        <h1 class="unseen">{TITLES[view.value]}</h1>
        <div id={`panel-${view.value}`} role="tabpanel" aria-labelledby={`tab-${view.value}`}>
          {Current === undefined ? <p class="loading">Loading …</p> : <Current />}
        </div>
      </main>
      {message.value !== undefined && (
        <div
          class={message.value.kind === "problem" ? "message problem" : "message"}
          role={message.value.kind === "problem" ? "alert" : "status"}
        >
          <span>{message.value.text}</span>
          <button class="icon" aria-label="Close this message" onClick={() => (message.value = undefined)}>
            <Icon name="close" />
          </button>
        </div>
      )}
      <div class="unseen" role="status">
        {spoken}
      </div>
      {isDropping.value && <div class="dropping">Drop a model or a table of points</div>}
      {showsHelp.value && (
        <Help
          letters={hasLetters.value}
          onLetters={(on) => (hasLetters.value = on)}
          onClose={() => (showsHelp.value = false)}
        />
      )}
    </>
  );
}

function Header() {
  const tabs = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -VIEWS.length, End: VIEWS.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = VIEWS.indexOf(view.peek()) + step;
    const next = Math.abs(step) === 1 ? (at + VIEWS.length) % VIEWS.length : step < 0 ? 0 : VIEWS.length - 1;
    void show(VIEWS[next]);
    tabs.current?.querySelector<HTMLElement>(`#tab-${VIEWS[next]}`)?.focus();
  };
  const isDark = palette.value.isDark;
  return (
    <header>
      <a class="brand" href="./" aria-label="propago playground, start again">
        <img src="./icon.svg" alt="" width="26" height="26" />
        <span>
          propago <small>playground</small>
        </span>
      </a>
      {!hidden.value.includes("tabs") && (
        <div class="tabs" role="tablist" aria-label="Views" ref={tabs} onKeyDown={move}>
          {VIEWS.map((name) => (
            <button
              key={name}
              id={`tab-${name}`}
              role="tab"
              aria-selected={view.value === name}
              aria-controls={view.value === name ? `panel-${name}` : undefined}
              tabIndex={view.value === name ? 0 : -1}
              onClick={() => void show(name)}
            >
              {TITLES[name]}
            </button>
          ))}
        </div>
      )}
      <div class="header-end">
        <button
          class="icon"
          aria-label={isDark ? "Light colours" : "Dark colours"}
          title={isDark ? "Light colours" : "Dark colours"}
          onClick={() => setTheme(isDark ? "light" : "dark")}
        >
          <Icon name={isDark ? "sun" : "moon"} />
        </button>
        {!hidden.value.includes("help") && (
          <button
            class="icon"
            aria-label="Help and keys"
            title="Help and keys"
            onClick={() => (showsHelp.value = true)}
          >
            <Icon name="help" />
          </button>
        )}
      </div>
    </header>
  );
}
