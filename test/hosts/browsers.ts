// Pages in real browsers: what they say where WebAssembly or threads are not to be had, and propago/slim.
import { ISOLATED, XOR, type Host, type Lab, expectMatch, expectSame, pageOf, sending } from "./lab.ts";

/** A folder with a page that runs this after the package's files. */
function site(lab: Lab, body: string, module = "propago.min.js"): string {
  const folder = lab.project({
    "index.html": pageOf(`import * as propago from "./node_modules/propago/dist/${module}";
const { Network, dense } = propago;${sending(body)}`),
  });
  return folder;
}

const blocked = { "content-security-policy": "script-src 'self' 'unsafe-inline'" };

const seen = `try { ${XOR} return answers; } catch ({ code, message }) { return code + " " + message; }`;

const asking = `const { warnings } = await new Network({ inputs: 1, layers: [dense(4000, "tanh"), dense(1)] })
  .fit({ x: new Float32Array(64), y: new Float32Array(64) }, { epochs: 2, threads: 2 });
  return warnings?.find(({ code }) => code === "WARN_THREADS")?.message ?? "threads";`;

/** What a browser says where a page's policy forbids WebAssembly. */
function policy(browser: "chromium" | "firefox", isLight: boolean): Host {
  return {
    name: `${browser === "firefox" ? "Firefox" : "Chromium"}, a policy without wasm-unsafe-eval`,
    isLight,
    needs: [browser],
    async try(lab) {
      const message = await lab.page<string>(browser, site(lab, seen), { headers: blocked });
      expectMatch("page", message, /^ERR_WASM_BLOCKED this page's Content-Security-Policy .*'wasm-unsafe-eval'/);
      const allowed = { "content-security-policy": `${blocked["content-security-policy"]} 'wasm-unsafe-eval'` };
      expectSame("allowed", await lab.page(browser, site(lab, seen), { headers: allowed }), "0110");
      return "ERR_WASM_BLOCKED with the word to add, and with it all is well";
    },
  };
}

export const hosts: Host[] = [
  policy("chromium", true),
  policy("firefox", false),
  {
    name: "Chromium, propago/slim",
    isLight: true,
    needs: ["chromium"],
    async try(lab) {
      const body = `
        const url = new URL("./node_modules/propago/dist/", location.href);
        await propago.init({ wasm: new URL("common.wasm", url) });
        await propago.init({ wasm: fetch(new URL("simd.wasm", url)) });
        await propago.init({ wasm: await WebAssembly.compileStreaming(fetch(new URL("float64.wasm", url))) });
        const page = await propago.init({ wasm: "./" }).catch(({ code }) => code);
        ${XOR}
        await import("./node_modules/propago/dist/threads.js");
        const wide = () => new Network({ inputs: 1, layers: [dense(4000, "tanh"), dense(1)], optimizer: "rmsprop" });
        const [one, two] = [wide(), wide()];
        const data = { x: new Float32Array(64).fill(1), y: new Float32Array(64) };
        one.fitSync(data, { epochs: 3 });
        await two.fit(data, { epochs: 3, threads: 2 });
        const double = new Network({ inputs: 1, layers: [dense(1)], dtype: "float64" });
        return [answers, page, two.build, one.fingerprint() === two.fingerprint(), double.dtype];`;
      const answer = await lab.page("chromium", site(lab, body, "slim.js"), { headers: ISOLATED });
      expectSame("page", answer, ["0110", "ERR_CONFIG", "threads", true, "float64"]);
      return "URL, Response, module; threads with the same bits";
    },
  },
  {
    name: "Chromium, isolated without SharedArrayBuffer",
    isLight: true,
    needs: ["chromium"],
    async try(lab) {
      const folder = site(lab, `${asking}`);
      const { readFileSync, writeFileSync } = await import("node:fs");
      const html = readFileSync(`${folder}/index.html`, "utf8");
      const without = "<script>delete globalThis.SharedArrayBuffer;</script>";
      writeFileSync(`${folder}/index.html`, html.replace("<script", `${without}<script`));
      const answer = await lab.page<string>("chromium", folder, { headers: ISOLATED });
      expectSame("page", answer, "threads: 2 has no effect: this engine has no SharedArrayBuffer");
      const plain = await lab.page<string>("chromium", site(lab, asking));
      expectMatch("not isolated", plain, /^threads: 2 has no effect: this page is not cross-origin isolated/);
      // A worker's fitSync may wait; what it has not is the shared memory.
      const inWorker = `const text = 'delete globalThis.SharedArrayBuffer; import("' + location.origin + '/node_modules/propago/dist/propago.min.js")' +
        '.then(({ Network, dense }) => postMessage(new Network({ inputs: 1, layers: [dense(4000, "tanh"), dense(1)] })' +
        '.fitSync({ x: new Float32Array(256), y: new Float32Array(256) }, { epochs: 2, threads: 2 }).warnings?.[0].message))';
        return new Promise((resolve) => {
          const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), { type: "module" });
          worker.onmessage = ({ data }) => resolve(data ?? "threads");
          worker.onerror = ({ message }) => resolve(message);
        });`;
      expectSame(
        "fitSync in a worker",
        await lab.page<string>("chromium", site(lab, inWorker), { headers: ISOLATED }),
        "threads: 2 has no effect: this engine has no SharedArrayBuffer",
      );
      return "the true reason for one thread";
    },
  },
  {
    name: "WebKitGTK",
    needs: ["webkit"],
    async try(lab) {
      expectSame("page", await lab.page("webkit", site(lab, seen)), "0110");
      const answer = await lab.page<string>("webkit", site(lab, asking), { headers: ISOLATED });
      expectMatch("threads", answer, /^threads$|^threads: 2 has no effect: this engine has no SharedArrayBuffer$/);
      const table = `const labels = Array.from({ length: 60 }, (_, i) => (i % 2 ? "odd" : "even"));
        const classifier = new propago.Classifier({ effort: "quick" });
        await classifier.fit(labels.map((label, i) => [label === "odd" ? 3 + (i % 5) : i % 3]), labels);
        return classifier.predict([[0], [5]]);`;
      expectSame("a classifier", await lab.page("webkit", site(lab, table)), ["even", "odd"]);
      return `learns, also tables; isolated, it says: ${answer}`;
    },
  },
  {
    name: "Firefox, threads",
    needs: ["firefox"],
    async try(lab) {
      const answer = await lab.page<string>("firefox", site(lab, asking), { headers: ISOLATED });
      expectSame("threads", answer, "threads");
      return "where the page is isolated";
    },
  },
];
