// tools/test-summary.mjs: what each kind of test program counts for, and the exit code.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = process.env.GALEN_SOURCE_ROOT ?? process.cwd();
const script = join(root, 'tools', 'test-summary.mjs');
const { countProgram } = await import(script);

const nodeTotals = (pass, fail, cancelled, skipped, todo) =>
  `TAP version 13\nok 1 - file\n    ok 1 - inner\n1..1\n# tests 9\n# suites 0\n# pass ${pass}\n` +
  `# fail ${fail}\n# cancelled ${cancelled}\n# skipped ${skipped}\n# todo ${todo}\n`;

const programs = [
  ['cmocka', 'OK', '1..3\nok 1 - a\nok 2 - b\nok 3 - c\n', [3, 0, 0]],
  ['a failing assertion', 'FAIL', '1..2\nok 1 - a\nnot ok 2 - b\n', [1, 1, 0]],
  ['a crash half way', 'ERROR', '1..3\nok 1 - a\n', [1, 1, 0]],
  ['a leak found after the last test', 'FAIL', '1..1\nok 1 - a\n', [1, 1, 0]],
  ['a plan that is not kept', 'ERROR', '1..3\nok 1 - a\n', [1, 1, 0]],
  ['a time-out', 'TIMEOUT', '1..2\nok 1 - a\n', [1, 1, 0]],
  ['a time-out before any output', 'TIMEOUT', '', [0, 1, 0]],
  ['no output member at all', 'ERROR', undefined, [0, 1, 0]],
  ['TAP skip', 'OK', '1..2\nok 1 - a # SKIP no network\nok 2 - b\n', [1, 0, 1]],
  ['a crash beside a skip', 'ERROR', '1..3\nok 1 # SKIP a\nok 2 - b\n', [1, 1, 1]],
  ['all of it skipped', 'SKIP', '1..0 # SKIP nothing here\n', [0, 0, 1]],
  ['indented lines are not counted twice', 'OK', '    ok 1 - in\nok 1 - out\n1..1\n', [1, 0, 0]],
  ["Node's totals", 'OK', nodeTotals(5, 0, 0, 1, 0), [5, 0, 1]],
  ["Node's failures", 'FAIL', nodeTotals(3, 2, 1, 0, 2), [3, 3, 2]],
  ['forge', 'OK', 'Ran 2 suites: 41 tests passed, 0 failed, 2 skipped (43 total tests)', [41, 0, 2]],
  ['forge failing', 'FAIL', '1 tests passed, 4 failed, 0 skipped (5 total tests)', [1, 4, 0]],
  ['exit code, good', 'OK', 'fine\n', [1, 0, 0]],
  ['exit code, bad', 'FAIL', 'not so fine\n', [0, 1, 0]],
  ['exit code 77', 'SKIP', '', [0, 0, 1]],
  ['should fail and does', 'EXPECTEDFAIL', '', [1, 0, 0]],
  ['should fail and does not', 'UNEXPECTEDPASS', '', [0, 1, 0]],
];
for (const [name, result, stdout, [passed, failed, skipped]] of programs) {
  test(name, () => {
    assert.deepEqual(countProgram({ result, stdout }), { passed, failed, skipped });
  });
}

/** Runs the script over logs holding these programs; null is a log that is not there. */
function summarize(t, logs, options = []) {
  const dir = mkdtempSync(join(tmpdir(), 'galen-summary-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const files = logs.map((log, i) => {
    const file = join(dir, `log${i}.json`);
    if (log !== null) writeFileSync(file, log.map((line) => JSON.stringify(line) + '\n').join(''));
    return file;
  });
  const run = spawnSync(process.execPath, [script, ...options, ...files], { encoding: 'utf8' });
  return { status: run.status, last: run.stdout.trimEnd().split('\n').at(-1), all: run.stdout };
}

const good = { name: 'x', result: 'OK', stdout: '1..2\nok 1 - a\nok 2 - b\n' };
const bad = { name: 'y', result: 'FAIL', stdout: '1..1\nnot ok 1 - a\n' };

test("cmocka's skip becomes TAP's, and the exit code stays", () => {
  const tap = '1..3\\nnot ok 1 # SKIP a\\nnot ok 2 - b\\nok 3 - c\\n';
  const wrapper = join(root, 'tools', 'tap-skip.sh');
  const run = spawnSync(wrapper, ['sh', '-c', `printf '${tap}'; exit 3`], { encoding: 'utf8' });
  assert.deepEqual(
    [run.status, run.stdout],
    [3, '1..3\nok 1 # SKIP a\nnot ok 2 - b\nok 3 - c\n'],
  );
  const crash = spawnSync(wrapper, ['sh', '-c', 'kill -SEGV $$'], { encoding: 'utf8' });
  assert.equal(crash.status, 128 + 11);
});

test('adds up logs', (t) => {
  const { status, last } = summarize(t, [[good, good], [good]]);
  assert.deepEqual([status, last], [0, '6 passed, 0 failed, 0 skipped']);
});
test('names what failed and exits 1', (t) => {
  const { status, last, all } = summarize(t, [[good, bad], [good]]);
  assert.deepEqual([status, last], [1, '4 passed, 1 failed, 0 skipped']);
  assert.match(all, /failed: y \(fail\)/);
});
test('a run that left no log fails', (t) => {
  const { status, last } = summarize(t, [[good], null]);
  assert.deepEqual([status, last], [1, '2 passed, 1 failed, 0 skipped']);
});
test('no test at all fails', (t) => {
  const { status, last } = summarize(t, [[]]);
  assert.deepEqual([status, last], [1, '0 passed, 0 failed, 0 skipped']);
});
test('a check outside Meson that failed counts', (t) => {
  const { status, last } = summarize(t, [[good]], ['--failed', 'format']);
  assert.deepEqual([status, last], [1, '2 passed, 1 failed, 0 skipped']);
});
