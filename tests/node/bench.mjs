// What the node costs: ready without a chain, idle memory, and reads at a constant rate from another
// process (tests/node/load.mjs). One line a figure; `make bench` runs it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Home, makeFolder, makeRecord, startChain } from '../cli/galen.mjs';
import { serve, sleep, until } from './serve.mjs';

const RATE = 1000, SECONDS = 5, RUNS = 5, RECORDS = 10;
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const row = (what, figure, target) => console.log(`${what.padEnd(48)} ${figure.padStart(12)}   ${target}`);
const memory = (node) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${node.pid}/status`))[1]) / 1024;

const folder = makeFolder();
const chain = await startChain();
try {
  const bare = new Home(folder, 'bare');
  bare.make();
  const starts = [];
  for (let i = 0; i < RUNS; i++) {
    const begun = performance.now();
    const node = await serve(bare);
    starts.push(performance.now() - begun);
    if (i === RUNS - 1) {
      await sleep(3000);
      row('node: idle, resident', `${memory(node).toFixed(1)} MiB`, '(at most 40)');
    }
    await node.stop();
  }
  row('node: ready, without a chain', `${median(starts).toFixed(0)} ms`, '(at most 100; polled every 25)');

  const home = new Home(folder, 'home');
  home.make({ rpc: chain.url });
  const address = {};
  for (const role of ['gm', 'rm', 'hospital', 'doctor', 'patient']) {
    address[role] = home.ok('account', 'new', role, '--role', role).address;
    await chain.rpc('anvil_setBalance', [address[role], '0x8ac7230489e80000']);
  }
  home.ok('contract', 'deploy');
  const node = await serve(home);
  const soon = (as, target, body = {}) => until(`${as} ${target}`, async () =>
    (await node.call('POST', `/api/v1${target}`, { as, body })).status < 300);
  await soon('gm', '/group/setup', { rm: 'rm' });
  await soon('rm', '/group/setup');
  await soon('gm', '/group/propose');
  await soon('rm', '/group/confirm');
  await soon('gm', '/group/hospitals', { hospital: 'hospital', accredited: true });
  await soon('gm', '/group/invitations', { doctor: 'doctor' });
  await soon('doctor', '/group/join', { licence: 'licence' });
  await soon('gm', '/group/approvals', { doctor: 'doctor' });
  for (let i = 0; i < RECORDS; i++)
    await soon('doctor', '/records', { record: makeRecord(address.patient, address.hospital, { notes: `${i}` }) });
  await until('the records', async () => (await node.ok('GET', '/api/v1/records', { as: 'patient' }))
    .filter((one) => one.state === 'anchored').length === RECORDS);
  const runs = [];
  for (let i = 0; i < RUNS; i++) {
    const done = spawnSync(process.execPath, [path.join(import.meta.dirname, 'load.mjs'), node.url, node.token,
      'patient', `${RATE}`, `${SECONDS}`], { encoding: 'utf8' });
    runs.push(JSON.parse(done.stdout));
  }
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  row(`node: ${RATE} reads/s, p50`, `${median(runs.map((run) => run.p50))} ms`, `(${RUNS} runs of ${SECONDS} s)`);
  row(`node: ${RATE} reads/s, p99`, `${median(runs.map((run) => run.p99))} ms`,
    `(at most 20; ${runs.map((run) => run.p99).join(', ')})`);
  row('node: resident after that', `${memory(node).toFixed(1)} MiB`, '');
  await node.stop();
  if (failed > 0) {
    console.error(`${failed} requests failed`);
    process.exitCode = 1;
  }
} finally {
  await chain.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
