// DataHub's own sources and syntax trees, compilations of changed copies, and the Forge tests run on
// them: what contract-coverage.mjs and mutate.mjs share. Copies are compiled by the older code
// generator without optimizer, which takes a twentieth of the time; that the shipped code does the
// same is `make test`'s affair.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { findBinary, root } from './forge-binaries.mjs';

const solc = createRequire(import.meta.url)('solc');
const folder = path.join(root, 'contracts');
const main = 'DataHub.sol';
/** Of all randomness here; GALEN_FUZZ_SEED repeats a run. */
export const seed = process.env.GALEN_FUZZ_SEED ?? `0x${randomBytes(32).toString('hex')}`;

/** The text of DataHub.sol and datahub/*.sol, by their path below contracts/. */
export function readSources() {
  const names = fs.readdirSync(path.join(folder, 'datahub')).filter((name) => name.endsWith('.sol'));
  const files = [main, ...names.sort().map((name) => `datahub/${name}`)];
  return new Map(files.map((file) => [file, fs.readFileSync(path.join(folder, file), 'utf8')]));
}

function run(sources, outputSelection) {
  const input = {
    language: 'Solidity',
    sources: { [main]: { content: sources.get(main) } },
    settings: { evmVersion: 'prague', outputSelection },
  };
  const result = JSON.parse(solc.compile(JSON.stringify(input), {
    import(file) {
      if (sources.has(file)) return { contents: sources.get(file) };
      try {
        return { contents: fs.readFileSync(path.join(root, 'node_modules', file), 'utf8') };
      } catch (error) {
        return { error: error.message };
      }
    },
  }));
  const errors = (result.errors ?? []).filter((note) => note.severity === 'error');
  if (errors.length) throw new Error(errors.map((note) => note.formattedMessage).join(''));
  return result;
}

/** The syntax trees of our own sources, by file. */
export function syntaxTrees(sources) {
  const found = run(sources, { '*': { '': ['ast'] } }).sources;
  return new Map([...sources.keys()].map((file) => [file, found[file].ast]));
}

/** Writes the artifacts that the tests deploy; throws solc's errors. */
export function writeArtifacts(sources, work) {
  const contracts = ['DataHub', 'SignatureVerifier'];
  const outputs = ['evm.bytecode.object', 'evm.deployedBytecode.object'];
  const built = run(sources, { '*': Object.fromEntries(contracts.map((name) => [name, outputs])) });
  fs.mkdirSync(work, { recursive: true });
  for (const [file, found] of Object.entries(built.contracts)) {
    if (!sources.has(file)) continue;
    for (const name of contracts.filter((each) => found[each])) {
      const { evm } = found[name];
      fs.writeFileSync(path.join(work, `${name}.json`), JSON.stringify({
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
      }));
    }
  }
}

/** Calls visit(node, ancestors), in the order of the source, for every node of a syntax tree. */
export function walk(node, visit, ancestors = []) {
  if (Array.isArray(node)) {
    for (const each of node) walk(each, visit, ancestors);
  } else if (node && typeof node === 'object') {
    const isNode = typeof node.nodeType === 'string';
    if (isNode) visit(node, ancestors);
    const inner = isNode ? [...ancestors, node] : ancestors;
    for (const [key, value] of Object.entries(node)) {
      if (key !== 'typeDescriptions') walk(value, visit, inner);
    }
  }
}

/** Where a node begins and ends in its file, in bytes: that is what solc counts. */
export function span(node) {
  const [start, length] = node.src.split(':').map(Number);
  return { start, end: start + length };
}

/**
 * Runs the Forge tests on the artifacts in work but for those whose names match skip, or that judge the
 * shipped code's size or gas; resolves to { passed, failed: [name and reason] }.
 */
export async function runForge(work, { skip = [], args = [], timeoutMs = 900_000 } = {}) {
  const skipped = ['Eip170', 'gasOfAnyVerdict', ...skip].join('|');
  const always = ['--json', '--fuzz-seed', seed, '--no-match-test', skipped];
  const child = spawn(findBinary('forge'), ['test', ...always, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      FOUNDRY_PROFILE: 'probes',
      FOUNDRY_OUT: path.join(root, 'build', 'forge-probes', 'out'),
      FOUNDRY_CACHE_PATH: path.join(root, 'build', 'forge-probes', 'cache'),
      GALEN_DATAHUB_JSON: path.join(work, 'DataHub.json'),
      GALEN_VERIFIER_JSON: path.join(work, 'SignatureVerifier.json'),
    },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const [out, log] = [[], []];
  child.stdout.on('data', (data) => out.push(data));
  child.stderr.on('data', (data) => log.push(data));
  const signal = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, by) => resolve(by));
  });
  clearTimeout(timer);
  const text = Buffer.concat(out).toString();
  if (signal) return { passed: 0, failed: [`forge: ${signal}`] };
  let suites;
  try {
    suites = JSON.parse(text);
  } catch {
    throw new Error(`forge gave no results: ${text}${Buffer.concat(log)}`);
  }
  const tests = Object.values(suites).flatMap((suite) => Object.entries(suite.test_results));
  const failed = tests.filter(([, test]) => test.status === 'Failure');
  return {
    passed: tests.length - failed.length,
    failed: failed.map(([name, { reason }]) => `${name}: ${reason}`),
  };
}
