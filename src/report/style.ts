// How a report looks: light and dark by what the reader's machine prefers, one column on phones, black on white in print.
import { LIGHT } from "./canvas.ts";

/** The colours of dark pages, by the names of the light ones. */
const DARK: Readonly<Record<string, string>> = {
  c1: "#6cb2f0",
  c2: "#f0975a",
  c3: "#4fc3a1",
  c4: "#d79bcb",
  c5: "#d6c35a",
  c6: "#a7aeb9",
  ink: "#e6e9ee",
  paper: "#15181d",
  line: "#3a414b",
};

const variables = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");

export const STYLE = `:root{color-scheme:light dark;${variables(LIGHT)};--soft:#f2f4f7}
@media (prefers-color-scheme:dark){:root{${variables(DARK)};--soft:#1f242b}}
@media print{:root{color-scheme:light;${variables(LIGHT)};--soft:#f2f4f7}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 16px}
h1{font-size:1.7rem;line-height:1.2;margin:1.5rem 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:2.2rem 0 .6rem;padding-bottom:.2rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
h3{font-size:1.05rem;margin:1.2rem 0 .3rem;overflow-wrap:anywhere}
h4{font-size:1rem;margin:1rem 0 .3rem;overflow-wrap:anywhere}
p{margin:.4rem 0;max-width:75ch;overflow-wrap:anywhere}
a{color:var(--c1)}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;padding:0;margin:.8rem 0}
.cards{display:flex;flex-wrap:wrap;gap:10px;margin:.8rem 0;padding:0;list-style:none}
.cards li{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:8px 14px;min-width:8.5rem}
.cards b{display:block;font-size:1.35rem;line-height:1.25;font-variant-numeric:tabular-nums}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));gap:10px 34px}
figure{margin:0;min-width:0}
figure.wide{grid-column:1/-1}
figcaption{font-size:.88rem;max-width:65ch;overflow-wrap:anywhere}
svg{display:block;max-width:100%;height:auto;font-family:inherit;overflow:visible}
.wide svg{max-width:none}
.scroll{overflow-x:auto;max-width:100%;padding:2px}
table{border-collapse:collapse;margin:.6rem 0;font-size:.92rem}
caption{text-align:left;font-weight:600;padding:.2rem 0;white-space:nowrap}
th,td{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;max-width:26rem;overflow-wrap:break-word}
th{font-weight:600}
tbody th{font-weight:500;min-width:4.5rem}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:10px 12px;overflow-x:auto;font-size:.85rem;margin:.6rem 0}
.pictures{display:flex;flex-wrap:wrap;gap:10px;list-style:none;padding:0;margin:.6rem 0}
.pictures li{font-size:.82rem;max-width:9rem;overflow-wrap:anywhere}
.pictures img{display:block;width:84px;height:auto;image-rendering:pixelated;border:1px solid var(--line)}
.pictures li:has(.large){max-width:15rem}
.pictures img.large{width:220px}
.warn{border-left:4px solid var(--c2);padding-left:10px}
footer{font-size:.85rem;margin:2.5rem auto 2rem}
@media print{body{font-size:10.5pt}nav{display:none}figure,tr,.cards li,.pictures li{break-inside:avoid}h2,h3,h4{break-after:avoid}.scroll{overflow:visible}.plots{grid-template-columns:1fr 1fr}.wide svg{max-width:100%}pre{white-space:pre-wrap;overflow-wrap:anywhere}}
`;
