// A number that can be taken hold of: dragged, stepped with the arrows, or typed.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** Five digits that count, without an exponent where that is readable. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e5)) return value.toExponential(2).replace("-", "−").replace("e−", "e−");
  const text = String(Number(value.toPrecision(5)));
  return text.replace("-", "−");
}

interface ScrubProps {
  label: string;
  value: number;
  onChange: (value: number) => void;
  min?: number;
  max?: number;
  isLit?: boolean;
  onLight?: (isLit: boolean) => void;
}

export function Scrub({ label, value, onChange, min = -1000, max = 1000, isLit, onLight }: ScrubProps) {
  const typed = useSignal<string | undefined>(undefined);
  const drag = useRef<{ x: number; value: number; hasMoved: boolean } | undefined>(undefined);
  const set = (next: number) => {
    const kept = Math.min(max, Math.max(min, Number(next.toPrecision(12))));
    if (Number.isFinite(kept)) onChange(kept);
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 0.1 : 0.01;
    if (event.key === "ArrowUp" || event.key === "ArrowRight") set(value + step);
    else if (event.key === "ArrowDown" || event.key === "ArrowLeft") set(value - step);
    else if (event.key === "Enter") typed.value = String(value);
    else if (/^[\d.-]$/.test(event.key)) typed.value = event.key;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  if (typed.value !== undefined) {
    const end = (isTaken: boolean) => {
      const text = typed.value;
      typed.value = undefined;
      if (isTaken && text !== undefined && text.trim() !== "" && Number.isFinite(Number(text))) set(Number(text));
    };
    return <Typing label={label} text={typed.value} onText={(text) => (typed.value = text)} onEnd={end} />;
  }
  return (
    <span
      class={`scrub ${isLit ? "lit" : ""}`}
      role="spinbutton"
      tabIndex={0}
      aria-label={label}
      aria-valuenow={value}
      aria-valuetext={shown(value)}
      data-value={value}
      title={`${label}: drag, arrows, or type`}
      onKeyDown={keys}
      onFocus={() => onLight?.(true)}
      onBlur={() => onLight?.(false)}
      onPointerEnter={() => onLight?.(true)}
      onPointerLeave={() => onLight?.(false)}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.focus();
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, value, hasMoved: false };
      }}
      onPointerMove={(event) => {
        const from = drag.current;
        if (from === undefined) return;
        const moved = event.clientX - from.x;
        if (Math.abs(moved) > 2) from.hasMoved = true;
        if (from.hasMoved) set(from.value + Math.round(moved) * (event.shiftKey ? 0.1 : 0.01));
      }}
      onPointerUp={() => {
        const from = drag.current;
        drag.current = undefined;
        if (from !== undefined && !from.hasMoved) typed.value = String(value);
      }}
    >
      {shown(value)}
    </span>
  );
}

function Typing({
  label,
  text,
  onText,
  onEnd,
}: {
  label: string;
  text: string;
  onText: (text: string) => void;
  onEnd: (isTaken: boolean) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current!.focus();
    if (text.length > 1) input.current!.select();
  }, []);
  return (
    <input
      ref={input}
      class="scrub typing"
      type="text"
      inputMode="decimal"
      aria-label={label}
      value={text}
      onInput={(event) => onText(event.currentTarget.value.replace("−", "-"))}
      onKeyDown={(event) => {
        if (event.key === "Enter") onEnd(true);
        if (event.key === "Escape") onEnd(false);
        event.stopPropagation();
      }}
      onBlur={() => onEnd(true)}
    />
  );
}

/** A number that follows from others: when it changes, the old one stays for a second as a ghost. */
export function Followed({ value }: { value: number }) {
  const before = useRef(value);
  const ghost = useSignal<string | undefined>(undefined);
  useEffect(() => {
    if (shown(before.current) === shown(value)) return;
    ghost.value = shown(before.current);
    before.current = value;
    const timer = setTimeout(() => (ghost.value = undefined), 1000);
    return () => clearTimeout(timer);
  }, [value]);
  return (
    <span class="followed" data-value={value}>
      {shown(value)}
      {ghost.value !== undefined && (
        <s class="ghost" aria-hidden="true">
          {ghost.value}
        </s>
      )}
    </span>
  );
}
