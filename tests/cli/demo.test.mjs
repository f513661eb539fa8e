// `galen demo`: what the README promises first. Its own checks must all pass, and each scene be there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawnSync } from 'node:child_process';

test('every step of the demo is there and every check passes', () => {
  const run = spawnSync(process.env.GALEN_BINARY, ['demo', '--json'],
    { encoding: 'utf8', timeout: 280_000, maxBuffer: 1 << 26 });
  assert.equal(run.status, 0, run.stderr + run.stdout.slice(-2000));
  const demo = JSON.parse(run.stdout);
  assert.equal(demo.failed, 0);
  assert.ok(demo.passed >= 80, `${demo.passed} checks`);
  const titles = JSON.stringify(demo.steps.map((step) => step.title ?? step.step));
  for (const scene of ['Storing', 'Sharing', 'Purchasing 5', 'Fraud: proof of an invalid entry',
    "Fraud: the seller's fault", "Fraud: the doctor's fault", 'Fraud: no opening of an innocent doctor',
    'Opening: asked for', 'Opening: tracing token', 'Opening: everyone can trace',
    'the honest are paid']) assert.ok(titles.includes(scene), scene);
});
