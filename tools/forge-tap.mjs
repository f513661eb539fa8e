// Runs the contract's Forge tests on a built artifact and prints the result as TAP.
// Usage: forge-tap.mjs ARTIFACT.json WORKDIR [forge test arguments]
// What else the tests read is beside the artifact. WORKDIR takes forge's cache and output.
// FOUNDRY_PROFILE=heavy runs many more rounds; GALEN_FUZZ_SEED repeats a run. A test that fails, no
// test at all, or a failing compilation end with 1.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { findBinary, root } from './forge-binaries.mjs';

function bail(message) {
  console.log(`Bail out! ${message}`);
  process.exit(1);
}

const [artifact, work, ...more] = process.argv.slice(2);
if (!work) bail('usage: forge-tap.mjs ARTIFACT.json WORKDIR [forge test arguments]');
const beside = (name) => path.resolve(path.dirname(artifact), name);
const seed = process.env.GALEN_FUZZ_SEED ?? `0x${randomBytes(32).toString('hex')}`;
console.log(`# GALEN_FUZZ_SEED=${seed}`);
const run = spawnSync(findBinary('forge'), ['test', '--json', '--fuzz-seed', seed, ...more], {
  cwd: path.join(root, 'contracts'),
  encoding: 'utf8',
  maxBuffer: 1 << 28,
  env: {
    ...process.env,
    GALEN_DATAHUB_JSON: path.resolve(artifact),
    GALEN_VERIFIER_JSON: beside('SignatureVerifier.json'),
    GALEN_SIGNATURES_JSON: beside('signatures.json'),
    FOUNDRY_OUT: path.resolve(work, 'out'),
    FOUNDRY_CACHE_PATH: path.resolve(work, 'cache'),
  },
});

let suites;
try {
  suites = JSON.parse(run.stdout);
} catch {
  process.stdout.write(`${run.stdout}${run.stderr}`.replace(/^/gm, '# '));
  console.log();
  bail(run.error?.message ?? `forge ended with ${run.status ?? run.signal} and no results`);
}

// " (256 runs)" of a fuzz test, " (16 runs, 4000 calls)" of an invariant
function rounds(kind) {
  const { runs, calls } = Object.values(kind ?? {})[0] ?? {};
  if (runs === undefined) return '';
  return calls === undefined ? ` (${runs} runs)` : ` (${runs} runs, ${calls} calls)`;
}

let count = 0;
let failures = 0;
for (const [suite, { test_results: tests }] of Object.entries(suites)) {
  for (const [name, test] of Object.entries(tests)) {
    const good = test.status === 'Success' || test.status === 'Skipped';
    const skip = test.status === 'Skipped' ? ' # SKIP' : '';
    const title = `${suite.split(':')[1]} ${name}${rounds(test.kind)}${skip}`;
    count += 1;
    failures += good ? 0 : 1;
    console.log(`${good ? 'ok' : 'not ok'} ${count} - ${title}`);
    if (!good) {
      const note = { reason: test.reason, counterexample: test.counterexample };
      console.log(JSON.stringify(note, null, 2).replace(/^/gm, '# '));
    }
  }
}
if (count === 0) bail('forge ran no test');
console.log(`1..${count}`);
if (run.status !== 0 && failures === 0) {
  bail(`forge ended with ${run.status ?? run.signal}: ${run.stderr}`);
}
process.exit(failures ? 1 : 0);
