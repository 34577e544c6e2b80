// The view "Train": a bar with the pace, data on the left, the network in the middle, what it answers on the right.
import { hidden, say } from "../shell/state.ts";
import { Icon } from "../shell/controls.tsx";
import { DataPanel } from "./data-panel.tsx";
import { Diagram } from "./diagram.tsx";
import { LearningBar } from "./learning.tsx";
import { LossPanel, Output } from "./output.tsx";
import { ShareButton } from "./share.tsx";
import * as store from "./store.ts";

export function TrainView() {
  const shows = (part: string) => !hidden.value.includes(part);
  const columns = `${shows("data") ? "with-data " : ""}${shows("network") ? "with-network" : ""}`;
  return (
    <div class="train">
      <ControlBar />
      {shows("learning") && <LearningBar />}
      <div class={`columns ${columns}`}>
        {shows("data") && <DataPanel />}
        {shows("network") && <Diagram />}
        {shows("picture") && <Output />}
        {shows("loss") && <LossPanel />}
      </div>
    </div>
  );
}

const large = (value: number) =>
  value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : value >= 1000 ? `${Math.round(value / 1000)} k` : String(Math.round(value)); // prettier-ignore

function ControlBar() {
  const isRunning = store.running.value;
  const cannot = store.isEmpty.value || (store.ended.value !== undefined && store.ended.value !== "quiet");
  const { epoch } = store.figures.value;
  return (
    <div class="bar" role="toolbar" aria-label="Training">
      <button
        class="play"
        aria-label={isRunning ? "Pause" : "Start"}
        title={isRunning ? "Pause (Space)" : "Start (Space)"}
        disabled={cannot && !isRunning}
        onClick={store.toggle}
      >
        <Icon name={isRunning ? "pause" : "play"} />
      </button>
      <button class="icon" aria-label="One epoch" title="One epoch (.)" disabled={cannot} onClick={store.step}>
        <Icon name="step" />
      </button>
      <button class="icon" aria-label="Rewind" title="Back to the same first weights (R)" onClick={store.rewind}>
        <Icon name="rewind" />
      </button>
      <button class="icon dice" aria-label="New seed" title="Other data and first weights (N)" onClick={store.renew}>
        <Icon name="dice" />
      </button>
      <div class="figure epoch">
        <span>epoch</span>
        <b>{epoch.toLocaleString("en")}</b>
      </div>
      {!hidden.value.includes("pace") && <Pace />}
      <div class="figure rate">
        <span>{isRunning ? "points/s" : "paused"}</span>
        <b>{isRunning ? large(store.epochsPerSecond.value * (store.run?.data.train.count ?? 0)) : "–"}</b>
      </div>
      {!hidden.value.includes("share") && <ShareButton />}
    </div>
  );
}

function Pace() {
  return (
    <div class="pace">
      <label for="pace">Pace</label>
      <input
        id="pace"
        aria-label="Pace"
        type="range"
        min={0}
        max={store.PACES.length - 1}
        step={1}
        value={store.pace.value}
        aria-valuetext={store.PACE_NAMES[store.pace.value]}
        onInput={(event) => {
          store.touched.value = true;
          store.pace.value = Number(event.currentTarget.value);
          if (store.pace.value === 4 && !store.running.value) say("Full speed: press start.");
        }}
      />
      <output for="pace">{store.PACE_NAMES[store.pace.value]}</output>
    </div>
  );
}
