// Labelled controls that all views use.
import { type ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface SelectProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [value: T, title: string])[];
  onChange: (value: T) => void;
  disabled?: boolean;
  title?: string;
  /** The label is for screen readers only. */
  quiet?: boolean;
}

export function Select<T extends string>({ label, value, options, onChange, disabled, title, quiet }: SelectProps<T>) {
  const id = useId();
  return (
    <div class="field" title={title}>
      <label for={id} class={quiet ? "unseen" : undefined}>
        {label}
      </label>
      <select id={id} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  /** What stands at the right. */
  text: string;
  onChange: (value: number) => void;
}

export function Slider({ label, value, min, max, step, text, onChange }: SliderProps) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>{label}</label>
      <output for={id}>{text}</output>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={text}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </div>
  );
}

interface NumberProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number | "any";
  onChange: (value: number) => void;
  quiet?: boolean;
}

/** A number to type; what is no number leaves it as it was. */
export function NumberField({ label, value, min, max, step, onChange, quiet }: NumberProps) {
  const id = useId();
  const take = (text: string) => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isFinite(number)) onChange(Math.min(max, Math.max(min, number)));
  };
  return (
    <div class="field number">
      <label for={id} class={quiet ? "unseen" : undefined}>
        {label}
      </label>
      <input
        id={id}
        type="number"
        min={min}
        max={max}
        step={step}
        value={value}
        onChange={(event) => take(event.currentTarget.value)}
      />
    </div>
  );
}

/** What floats beside a place until it is closed, by Escape, by a click elsewhere, or by itself. */
export function Popover({
  at,
  label,
  onClose,
  children,
}: {
  at: DOMRect;
  label: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current!;
    const before = document.activeElement as HTMLElement | null;
    const { width, height } = element.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left + at.width / 2 - width / 2, innerWidth - width - 8));
    const isBelow = at.bottom + 8 + height <= innerHeight || at.top < height + 16;
    const top = isBelow ? Math.min(at.bottom + 8, Math.max(8, innerHeight - height - 8)) : at.top - height - 8;
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
    element.style.visibility = "visible";
    (element.querySelector<HTMLElement>("input, select, textarea, button:not(.close)") ?? element).focus();
    const outside = (event: PointerEvent) => {
      if (!element.contains(event.target as Node)) onClose();
    };
    addEventListener("pointerdown", outside, true);
    return () => {
      removeEventListener("pointerdown", outside, true);
      before?.focus({ preventScroll: true });
    };
  }, []);
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    }
    if (event.key !== "Tab") return;
    const list = [...box.current!.querySelectorAll<HTMLElement>("input, select, textarea, button, a[href]")];
    const first = list[0];
    const last = list[list.length - 1];
    if (event.shiftKey ? document.activeElement === first : document.activeElement === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  };
  return (
    <div class="popover" role="dialog" aria-label={label} ref={box} tabIndex={-1} onKeyDown={keys}>
      <div class="popover-head">
        <strong>{label}</strong>
        <button class="icon close" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </div>
  );
}

const ICONS: Readonly<Record<string, string>> = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  step: "M5 5v14l9-7zM16 5h3v14h-3z",
  rewind: "M5 5h3v14H5zM19 5v14l-10-7z",
  dice: "M4 4h16v16H4zM8.5 7a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm7 7a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm0-7a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zm-7 7a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  close: "M6 7.4 7.4 6 12 10.6 16.6 6 18 7.4 13.4 12l4.6 4.6-1.4 1.4-4.6-4.6L7.4 18 6 16.6l4.6-4.6z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  share: "M12 3l5 5-1.4 1.4L13 6.8V15h-2V6.8L8.4 9.4 7 8zM5 13h2v6h10v-6h2v8H5z",
  sun: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 1h2v3h-2zm0 19h2v3h-2zM1 11h3v2H1zm19 0h3v2h-3zM4.2 2.8l2.1 2.1-1.4 1.4-2.1-2.1zm14.9 14.9 2.1 2.1-1.4 1.4-2.1-2.1zM2.8 19.8l2.1-2.1 1.4 1.4-2.1 2.1zM17.7 4.9l2.1-2.1 1.4 1.4-2.1 2.1z",
  moon: "M12.5 3a9 9 0 1 0 8.5 12A7.5 7.5 0 0 1 12.5 3z",
  help: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm1 16h-2v-2h2zm1.9-7.3c-.9.9-1.7 1.3-1.7 2.8h-2.2v-.5c0-1.2.5-2.2 1.3-3 .7-.7 1.3-1 1.3-1.8a1.6 1.6 0 0 0-3.2 0H8.2a3.8 3.8 0 1 1 7.6 0c0 1.1-.4 2-.9 2.5z",
};

export function Icon({ name }: { name: string }) {
  return (
    <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
