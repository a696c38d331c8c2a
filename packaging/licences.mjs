// The licences of everything that is compiled into the binary, as one text on standard output.
//
// Rust packages come from `cargo metadata` (what the Linux build links, tests and build scripts left out), those of the page
// from web/package-lock.json. Their texts are taken from the packages themselves; equal texts stand there once.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const TARGET = "x86_64-unknown-linux-gnu";
/** Packages of the page whose code is in what Vite makes of it. */
const PAGE = ["svelte", "uplot"];
const IS_TEXT = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

/** What is linked: reached from the root by normal dependencies, procedural macros left out. */
function crates() {
  const args = ["metadata", "--format-version=1", "--locked", "--filter-platform", TARGET];
  const data = JSON.parse(execFileSync("cargo", args, { maxBuffer: 1 << 28 }));
  const packages = new Map(data.packages.map((of) => [of.id, of]));
  const nodes = new Map(data.resolve.nodes.map((node) => [node.id, node]));
  const isMacro = (id) => packages.get(id).targets.some((target) => target.kind.includes("proc-macro"));
  const seen = new Set();
  const waiting = [data.resolve.root];
  while (waiting.length > 0) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(waiting.pop()).deps) {
      if (seen.has(pkg) || isMacro(pkg) || !kinds.some(({ kind }) => kind === null)) continue;
      seen.add(pkg);
      waiting.push(pkg);
    }
  }
  return [...seen].map((id) => {
    const { name, version, license, manifest_path: manifest, repository } = packages.get(id);
    return { name, version, license, folder: dirname(manifest), from: repository };
  });
}

function page() {
  return PAGE.map((name) => {
    const folder = join("web/node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { name: `${name} (npm)`, version, license, folder, from: `https://www.npmjs.com/package/${name}` };
  });
}

function texts(folder) {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = names.filter((name) => IS_TEXT.test(name)).map((name) => join(folder, name));
  return files.flatMap((file) => {
    try {
      return [readFileSync(file, "utf8").replaceAll("\r", "").trim()];
    } catch {
      return []; // a folder of that name
    }
  });
}

const parts = [...crates(), ...page()].sort((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
const numbers = new Map();
const lines = [];
for (const { name, version, license, folder, from } of parts) {
  if (!license) throw new Error(`${name} ${version} names no licence`);
  const found = texts(folder).map((text) => {
    if (!numbers.has(text)) numbers.set(text, numbers.size + 1);
    return `[${numbers.get(text)}]`;
  });
  // Some packages name their licence and leave its text to the licence's own page.
  const where = found.length > 0 ? `text ${found.join(", ")}` : `no text in the package; see ${from ?? name}`;
  lines.push(`${name} ${version}: ${license}; ${where}`);
}
console.log(`Watchpost is licensed under Apache-2.0. Its program contains the software of others, ${parts.length} packages:\n`);
console.log(lines.join("\n"));
for (const [text, number] of numbers) console.log(`\n${"-".repeat(78)}\n[${number}]\n\n${text}`);
