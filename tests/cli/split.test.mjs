// A manager's keys among custodians, through the real binary.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Home, makeFolder, startChain } from './galen.mjs';

let folder, chain, gm, custodians, fresh;
const at = (name) => path.join(folder, name);

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  [gm, custodians, fresh] = ['gm', 'custodians', 'fresh'].map((name) => new Home(folder, name));
  for (const home of [gm, custodians, fresh]) home.make({ rpc: chain.url });
  const manager = gm.ok('account', 'new', 'ministry', '--role', 'gm').address;
  gm.ok('account', 'new', 'authority', '--role', 'rm');
  await chain.rpc('anvil_setBalance', [manager, '0x8ac7230489e80000']);
  const { contract } = gm.ok('contract', 'deploy', '--yes');
  for (const home of [custodians, fresh]) home.ok('contract', 'use', contract);
  for (const name of ['clinic', 'archive', 'notary']) {
    custodians.ok('account', 'new', name, '--role', 'hospital');
    custodians.ok('profile', 'export', '--as', name, '--output', at(`${name}.json`), { json: false });
    gm.ok('profile', 'import', at(`${name}.json`));
  }
  fresh.ok('account', 'new', 'recovery', '--role', 'gm');
  fresh.ok('profile', 'export', '--output', at('recovery.json'), { json: false });
  custodians.ok('profile', 'import', at('recovery.json'));
});
after(async () => {
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('two of three custodians restore a manager', () => {
  const words = ['account', 'split', '--as', 'ministry', '--threshold', '2', '--custodian', 'clinic',
    '--custodian', 'archive', '--custodian', 'notary', '--output', at('shares')];
  const made = gm.ok(...words);
  assert.deepEqual(made.map((row) => row.custodian), ['clinic', 'archive', 'notary']);
  for (const row of made) assert.equal(fs.statSync(row.file).mode & 0o777, 0o600);
  assert.match(gm.run(...words).err, /there already/);

  const handed = made.slice(1).map((row) => {
    const out = at(`handed-${row.custodian}.json`);
    custodians.ok('account', 'split-open', row.file, '--to', 'recovery', '--output', out, { json: false });
    return out;
  });
  assert.equal(fresh.run('account', 'combine', handed[0], handed[0]).code, 2);
  const unopened = fresh.run('account', 'combine', handed[0], made[0].file);
  assert.equal(unopened.code, 1);
  assert.ok(unopened.err.includes(made[0].file), unopened.err);
  const restored = fresh.ok('account', 'combine', ...handed, '--as', 'recovery');
  assert.equal(restored.name, 'ministry');
  assert.equal(restored.role, 'gm');
  assert.equal(restored.secrets, 3);
  const card = (home) => JSON.parse(home.run('profile', 'export', '--as', 'ministry', { json: false }).out);
  assert.deepEqual(card(fresh).profile.encryption, card(gm).profile.encryption);
});

test('fewer than K, and bad terms', () => {
  const made = gm.ok('account', 'split', '--as', 'ministry', '--threshold', '3', '--custodian', 'clinic',
    '--custodian', 'archive', '--custodian', 'notary', '--output', at('three'));
  const handed = made.slice(1).map((row, i) => {
    custodians.ok('account', 'split-open', row.file, '--to', 'recovery', '--output', at(`few-${i}.json`), { json: false });
    return at(`few-${i}.json`);
  });
  const few = fresh.run('account', 'combine', ...handed, '--as', 'recovery');
  assert.equal(few.code, 1);
  assert.match(few.err, /2 of the 3 shares/);
  for (const terms of [['--threshold', '1'], ['--threshold', '4'], []]) {
    const done = gm.run('account', 'split', '--as', 'ministry', ...terms, '--custodian', 'clinic',
      '--custodian', 'archive', '--custodian', 'notary', '--output', at('none'));
    assert.equal(done.code, 2, done.err);
    assert.ok(!fs.existsSync(at('none')));
  }
});
