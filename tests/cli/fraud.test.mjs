// A fraudulent entry through the real binary: disputed, ruled, and its doctor named to the buyer;
// and what `galen contract info` says on the way.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Home, makeFolder, makeRecord, settle as carry, startChain } from './galen.mjs';

let folder, chain, gm, rm, lab, main;
const address = {};
const everyone = () => [gm, rm, lab, main];
const settle = () => carry(everyone(), folder);
const file = (name) => path.join(folder, name);
const patients = ['patient-1', 'patient-2', 'patient-3'];
const calls = (info) => info.next.map((move) => move.call);
const later = async (seconds) => {
  await chain.rpc('evm_increaseTime', [seconds]);
  await chain.rpc('evm_mine');
};

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  [gm, rm, lab, main] = ['gm', 'rm', 'lab', 'main'].map((name) => new Home(folder, name));
  for (const home of everyone()) home.make({ rpc: chain.url, store: file('blocks') });
  const identities = [[gm, 'gm', 'gm'], [rm, 'rm', 'rm'], [lab, 'lab', 'buyer'],
    [main, 'hospital', 'hospital'], [main, 'doctor', 'doctor'],
    ...patients.map((name) => [main, name, 'patient'])];
  for (const [home, name, role] of identities)
    address[name] = home.ok('account', 'new', name, '--role', role).address;
  for (const name of ['gm', 'rm', 'hospital', 'lab'])
    await chain.rpc('anvil_setBalance', [address[name], '0x8ac7230489e80000']);
  const { contract } = gm.ok('contract', 'deploy', '--rm', address.rm);
  address.contract = contract;
  for (const home of [rm, lab, main]) home.ok('contract', 'use', contract);
  for (const [home, name] of identities) {
    const card = file(`${name}.card`);
    home.run('profile', 'export', '--as', name, '--output', card, { json: false });
    for (const other of everyone()) if (other !== home) other.ok('profile', 'import', card);
  }
});
after(async () => {
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('contract info tells what is missing, and then nothing', () => {
  const fresh = main.ok('contract', 'info');
  assert.equal(fresh.codeOfThisBuild, true);
  assert.equal(fresh.verifierOfThisBuild, true);
  assert.equal(fresh.managers.groupManager, address.gm);
  assert.equal(fresh.groupKey.current, 0);
  assert.match(fresh.warnings.join('\n'), /no group key/);
  gm.ok('group', 'setup', '--rm', 'rm');
  settle();
  rm.ok('group', 'setup');
  settle();
  gm.ok('group', 'propose');
  assert.match(main.ok('contract', 'info').warnings.join('\n'), /version 1 waits for the Revocation/);
  settle();
  rm.ok('group', 'confirm');
  settle();
  const done = main.ok('contract', 'info');
  assert.deepEqual(done.warnings, []);
  assert.equal(done.groupKey.current, 1);
  assert.equal(done.groupKey.ageDays, 0);
  assert.equal(main.run('contract', 'info', '1').code, 1, 'no such request');
  const words = main.run('contract', 'info', { json: false });
  assert.match(words.out, /groupManager: 0x/);
});

test('a delivery, a dispute, two verdicts', async () => {
  gm.ok('group', 'hospital', address.hospital);
  gm.ok('group', 'invite', 'doctor');
  settle();
  main.ok('group', 'join', '--as', 'doctor', '--licence', 'licence-7c1d');
  settle();
  gm.ok('group', 'approve', 'doctor');
  settle();
  gm.ok('group', 'commit');
  settle();
  rm.ok('group', 'countersign');
  settle();
  gm.ok('group', 'commit');
  for (const name of patients) {
    fs.writeFileSync(file('record.json'), JSON.stringify(makeRecord(address[name], address.hospital)));
    main.ok('record', 'create', file('record.json'), '--as', 'doctor');
  }
  settle();
  assert.equal(main.ok('record', 'relay').anchored.length, 3);
  settle();
  fs.writeFileSync(file('template.json'), JSON.stringify({
    category: 'Cardiology',
    demographics: { age: true, gender: true, location: false, ethnicity: false },
    medical_data: { diagnosis: true, treatment: true, medications: false, lab_results: true },
    time_period: '1 year', min_records: 2, price_wei: (10n ** 17n).toString(),
  }));
  lab.ok('request', 'create', file('template.json'), '--max-records', '10');
  settle();
  const open = rm.ok('contract', 'info', '1');
  assert.deepEqual([open.state, calls(open)], ['open', ['reply']]);
  assert.match(open.next[0].in, /^(2 d 23|3 d 0) h$/);
  assert.match(open.silence[0].what, /escrow goes back to the buyer/);
  main.ok('request', 'reply', '1', '--k', '2');
  settle();
  main.ok('request', 'ask', '1');
  settle();
  for (const name of patients) main.ok('request', 'consent', '1', '--as', name);
  settle();
  main.ok('request', 'deliver', '1');
  settle();
  lab.ok('request', 'verify', '1');
  assert.equal(lab.run('request', 'open', '1', '--entry', '1').code, 1, 'not ruled fraud');
  lab.ok('request', 'dispute', '1', '--entry', '1', '--reason', 'values nobody measured');
  settle();
  const disputed = rm.ok('contract', 'info', '1');
  assert.equal(disputed.entries.disputed, 1);
  assert.deepEqual(calls(disputed), ['finalize', 'dispute', 'rule', 'rule', 'proveInvalidEntry']);
  assert.match(disputed.silence.at(-1).what, /not ruled alike are paid/);
  gm.ok('request', 'rule', '1', '--entry', '1', '--verdict', 'fraud');
  assert.equal(lab.run('request', 'open', '1', '--entry', '1').code, 1, 'one manager is not both');
  rm.ok('request', 'rule', '1', '--entry', '1', '--verdict', 'fraud');
  settle();
  const held = BigInt(rm.ok('contract', 'info', '1').money.heldWei);
  assert.equal(held, BigInt(await chain.rpc('eth_getBalance', [address.contract, 'latest'])));
});

test('the buyer asks who signed it; both managers agree; the buyer checks', () => {
  assert.equal(lab.run('request', 'open', '1').code, 2, 'which entry?');
  assert.equal(gm.run('request', 'open', '1', '--entry', '1').code, 1, 'not the buyer');
  assert.ok(lab.ok('request', 'open', '1', '--entry', '1', '--dry-run').tx.gasEstimate > 21000);
  const asked = lab.ok('request', 'open', '1', '--entry', '1');
  assert.equal(asked.state, 'asked');
  const again = lab.run('request', 'open', '1', '--entry', '1');
  assert.equal(again.code, 1);
  assert.match(again.err, /already/);
  settle();
  const [waiting] = gm.ok('group', 'openings');
  assert.deepEqual([waiting.id, waiting.state, waiting.requestId, waiting.entry, waiting.gmApproved],
    [asked.id, 'asked', 1, 1, false]);
  assert.deepEqual(calls(main.ok('contract', 'info', '1')).slice(-2),
    ['approveOpeningGroupManager', 'approveOpeningRevocationManager']);
  rm.ok('group', 'open-approve', asked.id);
  settle();
  assert.ok(!lab.ok('group', 'openings', asked.id).doctor);
  assert.equal(lab.run('group', 'open-approve', asked.id).code, 1, 'not a manager');
  gm.ok('group', 'open-approve', asked.id);
  settle();
  const named = lab.ok('group', 'openings', asked.id);
  assert.equal(named.state, 'opened');
  assert.equal(named.doctor.wallet, address.doctor);
  assert.equal(named.evidence.row.statement.licence, 'licence-7c1d');
  assert.match(named.outcome, /checked here/);
  assert.equal(main.ok('contract', 'info', '1').entries.openingsComplete, 1);

  gm.ok('group', 'reveal', asked.id);
  settle();
  assert.equal(rm.ok('group', 'reveal-approve', asked.id).state, 'revealed');
  settle();
  gm.ok('group', 'revoke', asked.id, '--reason', 'fraud');
  settle();
  assert.ok(rm.ok('group', 'revoke-approve').tx.hash);
  settle();
  assert.equal(main.ok('contract', 'info').revocationList.entries, 1);
});

test('what is left is claimed, and nothing names the doctor in plain sight', async () => {
  await later(8 * 86400);
  assert.deepEqual(calls(main.ok('contract', 'info', '1')).slice(0, 2), ['finalize', 'claim']);
  for (const entry of ['0', '2']) main.ok('request', 'claim', '1', entry, '--as', 'hospital');
  const end = main.ok('contract', 'info', '1');
  assert.deepEqual([end.state, end.next, end.money.heldWei], ['finalized', [], '0']);
  assert.deepEqual([end.entries.paid, end.entries.fraud], [2, 1]);
  assert.equal(BigInt(await chain.rpc('eth_getBalance', [address.contract, 'latest'])), 0n);
  for (const dir of [lab.dir, file('blocks')])
    for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const at = path.join(entry.parentPath ?? entry.path, entry.name);
      assert.ok(!fs.readFileSync(at).includes('licence-7c1d'), at);
    }
});
