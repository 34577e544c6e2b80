// The command as its users meet it: the real dist/cli.js in a process of its own, in a folder of its own.
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const example = (name: string): string => fileURLToPath(new URL(`../examples/data/${name}`, import.meta.url));

let folder = "";
beforeAll(() => {
  if (!existsSync(cli)) throw new Error("dist/cli.js is missing: run `npm run build` first");
  folder = mkdtempSync(join(tmpdir(), "propago-cli-"));
  write("xor.csv", "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n");
  write("colors.csv", `color,size,kind\n${"red,1,big\ngreen,2,small\nblue,3,big\nred,4,big\n".repeat(5)}`);
  expect(run(["train", "colors.csv", "--out", "colors.propago", "--epochs", "30"]).status).toBe(0);
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(args: string[], { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}): Result {
  return spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: "utf8",
    input,
    env: { ...process.env, ...env },
  });
}

/** The JSON object on the last line of standard output. */
function lastLine({ stdout, stderr }: Result): Record<string, unknown> {
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`no JSON on the last line: ${stdout}${stderr}`);
  return JSON.parse(line) as Record<string, unknown>;
}

/** Trains for a few epochs, in tests that ask whether something works, not how well. */
const train = (data: string, ...args: string[]): Result =>
  run(["train", data, "--epochs", "2", "--out", "t.propago", "--force", ...args]);

describe("train", () => {
  it("reaches its figures on iris and digits with default settings", () => {
    const iris = lastLine(run(["train", example("iris.csv"), "--out", "iris.propago", "--json"]));
    expect(iris).toMatchObject({ task: "classification", rows: 150, target: "species" });
    expect(iris.validation).toMatchObject({ rows: 150, folds: 5 });
    expect(iris.validation).toEqual(iris.estimate);
    expect((iris.validation as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(0.95);
    expect(iris.baseline).toMatchObject({ accuracy: expect.closeTo(1 / 3, 9) });
    expect((iris.chosen as { candidates: object[] }).candidates.length).toBeGreaterThan(8);
    const history = iris.history as { epoch: number; loss: number }[];
    expect(history.at(-1)).toEqual({ epoch: iris.epochs, loss: iris.loss });
    const digits = lastLine(run(["train", example("digits.csv"), "--hidden", "64", "--out", "d.propago", "--json"]));
    expect(digits).toMatchObject({ task: "classification", rows: 1797 });
    expect((digits.validation as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(0.97);
    for (const key of ["epochs", "seconds", "loss"]) expect(digits[key], key).toBeGreaterThan(0);
    expect((digits.validation as { loss: number }).loss).toBeGreaterThan(0);
  });

  const diabetes = fileURLToPath(new URL("../../shared/data/diabetes.csv", import.meta.url));
  it.skipIf(!existsSync(diabetes))("reaches its figure on diabetes (skipped without shared/data)", () => {
    const report = lastLine(run(["train", diabetes, "--out", "diabetes.propago", "--json"]));
    expect(report).toMatchObject({ task: "regression", rows: 442 });
    expect((report.validation as { r2: number }).r2).toBeGreaterThanOrEqual(0.45);
  });

  it("solves XOR from a table of four rows", () => {
    expect(run(["train", "xor.csv", "--hidden", "4", "--out", "xor.propago"]).status).toBe(0);
    const report = lastLine(run(["evaluate", "xor.propago", "xor.csv", "--json"]));
    expect(report).toMatchObject({ task: "classification", rows: 4, parameters: 17, accuracy: 1 });
    expect(
      run(["predict", "xor.propago", "xor.csv"])
        .stdout.split("\n")
        .map((line) => line.split(",")[0]),
    ).toEqual(["prediction", "0", "1", "1", "0", ""]);
  });

  it("tells people what it took for the target, what it reached, and where the model is", () => {
    const { stdout, stderr, status } = run(["train", example("iris.csv"), "--out", "told.propago"]);
    expect(status).toBe(0);
    expect(stdout).toContain('target "species" (the last column): 3 classes (setosa, versicolor, virginica)');
    expect(stdout).toMatch(
      /the best of \d+ kinds: average of 8 networks \(\d+ (relu|tanh), [^)]*; 6 more\); [\d.]+ s\n/,
    );
    expect(stdout).toMatch(
      /expected on new rows \(5-fold cross-validation, 150 rows\): accuracy 0\.9\d* \(standard error 0\.0\d+\), loss/,
    );
    expect(stdout).toMatch(/versicolor +precision 0\.9\d*, recall 0\.\d+, f1 0\.\d+\n/);
    expect(stdout).toContain("baseline, without the inputs: the largest class has accuracy 0.3333, loss 1.099");
    expect(stdout).toMatch(/training rows \(150\), which the model has seen: accuracy/);
    expect(stdout).toMatch(/saved told\.propago \(\d+ parameters\)/);
    expect(stderr).toBe("");
  });

  it("reports the figures of the model that it saved", () => {
    const report = lastLine(run(["train", example("iris.csv"), "--out", "same.propago", "--epochs", "9", "--json"]));
    const again = run(["evaluate", "same.propago", example("iris.csv"), "--json"]);
    expect(lastLine(again).loss).toBe((report.training as { loss: number }).loss);
    expect(lastLine(again).accuracy).toBe(report.accuracy);
    expect(again.stderr).toContain("the model was trained on these rows");
  });

  it("judges on a part of the rows, or on a file, that nothing was trained on", () => {
    const lines = readFileSync(example("iris.csv"), "utf8").trim().split("\n");
    write("some.csv", lines.filter((_, i) => i % 4 !== 1).join("\n"));
    write("others.csv", [lines[0], ...lines.filter((_, i) => i % 4 === 1)].join("\n"));
    const judged = lastLine(
      run([
        "train",
        "some.csv",
        "--validation",
        "others.csv",
        "--out",
        "judged.propago",
        "--effort",
        "quick",
        "--json",
      ]),
    );
    const alone = run(["evaluate", "judged.propago", "others.csv", "--json"]);
    expect(judged.validation).toMatchObject({ rows: 38, accuracy: lastLine(alone).accuracy });
    expect(judged.estimate).toMatchObject({ rows: 112 });
    expect(alone.stderr).toBe("");
    const part = lastLine(train("some.csv", "--validation", "0.25", "--effort", "quick", "--json"));
    expect(part.validation).toMatchObject({ rows: 28 });
    expect(part.training).toMatchObject({ rows: 84 });
    expect(run(["train", "some.csv", "--validation", "none.csv", "--out", "n.propago"]).status).toBe(6);
  });

  it("predicts several targets, numbers or classes, each by a model of its own", () => {
    write("several.csv", `a,b,sum,product\n${Array.from({ length: 60 }, (_, i) => `${i % 8},${i % 5},${(i % 8) + (i % 5)}.5,${(i % 8) * (i % 5)}.5`).join("\n")}`); // prettier-ignore
    const args = ["several.csv", "--target", "sum,product", "--task", "regression", "--effort", "quick", "--out", "several.propago"]; // prettier-ignore
    const report = lastLine(run(["train", ...args, "--json"]));
    expect((report.targets as { target: string }[]).map(({ target }) => target)).toEqual(["sum", "product"]);
    const [head, first] = run(["predict", "several.propago", "several.csv"]).stdout.split("\n");
    expect(head).toBe("prediction_sum,prediction_product");
    expect(Math.abs(Number(first.split(",")[0]) - 0.5)).toBeLessThan(1);
    const measured = lastLine(run(["evaluate", "several.propago", "several.csv", "--json"]));
    expect((measured.targets as { r2: number }[]).every(({ r2 }) => r2 > 0.9)).toBe(true);
    expect(run(["inspect", "several.propago"]).stdout).toMatch(/target sum:[^]*target product:/);

    write("labels.csv", `a,b,hot,wet\n${Array.from({ length: 60 }, (_, i) => `${i % 8},${i % 5},${i % 8 > 3 ? "yes" : "no"},${i % 5 > 2 ? 1 : 0}`).join("\n")}`); // prettier-ignore
    expect(run(["train", "labels.csv", "--target", "hot,wet", "--effort", "quick", "--out", "labels.propago"]).status).toBe(0); // prettier-ignore
    const [names, row] = run(["predict", "labels.propago", "labels.csv"]).stdout.split("\n");
    expect(names).toBe("prediction_hot,prediction_wet,probability_no_hot,probability_yes_hot,probability_0_wet,probability_1_wet"); // prettier-ignore
    expect(row).toMatch(/^no,0,/);
  });

  it("chooses a threshold for a rare class, and says from where on", () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i % 20},${(i * 7) % 11},${i % 20 > 16 && i % 3 > 0 ? "rare" : "common"}`); // prettier-ignore
    write("rare.csv", `a,b,y\n${rows.join("\n")}`);
    const { stdout } = run(["train", "rare.csv", "--optimize", "f1", "--effort", "quick", "--out", "rare.propago"]);
    expect(stdout).toMatch(/"rare" is predicted from a probability of 0\.\d+ on/);
    expect(run(["train", "rare.csv", "--target", "b", "--task", "regression", "--optimize", "f1", "--out", "x.propago"])).toMatchObject({ status: 2, stderr: expect.stringContaining("--optimize is for classes") }); // prettier-ignore
  });

  it("writes intervals of numbers", () => {
    const lines = Array.from({ length: 80 }, (_, i) => `${i % 9},${i % 7},${3 * (i % 9) + ((i * i) % 13) / 4}`);
    write("between.csv", `a,b,y\n${lines.join("\n")}`);
    expect(run(["train", "between.csv", "--effort", "quick", "--out", "between.propago"]).status).toBe(0);
    const [head, ...rows] = run(["predict", "between.propago", "between.csv", "--interval", "0.8"]).stdout.trim().split("\n"); // prettier-ignore
    expect(head).toBe("prediction,lower,upper");
    const inside = rows.filter((row, i) => {
      const [, lower, upper] = row.split(",").map(Number);
      const y = Number(lines[i].split(",")[2]);
      return lower <= y && y <= upper;
    });
    expect(inside.length / rows.length).toBeGreaterThan(0.7);
    expect(run(["predict", "colors.propago", "colors.csv", "--interval", "0.8"])).toMatchObject({ status: 2 });
  });

  it("writes the same bytes for the same seed whatever the locale and time zone, and others for another", () => {
    const model = (name: string, seed: string, env: NodeJS.ProcessEnv = {}): string => {
      const args = ["train", example("iris.csv"), "--out", name, "--epochs", "3", "--seed", seed];
      expect(run(args, { env }).status).toBe(0);
      return readFileSync(join(folder, name), "utf8");
    };
    const first = model("one.propago", "5");
    expect(model("two.propago", "5", { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Asia/Kathmandu" })).toBe(first);
    expect(model("three.propago", "6")).not.toBe(first);
  });

  it("takes every option", () => {
    const options =
      "--hidden 8,4 --activation relu --optimizer sgd --learning-rate 0.05 --l1 0.001 --l2 0.01 --epochs 4";
    const more =
      "--batch-size 16 --validation 0.3 --patience 3 --seed 7 --dtype float64 --task classification --no-progress --ensemble 1 --effort quick";
    const report = lastLine(
      run(["train", example("iris.csv"), ...`${options} ${more} --out all.propago --json`.split(" ")]),
    );
    expect(report).toMatchObject({ epochs: 4, seed: 7, estimate: { rows: 150 } });
    const { stdout } = run(["inspect", "all.propago"]);
    expect(stdout).toMatch(/ 8 +relu[^]* 4 +relu[^]*float64[^]*sgd at 0\.05/);
    const none = lastLine(
      train(example("iris.csv"), "--hidden", "none", "--json", "--batch-size", "full", "--ensemble", "1"),
    );
    expect(none.parameters).toBe(5 * 3);
  });

  it("predicts another column by name or number, and leaves columns out", () => {
    const byName = lastLine(
      train(example("iris.csv"), "--target", "petal_width", "--ignore", "species,petal_length", "--json"),
    );
    expect(byName).toMatchObject({ task: "regression", target: "petal_width", inputs: 2 });
    expect(lastLine(train(example("iris.csv"), "--target", "4", "--json"))).toMatchObject({
      target: "petal_width",
      inputs: 6,
    });
  });

  it("reads standard input", () => {
    const result = run(["train", "-", "--epochs", "2", "--out", "stdin.propago", "--json"], {
      input: "a,y\n1,x\n2,y\n3,x\n",
    });
    expect(lastLine(result)).toMatchObject({ rows: 3 });
  });

  it.each([
    ["semicolons", "a;b;y\n1;2;x\n3;4;z\n5;6;x\n"],
    ["tabs", "a\tb\ty\n1\t2\tx\n3\t4\tz\n5\t6\tx\n"],
    ["a byte order mark and CRLF", "\ufeffa,b,y\r\n1,2,x\r\n3,4,z\r\n5,6,x\r\n"],
    ["quotes", '"a","b","y"\n"1","2","x"\n3,4,"z"\n5,6,x\n'],
    ["bars, named", "a|b|y\n1|2|x\n3|4|z\n5|6|x\n", "--delimiter", "|"],
  ])("makes the same model of a table with %s", (_, content, ...args) => {
    write("plain.csv", "a,b,y\n1,2,x\n3,4,z\n5,6,x\n");
    write("other.csv", content);
    expect(train("plain.csv").status).toBe(0);
    const plain = readFileSync(join(folder, "t.propago"), "utf8");
    expect(train("other.csv", ...args).status).toBe(0);
    expect(readFileSync(join(folder, "t.propago"), "utf8")).toBe(plain);
  });

  it("keeps what a file says from steering the terminal", () => {
    write("evil.csv", "a,\u001b]0;owned\u0007y\n1,x\u001b[31m\n2,z\n3,x\u001b[31m\n");
    // Escape is a control character: such a file is no text at all.
    expect(train("evil.csv")).toMatchObject({ status: 3, stderr: expect.stringContaining("looks binary") });
    write("evil2.csv", "a,y\u009b31m\u202e\n1,x\n2,z\u009b\n3,x\n");
    const { stdout, status } = train("evil2.csv");
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/[\u0080-\u009f\u202e]/);
    expect(run(["inspect", "t.propago"]).stdout).not.toMatch(/[\u0080-\u009f\u202e]/);
  });
});

describe("predict", () => {
  it("finds columns by name, keeps the order of rows, and gives a probability for each class", () => {
    write("new.csv", "size,other,color\n3,x,blue\n2,x,green\n1,x,red\n");
    const { stdout, stderr, status } = run(["predict", "colors.propago", "new.csv"]);
    expect(status).toBe(0);
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toBe("prediction,probability_big,probability_small");
    expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(["big", "small", "big"]);
    for (const line of lines.slice(1)) {
      const [, big, small] = line.split(",").map(Number);
      expect(big + small).toBeCloseTo(1, 5);
    }
    expect(stderr).toBe('propago: warning: new.csv: the model does not use "other"\n');
  });

  it("writes to a file, and replaces it only when told to", () => {
    write("few.csv", "color,size\nred,1\n");
    const args = ["predict", "colors.propago", "few.csv", "--out", "answers.csv"];
    expect(run(args)).toMatchObject({ status: 0, stdout: "" });
    const content = readFileSync(join(folder, "answers.csv"), "utf8");
    expect(content).toMatch(/^prediction,.*\nbig,/);
    expect(run(args)).toMatchObject({
      status: 6,
      stderr: expect.stringContaining("answers.csv exists already; use --force"),
    });
    expect(run([...args, "--force"]).status).toBe(0);
  });

  it("names missing columns, unseen texts and missing cells", () => {
    write("lack.csv", "colour\nred\n");
    expect(run(["predict", "colors.propago", "lack.csv"])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('ERR_DATA: lack.csv lacks 2 columns "color", "size"'),
    });
    write("teal.csv", "color,size\nred,1\nteal,2\n");
    expect(run(["predict", "colors.propago", "teal.csv", "--unknown", "error"])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('teal.csv:3 row 2, column "color": "teal" was not seen in training'),
    });
    expect(run(["predict", "colors.propago", "teal.csv"])).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/categories that training has not seen.*"color" \(1 cell, first line 3 "teal"\)/),
    });
    expect(run(["predict", "colors.propago", "teal.csv", "--unknown", "ignore"])).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("disarms texts that a spreadsheet would run, and leaves numbers alone", () => {
    write("formula.csv", `a,y\n${'1,"=HYPERLINK(""x"")"\n2,@b\n'.repeat(3)}`);
    expect(run(["train", "formula.csv", "--out", "formula.propago"]).status).toBe(0);
    const lines = run(["predict", "formula.propago", "formula.csv"]).stdout.split("\n");
    expect(lines[0]).toBe('prediction,"probability_=HYPERLINK(""x"")",probability_@b');
    expect(lines[1]).toMatch(/^"'=HYPERLINK\(""x""\)",0\.9/);
    expect(lines[2]).toMatch(/^'@b,/);
    write("below.csv", `a,y\n${Array.from({ length: 60 }, (_, i) => `${i},${-1.5 * i - 1}\n`).join("")}`);
    expect(run(["train", "below.csv", "--out", "below.propago"]).status).toBe(0);
    expect(run(["predict", "below.propago", "below.csv"]).stdout).toMatch(/^prediction\n-\d/);
  });

  it("ends quietly when nobody reads on", async () => {
    write("many.csv", `color,size\n${"red,1\n".repeat(100_000)}`);
    const child = spawn("sh", ["-c", `"${process.execPath}" "${cli}" predict colors.propago many.csv | head -n 1`], {
      cwd: folder,
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    await new Promise((resolve) => child.on("close", resolve));
    expect(output).toBe("prediction,probability_big,probability_small\n");
  });
});

describe("evaluate and inspect", () => {
  it("measure a file, for people and for programs", () => {
    expect(run(["evaluate", "colors.propago", "colors.csv"]).stdout).toMatch(
      /^colors\.csv \(20 rows\): accuracy [\d.]+, loss [\d.]+\n {2}big +precision [\d.]+, recall [\d.]+, f1 [\d.]+\n {2}small .*\n {2}true . predicted +big +small\n {2}big +\d+ +\d+\n {2}small +\d+ +\d+\n$/,
    );
    const report = lastLine(run(["evaluate", "colors.propago", "colors.csv", "--json"]));
    expect(Object.keys(report).sort()).toEqual([
      "accuracy",
      "classes",
      "confusionMatrix",
      "loss",
      "parameters",
      "rows",
      "target",
      "task",
    ]);
    expect((report.classes as { label: string }[]).map(({ label }) => label)).toEqual(["big", "small"]);
  });

  it("weigh rows and classes, and take a loss with its options", () => {
    // Two rows are labelled "a" and six "b", with equal inputs. The model answers with the label that weighs more.
    write("alike.csv", `x,w,y\n${"1,1,b\n".repeat(6)}${"1,9,a\n".repeat(2)}`);
    const guess = (...options: string[]): string => {
      const args = ["alike.csv", "--target", "y", "--hidden", "none", "--out", "alike.propago", "--force"];
      expect(run(["train", ...args, "--epochs", "200", ...options]).status).toBe(0);
      return run(["predict", "alike.propago", "alike.csv"]).stdout.split("\n")[1];
    };
    const share = (line: string): number => Number(line.split(",")[1]);
    expect(guess("--weights", "w")).toMatch(/^a,/);
    expect(guess("--ignore", "w")).toMatch(/^b,/);
    expect(share(guess("--weights", "w"))).toBeCloseTo(0.75, 2);
    expect(share(guess("--ignore", "w", "--class-weights", "balanced"))).toBeCloseTo(0.5, 2);
    const loss = ["--loss", '{"name":"binaryCrossEntropy","labelSmoothing":0.5}'];
    expect(share(guess("--ignore", "w", ...loss))).toBeCloseTo(0.375, 1);
    const bad = (...options: string[]): unknown => run(["train", "alike.csv", "--target", "y", ...options]).stderr;
    expect(bad("--weights", "y")).toContain("--weights names the target");
    expect(bad("--loss", '{"name":"huber","delta":-1}')).toContain("delta");
    expect(bad("--loss", "{")).toContain("Expected a name, or JSON");
    expect(bad("--task", "regression", "--target", "w", "--class-weights", "balanced")).toContain("is for classes");
  });

  it("name a class that is new and a target that is not there", () => {
    write("owl.csv", "color,size,kind\nred,1,owl\n");
    expect(run(["evaluate", "colors.propago", "owl.csv"])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(
        'owl.csv: 1 row has a class of "kind" that training has not seen ("owl", first line 2)',
      ),
    });
    write("untold.csv", "color,size,kinds\nred,1,big\n");
    expect(run(["evaluate", "colors.propago", "untold.csv"])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('lacks the target column "kind" (did you mean "kinds"?)'),
    });
  });

  it("show what is in a model", () => {
    const { stdout, status } = run(["inspect", "colors.propago"]);
    expect(status).toBe(0);
    expect(stdout).toContain(
      'classification of "kind"\nclasses (2): big, small\ncolumns (2): color (one of blue, green, red), size\n',
    );
    expect(stdout).toMatch(/trained on 20 rows, the last network \d+ epochs/);
    expect(stdout).toContain("dense_2");
    expect(lastLine(run(["inspect", "colors.propago", "--json"]))).toMatchObject({
      target: "kind",
      labels: ["big", "small"],
    });
  });
});

describe("bad tables end with 3", () => {
  it.each<[string, string | Uint8Array, string]>([
    ["an empty file", "", "ERR_DATA: bad.csv is empty"],
    ["a header only", "a,b\n", "ERR_DATA: bad.csv has a header but no rows"],
    ["blank lines", "\n\n", "ERR_DATA: bad.csv is empty"],
    ["a ragged line", "a,b\n1,2\n1,2,3\n", "ERR_CSV: bad.csv:3 has 3 fields, the header has 2"],
    ["an open quote", 'a,b\n1,"2\n3,4\n', "ERR_CSV: bad.csv:2 quote opened here is never closed"],
    ["no number", "a,b\n1,2.5\n12abc,3.5\n5,2\n", 'ERR_CSV: bad.csv:3 row 2, column "a": "12abc" is not a number'],
    ["a comma that may be either", "a;b\n1,343;0\n2,512;1\n", '"1,343" may be 1343 or 1.343; say --decimal .'],
    ["infinity", "a,b\n1,0.5\ninf,1.5\n", 'ERR_NONFINITE: bad.csv:3 row 2, column "a": "inf" is not a finite number'],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0), "ERR_CSV: bad.csv is UTF-16LE"],
    ["Latin-1", Uint8Array.of(0x61, 0x2c, 0xe9, 0x0a), "ERR_CSV: bad.csv:1 is not UTF-8 (byte 2 = 0xe9)"],
    [
      "a PNG",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      "ERR_CSV: bad.csv is a picture, not a CSV file",
    ],
    ["two delimiters", "a;x,b\n1;2,3\n", "--delimiter"],
    [
      "a class for every row",
      `a,id\n${Array.from({ length: 150 }, (_, i) => `${i},k${i}\n`).join("")}`,
      'target "id" has 150 classes for 150 rows',
    ],
    ["the target alone", "a\n1\n2\n", "no column beside the target"],
  ])("%s", (_, content, message) => {
    write("bad.csv", content);
    const { status, stderr, stdout } = run(["train", "bad.csv", "--out", "never.propago"]);
    expect({ status, stderr, stdout }).toEqual({ status: 3, stderr: expect.stringContaining(message), stdout: "" });
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(existsSync(join(folder, "never.propago"))).toBe(false);
  });

  it("works with columns that are named like parts of objects", () => {
    write("proto.csv", "__proto__,constructor,toString,\n1,2,3,x\n2,3,4,y\n3,4,5,x\n");
    expect(train("proto.csv").status).toBe(0);
    expect(run(["predict", "t.propago", "proto.csv"]).stdout.trim().split("\n").length).toBe(4);
    expect(run(["inspect", "t.propago"]).stdout).toContain("columns (3): __proto__, constructor, toString");
  });
});

it("tells its version", () => {
  expect(run(["--version"])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

describe("wrong usage ends with 2", () => {
  it.each<[string, string[], string]>([
    ["an unknown command", ["trian", "xor.csv"], "Did you mean train?"],
    ["an unknown option", ["train", "xor.csv", "--epoch", "3"], "Did you mean --epochs?"],
    ["a missing value", ["train", "xor.csv", "--epochs"], "argument missing"],
    ["a missing argument", ["train"], "missing required argument"],
    ["too many arguments", ["inspect", "a", "b"], "too many arguments"],
    ["no number", ["train", "xor.csv", "--epochs", "x"], "Expected a whole number from 1."],
    ["epochs below 0", ["train", "xor.csv", "--epochs", "-1"], "Expected a whole number from 1."],
    ["a learning rate of 0", ["train", "xor.csv", "--learning-rate", "0"], "Expected a number"],
    ["a seed that is no integer", ["train", "xor.csv", "--seed", "1.5"], "Expected a whole number from 0"],
    ["an unknown activation", ["train", "xor.csv", "--activation", "relv"], "Allowed choices are"],
    ["layers without size", ["train", "xor.csv", "--hidden", "8,0"], "Expected layer sizes"],
    ["an odd delimiter", ["train", "xor.csv", "--delimiter", "x"], "Expected one of"],
    ["a target that is not there", ["train", "xor.csv", "--target", "z"], 'ERR_USAGE: xor.csv has no column "z"'],
    ["a target number out of range", ["train", "xor.csv", "--target", "4"], "has no column 4; its columns are 1 to 3"],
    ["two columns to ignore, one not there", ["train", "xor.csv", "--ignore", "c", "--ignore", "a"], 'no column "c"'],
    ["a target to be ignored", ["train", "xor.csv", "--ignore", "y"], "cannot be ignored"],
    ["a column to ignore that is not there", ["train", "xor.csv", "--ignore", "c"], 'no column "c"'],
    ["a loss that does not fit", ["train", "xor.csv", "--loss", "categoricalCrossEntropy"], "ERR_CONFIG"],
    [
      "a validation part without rows",
      ["train", "xor.csv", "--validation", "0.1"],
      "leaves 0 of 4 rows for validation",
    ],
    ["more weights than memory", ["train", "xor.csv", "--hidden", "9000000,9000000"], "ERR_MEMORY"],
    ["nothing", [], "Usage: propago"],
  ])("%s", (_, args, message) => {
    const { status, stderr } = run(args[0] === "train" ? ["train", "--out", "never.propago", ...args.slice(1)] : args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    expect(existsSync(join(folder, "never.propago"))).toBe(false);
  });

  it("but asking for help ends with 0", () => {
    expect(run(["--help"])).toMatchObject({ status: 0, stdout: expect.stringContaining("train") });
    expect(run(["train", "--help"])).toMatchObject({ status: 0, stdout: expect.stringContaining("--learning-rate") });
  });

  it("suggests the column that was meant", () => {
    const { stderr, status } = run(["train", example("iris.csv"), "--target", "specis"]);
    expect({ stderr, status }).toEqual({ stderr: expect.stringContaining('did you mean "species"?'), status: 2 });
  });
});

describe("files that cannot be read or written end with 6", () => {
  it("no such file, a folder, a pipe, a device", () => {
    mkdirSync(join(folder, "folder.csv"), { recursive: true });
    spawnSync("mkfifo", [join(folder, "pipe.csv")]);
    const cases: [string, string][] = [
      ["nothing.csv", "cannot read nothing.csv: no such file"],
      ["folder.csv", "cannot read folder.csv: it is no regular file"],
      ["/dev/zero", "cannot read /dev/zero: it is no regular file"],
      ["pipe.csv", "cannot read pipe.csv: it is no regular file"],
    ];
    for (const [path, message] of cases) {
      expect(train(path), path).toMatchObject({ status: 6, stderr: expect.stringContaining(`ERR_IO: ${message}`) });
    }
  });

  it.skipIf(process.getuid?.() === 0)("no permission (skipped for root, whom nothing is forbidden)", () => {
    write("secret.csv", "a,b\n1,2\n");
    chmodSync(join(folder, "secret.csv"), 0);
    expect(train("secret.csv")).toMatchObject({ status: 6, stderr: expect.stringContaining("permission denied") });
  });

  it("an output that exists, is a folder, or is the input", () => {
    write("there.propago", "old");
    mkdirSync(join(folder, "out-folder"), { recursive: true });
    symlinkSync(join(folder, "xor.csv"), join(folder, "link"));
    linkSync(join(folder, "xor.csv"), join(folder, "hard"));
    const cases: [string[], string][] = [
      [["--out", "there.propago"], "there.propago exists already; use --force"],
      [["--out", "out-folder", "--force"], "it is a folder"],
      [["--out", "nowhere/x.propago"], "no such file or folder"],
      [["--out", "xor.csv", "--force"], "it is also the input"],
      [["--out", "link", "--force"], "it is also the input"],
      [["--out", "hard", "--force"], "it is also the input"],
    ];
    for (const [args, message] of cases) {
      const result = run(["train", "xor.csv", ...args]);
      expect(result, args.join(" ")).toMatchObject({ status: 6, stdout: "", stderr: expect.stringContaining(message) });
    }
    expect(readFileSync(join(folder, "there.propago"), "utf8")).toBe("old");
    expect(readFileSync(join(folder, "xor.csv"), "utf8")).toMatch(/^a,b,y/);
  });

  it.skipIf(!existsSync("/dev/full"))("standard output that is full", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [cli, "inspect", "colors.propago"], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect({ status, stderr }).toEqual({
      status: 6,
      stderr: expect.stringContaining("ERR_IO: cannot write the output"),
    });
  });

  it.skipIf(!existsSync("/dev/full"))("a full disk", () => {
    expect(run(["train", "xor.csv", "--epochs", "1", "--out", "/dev/full", "--force"])).toMatchObject({
      status: 6,
      stderr: expect.stringContaining("ERR_IO: cannot write /dev/full: no space left"),
    });
  });

  it("a write that fails midway leaves the old file, and nothing beside it", () => {
    write("old.propago", "old");
    // The limit is far below the model's size; SIGXFSZ is ignored so that the write fails instead.
    const script = `trap '' XFSZ; ulimit -f 1; exec "${process.execPath}" "${cli}" train "${example("digits.csv")}" --epochs 1 --out old.propago --force`;
    const result = spawnSync("bash", ["-c", script], { cwd: folder, encoding: "utf8" });
    expect(result).toMatchObject({ status: 6, stderr: expect.stringContaining("ERR_IO: cannot write old.propago") });
    expect(readFileSync(join(folder, "old.propago"), "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("bad model files end with 4", () => {
  const check = (content: string | Uint8Array, message: string): void => {
    write("bad.propago", content);
    for (const command of [
      ["predict", "bad.propago", "xor.csv"],
      ["inspect", "bad.propago"],
    ]) {
      const { status, stderr, stdout } = run(command);
      expect({ status, stderr, stdout }).toEqual({ status: 4, stderr: expect.stringContaining(message), stdout: "" });
    }
  };
  const model = (): Buffer => readFileSync(join(folder, "colors.propago"));
  const changed = (change: (text: string) => string) => Buffer.from(change(model().toString("latin1")), "latin1");

  it("empty, cut off, damaged, foreign, from the future", () => {
    check("", "ERR_FORMAT: bad.propago: the file is empty");
    check(model().subarray(0, -20), "(its end is missing)");
    check(model().subarray(0, 100), "bytes, 92 follow: it was cut off");
    check(model().subarray(0, 5), "this is no model file");
    check(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), "this is no model file");
    check('{"format":"propago"}', "this is no model file");
    check(
      changed((text) => text.replace('big\\"', 'bog\\"')),
      "the checksum does not match",
    );
    check(
      changed((text) => text.slice(0, -4) + "abc="),
      "the checksum does not match",
    );
    check(
      changed((text) => text.replace('"version":"1"', '"version":"7"')),
      "made by a newer version of propago",
    );
  });

  it("but a missing one with 6", () => {
    expect(run(["inspect", "nothing.propago"])).toMatchObject({
      status: 6,
      stderr: expect.stringContaining("no such file"),
    });
  });
});

describe("while it trains", () => {
  it("a training that diverges ends with 5 and saves nothing", () => {
    write("line.csv", `a,y\n${Array.from({ length: 60 }, (_, i) => `${i},${i * 2.5}\n`).join("")}`);
    const args = "--activation linear --optimizer sgd --learning-rate 1e10 --out wild.propago".split(" ");
    const { status, stderr } = run(["train", "line.csv", ...args]);
    expect({ status, stderr }).toEqual({ status: 5, stderr: expect.stringContaining("ERR_DIVERGED") });
    expect(existsSync(join(folder, "wild.propago"))).toBe(false);
  });

  const interrupted = async (times: number): Promise<{ code: number | null; stderr: string; ms: number }> => {
    const args = [cli, "train", example("digits.csv"), "--epochs", "1000000", "--out", "stopped.propago"];
    const child = spawn(process.execPath, args, { cwd: folder });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += chunk));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const started = performance.now();
    const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
    for (let i = 0; i < times; i++) child.kill("SIGINT");
    return { code: await closed, stderr, ms: performance.now() - started };
  };

  it("Ctrl-C ends with 130, says what was reached, and saves a model of it", async () => {
    const { code, stderr, ms } = await interrupted(1);
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /interrupted (before the first network was trained|after \d+ of \d+ networks): stopped\.propago has what was reached/,
    );
    expect(ms).toBeLessThan(10_000);
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual(["stopped.propago"]);
    expect(run(["evaluate", "stopped.propago", example("digits.csv")]).status).toBe(0);
    rmSync(join(folder, "stopped.propago"));
  });

  it("Ctrl-C twice ends at once", async () => {
    expect(await interrupted(2)).toMatchObject({ code: 130 });
  });

  it("nothing is drawn into pipes, with or without --json", () => {
    for (const args of [[], ["--json"]]) {
      const { stdout, stderr } = train(example("iris.csv"), ...args);
      // eslint-disable-next-line no-control-regex -- these are what must not be there
      expect(stdout + stderr).not.toMatch(/[\u001b\r]/);
      expect(stderr).toBe("");
    }
    expect(train(example("iris.csv"), "--json").stdout.trim().split("\n").length).toBe(1);
  });

  const hasScript = spawnSync("script", ["--version"]).status === 0;
  it.skipIf(!hasScript)("a terminal gets a bar on standard error, unless told not to (skipped without script)", () => {
    const command = `"${process.execPath}" "${cli}" train "${example("digits.csv")}" --epochs 20 --out tty.propago --force`;
    const terminal = (more: string, env: NodeJS.ProcessEnv = {}): string =>
      spawnSync("script", ["-qec", `stty cols 100; ${command} ${more}`, "/dev/null"], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, TERM: "xterm", ...env },
      }).stdout;
    expect(terminal("")).toMatch(/network \d+ of \d+ \[=+-*\] \d+s left/);
    expect(terminal("--no-progress")).not.toContain("[=");
    expect(terminal("", { TERM: "dumb" })).not.toContain("[=");
    // eslint-disable-next-line no-control-regex -- colours begin with these
    expect(terminal("", { NO_COLOR: "1" })).not.toMatch(/\u001b\[\d*;?\d*m/);
  });
});
