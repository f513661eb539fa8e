// Adds up what Meson's test runs counted and ends with one line: N passed, N failed, N skipped.
//
//   node tools/test-summary.mjs [--failed WHAT]... TESTLOG.json...
//
// The counts are the runners' own: TAP lines (cmocka), the totals that Node's and Forge's runners
// print, else one for each program. A program that crashed, timed out, lied about its plan or ran
// nothing counts as failed whatever it printed. Exit 1 when anything failed or nothing ran.
// --failed WHAT: a check outside Meson that failed.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

const zero = () => ({ passed: 0, failed: 0, skipped: 0 });

function add(sum, more) {
  for (const key of Object.keys(sum)) sum[key] += more[key];
}

/** The totals in the comment lines that end Node's TAP output; undefined when there are none. */
function nodeTotals(stdout) {
  const totals = {};
  for (const [, key, count] of stdout.matchAll(
    /^# (tests|pass|fail|cancelled|skipped|todo) (\d+)$/gm,
  )) {
    totals[key] = Number(count);
  }
  if (totals.tests === undefined || totals.pass === undefined) return undefined;
  return {
    passed: totals.pass,
    failed: (totals.fail ?? 0) + (totals.cancelled ?? 0),
    skipped: (totals.skipped ?? 0) + (totals.todo ?? 0),
  };
}

/** The last line of `forge test`. */
function forgeTotals(stdout) {
  const found = stdout.match(/(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total/);
  if (!found) return undefined;
  const [passed, failed, skipped] = found.slice(1).map(Number);
  return { passed, failed, skipped };
}

/** Top-level TAP lines. */
function tapTotals(stdout) {
  const sum = zero();
  for (const [, not, rest] of stdout.matchAll(/^(not )?ok\b(.*)$/gm)) {
    if (/#\s*(skip|todo)/i.test(rest)) sum.skipped++;
    else if (not) sum.failed++;
    else sum.passed++;
  }
  return sum.passed + sum.failed + sum.skipped > 0 ? sum : undefined;
}

/** What one program (one line of Meson's testlog.json) counts for. */
export function countProgram({ result, stdout = '' }) {
  const sum = nodeTotals(stdout) ?? forgeTotals(stdout) ?? tapTotals(stdout);
  if (!sum) {
    return {
      passed: result === 'OK' || result === 'EXPECTEDFAIL' ? 1 : 0,
      failed: ['OK', 'EXPECTEDFAIL', 'SKIP'].includes(result) ? 0 : 1,
      skipped: result === 'SKIP' ? 1 : 0,
    };
  }
  if (!['OK', 'SKIP'].includes(result) && sum.failed === 0) sum.failed = 1;
  return sum;
}

/** The sum of one log, which has a line of JSON for each program. */
function countLog(file) {
  const sum = zero();
  let lines;
  try {
    lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    console.log(`no test ran: ${file} is missing`);
    sum.failed = 1;
    return sum;
  }
  for (const line of lines) {
    const program = JSON.parse(line);
    const counts = countProgram(program);
    if (counts.failed > 0) {
      console.log(`failed: ${program.name} (${program.result.toLowerCase()}), see ${file}`);
    }
    add(sum, counts);
  }
  return sum;
}

function main() {
  const { values, positionals } = parseArgs({
    options: { failed: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  });
  const sum = zero();
  for (const file of positionals) add(sum, countLog(file));
  for (const what of values.failed) {
    console.log(`failed: ${what}`);
    sum.failed++;
  }
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
