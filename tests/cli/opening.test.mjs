// Opening and revoking a doctor through the real binary: each manager has a home of its own, and
// sealed mail is all that goes between them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Home, makeFolder, makeRecord, settle as carry, startChain } from './galen.mjs';

let folder, chain, gm, rm, main;
const address = {};
const everyone = () => [gm, rm, main];
const file = (name) => path.join(folder, name);

const settle = () => carry(everyone(), folder);

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  [gm, rm, main] = ['gm', 'rm', 'main'].map((name) => new Home(folder, name));
  for (const home of everyone()) home.make({ rpc: chain.url, store: file('blocks') });
  const identities = [[gm, 'gm', 'gm'], [rm, 'rm', 'rm'], [main, 'hospital', 'hospital'],
    [main, 'doctor-1', 'doctor'], [main, 'doctor-2', 'doctor'], [main, 'patient', 'patient']];
  for (const [home, name, role] of identities)
    address[name] = home.ok('account', 'new', name, '--role', role).address;
  for (const name of ['gm', 'rm', 'hospital'])
    await chain.rpc('anvil_setBalance', [address[name], '0x8ac7230489e80000']);
  const { contract } = gm.ok('contract', 'deploy', '--rm', address.rm);
  for (const home of [rm, main]) home.ok('contract', 'use', contract);
  for (const [home, name] of identities) {
    const card = file(`${name}.card`);
    home.run('profile', 'export', '--as', name, '--output', card, { json: false });
    for (const other of everyone()) if (other !== home) other.ok('profile', 'import', card);
  }
  gm.ok('group', 'setup', '--rm', 'rm');
  settle();
  rm.ok('group', 'setup');
  settle();
  gm.ok('group', 'propose');
  settle();
  rm.ok('group', 'confirm');
  settle();
  gm.ok('group', 'hospital', address.hospital);
  for (const doctor of ['doctor-1', 'doctor-2']) gm.ok('group', 'invite', doctor);
  settle();
  for (const doctor of ['doctor-1', 'doctor-2'])
    main.ok('group', 'join', '--as', doctor, '--licence', `licence of ${doctor}`);
  settle();
  for (const doctor of ['doctor-1', 'doctor-2']) gm.ok('group', 'approve', doctor);
  settle();
});
after(async () => {
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

// By the hospital's relay, or from the doctor's own wallet.
function store(doctor, notes, fromWallet = false) {
  const to = file('record.json');
  fs.writeFileSync(to, JSON.stringify(makeRecord(address.patient, address.hospital, { notes })));
  const { merkleRoot } = main.ok('record', 'create', to, '--as', doctor, ...(fromWallet ? ['--from-wallet'] : []));
  settle();
  assert.equal(main.ok('record', 'relay').anchored.length, fromWallet ? 0 : 1);
  settle();
  return merkleRoot;
}

test('the registry goes on-chain under both signatures', () => {
  assert.equal(rm.run('group', 'countersign').code, 1);
  assert.equal(gm.ok('group', 'commit').sentTo, address.rm);
  settle();
  const shown = rm.ok('group', 'countersign', '--dry-run');
  assert.deepEqual(shown.members.map((m) => m.licence), ['licence of doctor-1', 'licence of doctor-2']);
  rm.ok('group', 'countersign');
  settle();
  assert.ok(gm.ok('group', 'commit').tx.hash);
  assert.equal(gm.ok('group', 'commit').done, true);
  const [row] = rm.ok('group', 'registry');
  assert.deepEqual([row.rows, row.countersigned, row.committed], [2, 2, 2]);
});

let first, id;
test('both managers together name the doctor, neither before that', () => {
  first = store('doctor-2', 'first');
  assert.equal(gm.run('group', 'open', first).code, 2, 'a reason is needed');
  assert.equal(gm.run('group', 'open', '0x12345678', '--reason', 'x').code, 1, 'not a whole root');
  assert.equal(gm.run('group', 'open', '--message', '0x00', '--reason', 'x').code, 2);
  assert.equal(rm.run('group', 'open', first, '--reason', 'x').code, 1, 'not RM\'s to ask');
  const asked = gm.ok('group', 'open', first, '--reason', 'complaint 17');
  assert.equal(asked.state, 'asked');
  assert.ok(!asked.doctor);
  id = asked.id;
  settle();
  const [waiting] = rm.ok('group', 'openings');
  assert.deepEqual([waiting.id, waiting.state, waiting.reason], [id, 'asked', 'complaint 17']);
  assert.equal(rm.run('group', 'open-approve', 'ffffffffff').code, 1);
  const approved = rm.ok('group', 'open-approve', id.slice(2, 14));
  assert.equal(approved.doctor.wallet, address['doctor-2']);
  settle();
  const opened = gm.ok('group', 'openings', id);
  assert.equal(opened.state, 'opened');
  assert.equal(opened.doctor.licence, 'licence of doctor-2');
  assert.equal(opened.evidence.row.statement.wallet, address['doctor-2']);

  // The same signature by its bytes is the same opening.
  const again = gm.ok('group', 'open', '--message', opened.message, '--signature', opened.signature,
    '--key-version', '1', '--reason', 'complaint 18');
  assert.equal(again.id, id);
  assert.equal(gm.ok('group', 'openings').length, 1);
});

test('the token is revealed, the list published, and everyone heeds it', async () => {
  assert.equal(gm.run('group', 'revoke', id, '--reason', 'fraud').code, 1, 'no token yet');
  assert.equal(gm.ok('group', 'reveal', id).state, 'asked');
  settle();
  assert.equal(rm.ok('group', 'reveal-approve', id).state, 'revealed');
  settle();
  const later = new Date(Date.now() + 600e3).toISOString().replace(/\.\d+Z$/, 'Z');
  assert.equal(gm.run('group', 'revoke', id, '--reason', 'bad manners').code, 2);
  assert.equal(gm.run('group', 'revoke', id, '--reason', 'fraud', '--effective', 'soon').code, 2);
  assert.equal(gm.run('group', 'revoke', '--withdraw').code, 2);
  assert.equal(gm.ok('group', 'revoke', id, '--reason', 'other').added.length, 1);
  assert.deepEqual(gm.ok('group', 'revoke', id, '--withdraw').added, []);
  assert.equal(gm.run('group', 'revoke', id, '--withdraw').code, 1);
  assert.equal(gm.ok('group', 'revoke', id, '--reason', 'fraud', '--effective', later).version, 1);
  settle();
  const wouldAdd = rm.ok('group', 'revoke-approve', '--dry-run').added;
  assert.deepEqual(wouldAdd, [{ effectiveFrom: later, reason: 'fraud', opening: id }]);
  assert.equal(main.ok('group', 'revocations').published, false);
  const published = rm.ok('group', 'revoke-approve');
  assert.ok(published.tx.hash);
  settle();
  const list = main.ok('group', 'revocations');
  assert.deepEqual([list.version, list.cid, list.overdue], [1, published.cid, false]);
  assert.deepEqual(Object.keys(list.entries[0]).sort(), ['effectiveFrom', 'reason', 'token']);
  for (const name of ['doctor-1', 'doctor-2'])
    assert.ok(!JSON.stringify(list).toLowerCase().includes(address[name].slice(2).toLowerCase()));

  const row = (record) => main.run('record', 'verify', record).json.checks.at(-1);
  assert.match(row(first).detail, /signed before revocation/);
  assert.equal(row(first).passed, true);
  await chain.rpc('evm_increaseTime', [1200]);
  await chain.rpc('evm_mine');
  // The relay anchors nothing of a listed doctor; from a wallet anyone may.
  await chain.rpc('anvil_setBalance', [address['doctor-2'], '0x8ac7230489e80000']);
  const second = store('doctor-2', 'second', true);
  const third = store('doctor-1', 'third');
  assert.equal(row(second).passed, false);
  assert.equal(main.run('record', 'verify', second).code, 1);
  assert.match(row(third).detail, /not on list version 1/);

  const traced = main.ok('group', 'trace');
  assert.equal(traced.examined >= 3, true);
  assert.deepEqual(new Set(traced.linked.map((l) => l.merkleRoot)), new Set([first, second]));
  assert.equal(gm.ok('group', 'trace', id, '--on-chain').linked.length, 2);
});

test('an honest doctor claims a signature', () => {
  const nonce = `0x${crypto.randomBytes(32).toString('hex')}`;
  const claim = file('claim.json');
  const words = ['group', 'claim', first, '--purpose', 'audit 2026', '--nonce', nonce];
  assert.equal(main.run(...words, '--as', 'doctor-1').code, 1, 'not doctor-1\'s');
  main.run(...words, '--as', 'doctor-2', '--output', claim, { json: false });
  const checked = rm.ok('group', 'claim-verify', claim, '--nonce', nonce, '--record', first);
  assert.equal(checked.claimant, address['doctor-2']);
  assert.equal(checked.passed, true);
  const other = `0x${'11'.repeat(32)}`;
  assert.equal(rm.run('group', 'claim-verify', claim, '--nonce', other).code, 1);
  assert.equal(rm.run('group', 'claim-verify', claim, '--nonce', 'zz').code, 2);
});

test('anyone audits the group, without a password', () => {
  for (const home of [gm, rm, main]) {
    const audit = home.ok('group', 'audit', { password: null });
    assert.equal(audit.passed, true);
    const names = audit.checks.map((row) => row.check);
    for (const name of ['contract', 'managers', 'group key 1', 'registry of key 1', 'revocation list 1', 'list in force'])
      assert.ok(names.includes(name), `${name} of ${names.join()}`);
  }
  const text = main.run('group', 'audit', { password: null, json: false });
  assert.match(text.out, /ok +registry of key 1/);
  for (const name of ['doctor-1', 'doctor-2']) assert.ok(!text.out.includes(`licence of ${name}`));
  // A block of the list that cannot be had is told, and is exit 1.
  const { cid } = main.ok('group', 'revocations');
  const block = path.join(file('blocks'), fs.readdirSync(file('blocks'), { recursive: true })
    .find((name) => name.endsWith(cid)));
  const bytes = fs.readFileSync(block);
  fs.rmSync(block);
  const failed = main.run('group', 'audit', { password: null });
  assert.equal(failed.code, 1);
  assert.deepEqual(failed.json.checks.filter((row) => !row.passed).map((row) => row.check),
    ['revocation list 1', 'list in force']);
  fs.writeFileSync(block, bytes);
});

test('a complaint: by a patient and by a reader, read by both managers together', () => {
  const reader = main.ok('share', 'grant', first, 'doctor-1').cidShare;
  settle();
  assert.equal(main.run('record', 'complain', first).code, 2, 'a reason is needed');
  assert.equal(main.run('record', 'complain', first, '--reason', 'x', '--as', 'doctor-1').code, 1, 'a share is named by its CID');
  const ids = [main.ok('record', 'complain', first, '--reason', 'that was not my blood'),
    main.ok('record', 'complain', reader, '--reason', 'a dose that nobody gives', '--as', 'doctor-1')].map((one) => one.id);
  assert.notEqual(ids[0], ids[1]);
  settle();
  for (const home of [gm, rm]) assert.deepEqual(new Set(home.ok('record', 'complaints').map((one) => one.id)), new Set(ids));
  assert.equal(rm.run('record', 'complaint-approve', ids[1]).code, 1, 'GM comes first');
  assert.equal(gm.ok('record', 'complaint-approve', ids[1].slice(2, 14)).state, 'asked');
  assert.ok(!gm.ok('record', 'complaints', ids[1]).record);
  settle();
  assert.equal(rm.ok('record', 'complaint-approve', ids[1], '--dry-run').dryRun, true);
  assert.equal(rm.ok('record', 'complaints', ids[1]).state, 'asked');
  assert.equal(rm.ok('record', 'complaint-approve', ids[1]).state, 'opened');
  assert.equal(rm.ok('record', 'complaint-approve', ids[0], '--decline').state, 'declined');
  settle();
  for (const home of [gm, rm]) {
    const shown = home.ok('record', 'complaints', ids[1]);
    assert.equal(shown.passed, true);
    assert.equal(shown.record.type, 'galen.record/1');
    assert.ok(!JSON.stringify(shown).includes('"seed"'));
  }
  const seen = main.ok('access-log').filter((row) => row.event.startsWith('complaint-')).map((row) => row.event).sort();
  assert.deepEqual(seen, ['complaint-declined', 'complaint-logged', 'complaint-logged', 'complaint-opened']);
});
