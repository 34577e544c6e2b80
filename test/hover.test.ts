// What an editor shows: every public name has its text in the declarations that the package ships, and a wrong name is a
// type error that says what is wrong. Both are asked of TypeScript itself.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../scripts/root.ts";

const settings: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/** A user's program inside the repository, so that "propago" is this package as it was built. */
const folder = `${root}/build/hover`;
const path = `${folder}/user.ts`;

/** Where the text is shown: after each ‸, at the word that follows. */
const marked = `import { ‸Network, ‸Classifier, ‸dense, type ‸FitOptions, type OptimizerSpec, type Data } from "propago";
const data: Data = { ‸x: [[0]], ‸y: [1], ‸sampleWeights: [1] };
const network = new Network({
  ‸inputs: 1,
  ‸layers: [dense(3, { name: "leakyRelu", ‸slope: 0.1 }, { ‸init: { name: "heNormal", ‸truncated: true }, ‸maxNorm: 3 })],
  ‸loss: { name: "huber", ‸delta: 2 },
  ‸optimizer: { name: "adam", ‸learningRate: { name: "cosine", ‸steps: 100, ‸warmup: 5 }, ‸beta1: 0.8, ‸clipNorm: 1 },
  ‸seed: 1,
});
const rare: OptimizerSpec = { ‸name: "nadam", ‸learningRate: 0.1, ‸beta2: 0.9, ‸epsilon: 1e-7, ‸momentumDecay: 0.1 };
const options: FitOptions = { ‸epochs: 3, ‸earlyStopping: { ‸monitor: "loss" }, ‸metrics: [{ name: "topK", ‸k: 3 }] };
const history = await network.‸fit(data, options);
for (const { ‸loss, ‸accuracy, ‸seconds, ‸validation } of history.‸epochs) console.log(loss, accuracy, seconds, validation);
network.‸dtype;
new Classifier({ ‸hidden: [3], ‸effort: "quick", ‸optimize: "f1" }).‸predict([[1]]);
void rare;
`;
const user = marked.replaceAll("‸", "");

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, user);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The language service, as editors use it, over files by path. */
function serviceOf(files: readonly string[]): ts.LanguageService {
  return ts.createLanguageService({
    getScriptFileNames: () => [...files],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const text = ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getCompilationSettings: () => settings,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
}

test("an editor shows a text at names in a program", () => {
  const service = serviceOf([path]);
  expect(service.getSemanticDiagnostics(path).map(({ messageText }) => messageText)).toEqual([]);
  const silent: string[] = [];
  for (let at = marked.indexOf("‸"), seen = 0; at >= 0; at = marked.indexOf("‸", at + 1), seen++) {
    const place = at - seen;
    const [word] = /^\w+/.exec(user.slice(place)) ?? ["?"];
    const text = ts.displayPartsToString(service.getQuickInfoAtPosition(path, place)?.documentation);
    if (text.length < 8) silent.push(word);
  }
  expect(silent).toEqual([]);
});

test("every public name, and every member and option that it has, has a text", () => {
  const entry = `${root}/dist/index.d.cts`;
  const program = ts.createProgram([entry], settings);
  const checker = program.getTypeChecker();
  const silent = new Set<string>();
  const looked = new Set<ts.Type>();
  let count = 0;

  const look = (name: string, symbol: ts.Symbol): void => {
    count++;
    if (ts.displayPartsToString(symbol.getDocumentationComment(checker)) === "") silent.add(name);
  };
  /** Looks at the members that come from this package, of all alternatives. */
  const lookInside = (name: string, type: ts.Type): void => {
    if (looked.has(type)) return;
    looked.add(type);
    if (type.isUnion()) {
      for (const one of type.types) lookInside(name, one);
    } else if (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) {
      for (const member of type.getProperties()) {
        const declaration = member.declarations?.find((one) => one.getSourceFile().fileName.includes("/dist/"));
        if (declaration === undefined || /^(__|#)/.test(member.name)) continue;
        const flags = ts.getCombinedModifierFlags(declaration);
        if (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) continue;
        look(`${name}.${member.name}`, member);
        // Options within options, as { data, shape }.
        if (type.flags & ts.TypeFlags.Object && ts.isTypeLiteralNode(declaration)) lookInside(name, type);
      }
    }
  };

  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!)) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    look(symbol.name, target);
    if (target.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class)) {
      lookInside(symbol.name, checker.getDeclaredTypeOfSymbol(target));
    }
    if (target.flags & ts.SymbolFlags.Class) lookInside(symbol.name, checker.getTypeOfSymbol(target));
  }
  expect([...silent].sort()).toEqual([]);
  expect(count).toBeGreaterThan(500);
});

test("every type that a public name mentions is public too", () => {
  const entry = `${root}/dist/index.d.cts`;
  const program = ts.createProgram([entry], settings);
  const checker = program.getTypeChecker();
  const exported = new Set(
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)),
  );
  const hidden = new Set<string>();
  for (const symbol of exported) {
    for (const declaration of symbol.declarations ?? []) {
      const visit = (node: ts.Node): void => {
        // What a class is made from is the library's own affair: users get one from fit, or pass options that are public.
        if (ts.isConstructorDeclaration(node) || ts.isHeritageClause(node)) return;
        // What an estimator's toJSON gives is for fromJSON, which takes anything.
        if (ts.isMethodDeclaration(node) && node.name.getText() === "toJSON") return;
        if (ts.isTypeReferenceNode(node)) {
          const type = checker.getSymbolAtLocation(node.typeName);
          const target = type && type.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(type) : type;
          const isOurs = target?.declarations?.some((one) => one.getSourceFile().fileName.includes("/dist/"));
          // An alias is spelled out where it is shown; an interface or a class is known by its name only.
          const isNamed = ((target?.flags ?? 0) & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class)) !== 0;
          if (target && isOurs && isNamed && !exported.has(target)) hidden.add(`${symbol.name}: ${target.name}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(declaration);
    }
  }
  expect([...hidden].sort()).toEqual([]);
});

describe("type errors say what is wrong", () => {
  const lines: readonly [wrong: string, says: RegExp][] = [
    [
      `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosin", steps: 9 } } })`,
      /NoScheduleHasThisName/,
    ],
    [
      `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosin" } } })`,
      /must be one of the schedules/,
    ],
    [
      `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosine", stepz: 9 } } })`,
      /'stepz' does not exist/,
    ],
    [
      `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosine", every: 9 } } })`,
      /'every' does not exist/,
    ],
    [
      `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosine", steps: "9" } } })`,
      /'string' is not .* 'number'/,
    ],
    [
      `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosine" } } })`,
      /with the options that it requires/,
    ],
    [`new Network({ ...n, optimizer: "sgdd" })`, /Did you mean '"sgd"'/],
    [`new Network(n).fit(d, { earlyStopping: { monitor: "validaton.loss" } })`, /Did you mean '"validation.loss"'/],
    [`new Network(n).fit(d, { earlyStopping: { monitor: "val_loss" } })`, /not assignable to type 'Monitor/],
    [`new Network(n).fit(d, { earlyStopping: { monitor: "confusionMatrix" } })`, /not assignable to type 'Monitor/],
    [`new Network(n).fit(d, { metrics: ["acuracy"] })`, /Did you mean '"accuracy"'/],
  ];
  const right = [
    `new Network({ ...n, optimizer: { name: "sgd", learningRate: (step) => 1 / (step + 1) } })`,
    `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "cosine", steps: 9, warmup: 2 } } })`,
    `new Network(n).fit(d, { earlyStopping: { monitor: "validation.f1" } })`,
    `new Network({ ...n, optimizer: { name: "sgd", learningRate: { name: "reduceOnPlateau", monitor: "loss" } } })`,
  ];

  test("a wrong name or option, and none where all is right", () => {
    const head = `import { Network, dense } from "propago";\nconst n = { inputs: 1, layers: [dense(1)] };\nconst d = { x: [[0]], y: [1] };\n`;
    const file = `${folder}/wrong.ts`;
    writeFileSync(file, head + [...lines.map(([line]) => line), ...right].map((line) => `void ${line};\n`).join(""));
    const program = ts.createProgram([file], settings);
    const errors = new Map<number, string>();
    for (const { file: source, start, messageText } of ts.getPreEmitDiagnostics(program)) {
      const { line } = source!.getLineAndCharacterOfPosition(start!);
      errors.set(line - 3, ts.flattenDiagnosticMessageText(messageText, "\n"));
    }
    lines.forEach(([line, says], i) => expect(errors.get(i), line).toMatch(says));
    expect([...errors.keys()].filter((i) => i >= lines.length)).toEqual([]);
  });
});
