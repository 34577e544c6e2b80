// What can be taken away: the run as a link, the trained model as a link, a file, or a module that needs nothing else.
import { useSignal } from "@preact/signals";
import { allOf } from "../model/run.ts";
import { describe } from "../model/network.ts";
import { textOf, writeLink } from "../model/setup.ts";
import { Icon, Popover } from "../shell/controls.tsx";
import { hidden, lesson, say, sentenceOf } from "../shell/state.ts";
import { linkQuery, pause, run, setup } from "./store.ts";

function download(name: string, type: string, content: string | Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const addressOf = (query: string) => `${location.href.split("#")[0]}#1/train${query === "" ? "" : `?${query}`}`;

/** A link whose run begins with the weights of now. */
function modelQuery(): string | undefined {
  const weights = textOf(allOf(run!.network));
  if (weights === undefined) return undefined;
  return writeLink({ setup: { ...setup.peek(), weights }, changes: [], hide: [...hidden.peek()], text: lesson.peek() });
}

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    say("The browser does not let a page copy here: mark the text and copy it by hand.");
  }
}

async function file(): Promise<void> {
  const text = JSON.stringify({ ...run!.network.toJSON(), playground: { features: setup.peek().features } });
  download("playground.propago.json", "application/json", text);
}

export function ShareButton() {
  const box = useSignal<DOMRect | undefined>(undefined);
  const attempt = (what: () => Promise<void>) => () => void what().catch((error: unknown) => say(sentenceOf(error), "problem")); // prettier-ignore
  const open = (event: MouseEvent) => {
    const place = (event.currentTarget as HTMLElement).getBoundingClientRect();
    pause();
    box.value = place;
  };
  return (
    <>
      <button class="primary share" aria-haspopup="dialog" onClick={open}>
        <Icon name="share" /> Share
      </button>
      {box.value !== undefined && (
        <Popover at={box.value} label="Share" onClose={() => (box.value = undefined)}>
          <div class="share-box">
            <LinkRow
              label={`This run: whoever opens it gets the same bits at epoch ${run?.epoch ?? 0}`}
              text={addressOf(linkQuery())}
              name="Link to the run"
            />
            {
              modelQuery() !== undefined &&
              <LinkRow label="This model: its weights are in the link" text={addressOf(modelQuery()!)} name="Link to the model" /> // prettier-ignore
            }
            <div class="row">
              <button onClick={attempt(file)}>Model as a file</button>
              <button onClick={attempt(source)}>Model as source</button>
            </div>
            <label class="field">
              <span>Words above the page, for a lesson</span>
              <textarea
                rows={2}
                maxLength={600}
                value={lesson.value}
                onInput={(event) => (lesson.value = event.currentTarget.value)}
              />
            </label>
            <small>
              A model comes back when its file is dropped on the page.{" "}
              <code>{describe(setup.value, run!.data).layers.length}</code> layers, fingerprint{" "}
              <code>{run?.network.fingerprint().slice(0, 8)}</code>, data <code>{run?.data.hash}</code>.
            </small>
          </div>
        </Popover>
      )}
    </>
  );
}

function LinkRow({ label, text, name }: { label: string; text: string; name: string }) {
  return (
    <label class="field link-row">
      <span>{label}</span>
      <span class="row">
        <input type="text" readOnly value={text} onFocus={(event) => event.currentTarget.select()} />
        <button onClick={() => void copy(text, name)}>Copy</button>
      </span>
    </label>
  );
}

/** The model as one module without dependencies. */
async function source(): Promise<void> {
  const { modelFiles } = await import("propago/files");
  const name = "playground-model.js";
  const { files } = modelFiles(run!.network, name);
  const code = new TextDecoder().decode(files.get(name));
  const note = `// Inputs: ${setup.peek().features.join(", ")}, from −6 to 6.\n`;
  download(name, "text/javascript", note + code);
}
