// Short names for methods and fields that only the library itself asks for. A page's bundler shortens variables, but not
// these, since it cannot know who asks for them.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { transformSync } from "esbuild";
import ts from "typescript";
import { root } from "./root.ts";

/**
 * Members of classes and of internal types: long ones that are used often. No JSON has a field of such a name, and no
 * message to a worker. What can be seen to break that rule stays as it is, see `keptNames`.
 */
const INTERNAL =
  `abandon allocate answers asked capacity changing checkUsable compareWithDifferences compiled describe double doubleHeap
  doubles engine fitted forget isBegunAnew isBusy isPlain isShared keepingTally lastReport lastThreads learn
  leastSharedWork makeRoomForWorkers needsComplete octets operations outcome paramsAddress places predictRaw prepare
  purpose records samplesAddress scaleFirstWeights scaleToData scaler setDouble setWord starts stopAtEpochs tally
  threadWork trainFurther views weigh wordHeap writeRates`.split(/\s+/);

/** The words of a text, whatever they stand for, but not those of its comments. */
function wordsOf(text: string): string[] {
  return text.replace(/\/\*[^]*?\*\/|\/\/.*/g, "").match(/[A-Za-z_$][\w$]*/g) ?? [];
}

/** Words in quotation marks that could become the name of a field, such as "loss" or `validation.${loss}`. */
function quotedWords(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const words = wordsOf(node.text);
      if (words.length === 1) found.push(words[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest));
  return found;
}

/**
 * Words that may not become shorter: of JavaScript and its hosts, of the public types, of the core's exports, of tables,
 * whose rows are found by what users write, of the worker's text, and those in quotation marks.
 */
function keptNames(publicTypes: readonly string[]): Set<string> {
  const library = dirname(createRequire(import.meta.url).resolve("typescript"));
  const host = readdirSync(library).filter((name) => /^lib\..*\.d\.ts$/.test(name));
  const sources = readdirSync(`${root}/src`, { encoding: "utf8", recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts"));
  const whole = sources.filter((name) => /^tables\/|^generated\/(exports|worker)\.ts$/.test(name));
  const paths = [...host.map((name) => `${library}/${name}`), ...whole.map((name) => `${root}/src/${name}`)];
  const words = [...paths, ...publicTypes].flatMap((path) => wordsOf(readFileSync(path, "utf8")));
  const quoted = sources
    .filter((name) => !name.startsWith("generated/"))
    .flatMap((name) => quotedWords(`${root}/src/${name}`));
  return new Set([...words, ...quoted]);
}

/** What rewrites a file for pages with short names: the same ones in every file, since files share objects. */
export function shortener(publicTypes: readonly string[]): (text: string, minify: boolean) => string {
  const kept = keptNames(publicTypes);
  const names = INTERNAL.filter((name) => !kept.has(name));
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const short = [...letters, ...letters.flatMap((one) => letters.map((two) => one + two.toLowerCase()))];
  const free = short.filter((name) => !kept.has(name));
  const mangleCache = Object.fromEntries(names.map((name, i) => [name, free[i]]));
  const mangleProps = new RegExp(`^(?:${names.join("|")})$`);
  return (text, minify) =>
    transformSync(text, {
      charset: "ascii",
      legalComments: "inline",
      mangleCache,
      mangleProps,
      minify,
      target: "es2022",
    }).code;
}
