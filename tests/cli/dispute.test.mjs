// A dispute through the real binary: the managers and the buyer have homes of their own, and sealed mail
// is all that goes between them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Home, binary, makeFolder, makeRecord, startChain } from './galen.mjs';

const HOUR = 3600;
const ESCAPE = '\u001b[31m';
const REASON = `LDL of 131.50 in a child? ${ESCAPE}canary-of-the-reason`;
let folder, chain, gm, rm, lab, main;
const address = {};
const bundle = {};
const everyone = () => [gm, rm, lab, main];
const file = (name) => path.join(folder, name);
const patients = ['patient-1', 'patient-2', 'patient-3', 'patient-4'];

// Carries all sealed mail and lets everybody act on it, until nothing moves.
function settle() {
  for (let moved = 1; moved > 0;) {
    moved = 0;
    for (const from of everyone()) {
      const mail = file('mail.json');
      from.run('inbox', 'export', '--output', mail, '--delivered', { json: false });
      for (const to of everyone()) if (to !== from) moved += to.ok('inbox', 'import', mail).taken;
    }
    for (const home of everyone()) assert.equal(home.ok('sync').refused, 0);
  }
}

async function later(seconds) {
  await chain.rpc('evm_increaseTime', [seconds]);
  await chain.rpc('evm_mine');
}

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
  for (const home of [rm, lab, main]) home.ok('contract', 'use', contract);
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
  gm.ok('group', 'invite', 'doctor');
  settle();
  main.ok('group', 'join', '--as', 'doctor', '--licence', 'licence');
  settle();
  gm.ok('group', 'approve', 'doctor');
  settle();
  for (const name of patients) {
    const to = file(`${name}.json`);
    fs.writeFileSync(to, JSON.stringify(makeRecord(address[name], address.hospital, { notes: name })));
    main.ok('record', 'create', to);
  }
  settle();
  main.ok('record', 'relay');
  settle();
  fs.writeFileSync(file('template.json'), JSON.stringify({
    category: 'Cardiology', demographics: { age: true, gender: true, location: false, ethnicity: false },
    medical_data: { diagnosis: true, treatment: false, medications: false, lab_results: true },
    time_period: '1 year', min_records: 2, price_wei: '1000000000000000005',
  }));
});
after(async () => {
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

function deliver() {
  const { requestId } = lab.ok('request', 'create', file('template.json'), '--max-records', '4',
    '--verify-window', String(HOUR), '--rule-window', String(2 * HOUR));
  const id = String(requestId);
  settle();
  main.ok('request', 'reply', id, '--k', '2');
  settle();
  main.ok('request', 'ask', id);
  settle();
  for (const name of patients)
    [{ bundleCid: bundle[name] }] = main.ok('request', 'consent', id, '--as', name).given;
  settle();
  main.ok('request', 'deliver', id);
  settle();
  return id;
}

const fails = (home, code, words, ...args) => {
  const done = home.run(...args);
  assert.equal(done.code, code, `galen ${args.join(' ')}: exit ${done.code}\n${done.err}${done.out}`);
  assert.match(`${done.json.error.what} ${done.json.error.hint ?? ''}`, words);
};

let id, bad;
test('what failed its checks is not paid for, and verify says what is to be done', () => {
  id = deliver();
  const block = fs.readdirSync(file('blocks'), { recursive: true })
    .find((name) => name.endsWith(bundle['patient-2']));
  fs.rmSync(path.join(file('blocks'), block));
  const verified = lab.run('request', 'verify', id);
  assert.equal(verified.code, 1);
  [bad] = verified.json.entries.filter((entry) => !entry.passed);
  assert.equal(bad.remedy, 'dispute');
  assert.deepEqual(verified.json.next.length, 1);
  assert.match(verified.json.next[0], new RegExp(`^entries ${bad.index}: galen request dispute ${id} `));
  fails(lab, 1, /to be disputed: .*--anyway/, 'request', 'finalize', id);
  fails(lab, 1, /valid group signature/, 'request', 'prove-invalid', id);
  fails(lab, 1, /valid group signature/, 'request', 'prove-invalid', id, '--entry', '0', '--dry-run');
});

test('usage', () => {
  const dispute = ['request', 'dispute', id];
  fails(lab, 2, /which entries/, ...dispute, '--reason', 'x');
  fails(lab, 2, /--reason is needed/, ...dispute, '--entry', '0');
  fails(lab, 2, /not both/, ...dispute, '--all', '--entry', '0', '--reason', 'x');
  fails(lab, 2, /has entries 0 to 3/, ...dispute, '--entry', '4', '--reason', 'x');
  fails(lab, 2, /named twice/, ...dispute, '--entry', '0-2', '--entry', '1', '--reason', 'x');
  for (const entry of ['2-1', '-1', '1-', 'x', '65535'])
    fails(lab, 2, /--entry/, ...dispute, `--entry=${entry}`, '--reason', 'x');
  fails(lab, 2, /1 to 500 bytes/, ...dispute, '--entry', '0', '--reason', 'x'.repeat(501));
  fails(gm, 2, /pay, refund or fraud/, 'request', 'rule', id, '--entry', '0', '--verdict', 'guilty');
  fails(gm, 1, /not in dispute/, 'request', 'rule', id, '--entry', '0', '--verdict', 'pay');
  fails(main, 1, /./, 'request', 'rule', id, '--entry', '0', '--verdict', 'pay');
  fails(lab, 2, /not both/, 'request', 'finalize', id, '--anyway', '--refund');
});

test('a dispute shows its price, and its evidence reaches both managers', () => {
  const others = [0, 1, 2, 3].filter((index) => index !== bad.index).slice(0, 2);
  const entries = [bad.index, ...others].flatMap((index) => ['--entry', String(index)]);
  const words = ['request', 'dispute', id, ...entries, '--reason', REASON];
  const estimate = lab.ok(...words, '--dry-run');
  const part = (10n ** 18n + 5n) / 5n;
  const bond = (part + 9n) / 10n;
  assert.equal(estimate.bondWei, String(3n * bond));
  assert.ok(estimate.txs[0].gasEstimate > 0);
  assert.match(estimate.warnings[0], /passed every check here/);
  assert.equal(lab.ok('request', 'show', id).state, 'filled');
  const opened = lab.ok(...words);
  assert.deepEqual(new Set(opened.evidenceTo), new Set([address.gm, address.rm]));
  assert.equal(lab.ok('request', 'show', id).state, 'disputed');
  settle();
  for (const home of [gm, rm]) {
    const [row] = home.ok('request', 'disputes');
    assert.deepEqual([row.requestId, row.disputed, row.withEvidence, row.needs],
      [Number(id), 3, 3, 'your verdict on 3']);
    const shown = home.ok('request', 'disputes', id);
    assert.equal(shown.entries.length, 3);
    const lost = shown.entries.find((entry) => entry.index === bad.index);
    assert.equal(lost.reason, REASON);
    assert.deepEqual(lost.missing, ['bundle']);
    assert.match(lost.ifMissing, new RegExp(`by ${shown.evidenceBy}, half the ruling window, is ruled Refund`));
    const seen = shown.entries.find((entry) => entry.index === others[0]);
    assert.equal(seen.values.medical_data.lab_results[0].value, '131.50');
    for (const check of ['bundle digest', 'decryption', 'bundle', 'disclosure', 'template', 'group signature',
      'revocation list', 'consent'])
      assert.ok(seen.checks.some((row) => row.check === check && row.passed), check);
  }
  // For people: every check a row, and no orders to the terminal.
  const text = gm.run('request', 'disputes', id, { json: false }).out;
  assert.match(text, /FAIL decryption/);
  assert.match(text, /canary-of-the-reason/);
  assert.ok(!text.includes('\u001b'));
  // Whoever has no key sees no values, the hospital neither.
  const hospital = main.ok('request', 'disputes', id);
  assert.ok(hospital.entries.every((entry) => !entry.values && !entry.reason));
});

test('both managers rule; fraud is to be meant', () => {
  const others = [0, 1, 2, 3].filter((index) => index !== bad.index).slice(0, 2);
  const rule = (home, entry, verdict, ...more) =>
    home.ok('request', 'rule', id, '--entry', String(entry), '--verdict', verdict, ...more);
  const waits = rule(gm, bad.index, 'refund');
  assert.deepEqual([waits.ruled, waits.entries[0].outcome], [0, 'waits for the revocation manager']);
  settle();
  const looks = rule(rm, bad.index, 'pay', '--dry-run');
  assert.equal(looks.entries[0].outcome, 'the group manager says refund: undecided');
  const agreed = rule(rm, bad.index, 'refund');
  assert.equal(agreed.ruled, 1);
  assert.equal(agreed.entries[0].status, 'refunded');
  assert.equal(agreed.paid[0].address, address.lab);
  settle();
  fails(gm, 1, /decided already/, 'request', 'rule', id, '--entry', String(bad.index), '--verdict', 'pay');

  const args = ['request', 'rule', id, '--entry', String(others[0]), '--verdict', 'fraud',
    '--home', gm.dir, '--password-file', gm.passwordFile];
  const atTerminal = (...more) => spawnSync('script', ['-qec',
    [binary, ...args, ...more].map((word) => `'${word}'`).join(' '), '/dev/null'],
  { encoding: 'utf8', timeout: 60000, input: '', env: { ...process.env, NO_COLOR: '1' } });
  const refused = atTerminal();
  assert.equal(refused.status, 2, refused.stdout);
  assert.match(refused.stdout, /to be meant/);
  assert.equal(gm.ok('request', 'show', id).disputes.find((row) => row.index === others[0])
    .groupManagerVote, 'none');
  const meant = atTerminal('--yes');
  assert.equal(meant.status, 0, meant.stdout);
  settle();
  assert.equal(rule(rm, others[0], 'fraud').entries[0].status, 'fraud');
  fails(gm, 1, /its evidence stays/, 'request', 'forget-evidence', id);

  // What was not disputed is paid now; the third entry waits for its ruling.
  settle();
  const finalized = lab.ok('request', 'finalize', id);
  assert.equal(finalized.paid.length, 1);
  fails(main, 1, /in dispute .*without a ruling/, 'request', 'claim', id, String(others[1]), '--as', 'hospital');
  const shown = lab.ok('request', 'show', id);
  assert.deepEqual(shown.entries, { paid: 1, disputed: 1, refunded: 1, fraud: 1 });
  assert.equal(shown.onChain, 'Finalized');
});

test('what is not ruled in time is paid', async () => {
  await later(3 * HOUR + 10);
  const open = lab.ok('request', 'show', id).disputes.find((row) => row.status === 'disputed');
  fails(rm, 1, /could be ruled until/, 'request', 'rule', id, '--all', '--verdict', 'refund');
  const setCode = (code) => chain.rpc('anvil_setCode', [address.lab, code]);
  fails(lab, 1, /owes nothing/, 'account', 'withdraw');
  await setCode('0xfe'); // it takes no payment now: its bond is owed
  const claimed = main.ok('request', 'claim', id, String(open.index), '--as', 'hospital');
  assert.match(claimed.note, /not ruled in time/);
  assert.deepEqual(claimed.credited.map((row) => row.address), [address.lab]);
  const owed = claimed.credited[0].wei;
  assert.equal(lab.ok('contract', 'info', id).money.creditOfBuyerWei, owed);
  fails(main, 4, /does not take the payment/, 'account', 'withdraw', 'lab', '--as', 'hospital');
  await setCode('0x');
  const withdrawn = main.ok('account', 'withdraw', 'lab', '--as', 'hospital');
  assert.deepEqual([withdrawn.account, withdrawn.creditWei], [address.lab, owed]);
  fails(lab, 1, /owes nothing/, 'account', 'withdraw');
  assert.deepEqual(claimed.paid.map((row) => row.as), ['patient', 'buyer', 'hospital']);
  assert.equal(lab.ok('request', 'show', id).state, 'finalized');
  assert.equal(gm.ok('request', 'forget-evidence', id).deleted, 3);
  assert.ok(gm.ok('request', 'disputes', id).entries.every((entry) => !entry.values && !entry.reason));
  assert.deepEqual(gm.ok('request', 'disputes'), []);
});

let second, secondBundle;
test('every entry at once, and paying all the same', () => {
  second = deliver();
  secondBundle = { ...bundle };
  const opened = lab.ok('request', 'dispute', second, '--all', '--reason', 'all of it');
  assert.equal(opened.txs[0].operation, 'finalize');
  assert.equal(opened.entries.length, 4);
  settle();
  assert.equal(gm.ok('request', 'disputes')[0].disputed, 4);
  const third = deliver();
  fails(lab, 1, /not been verified/, 'request', 'finalize', third);
  assert.equal(lab.ok('request', 'finalize', third, '--anyway').paid.length, 5);
});

test('managers\' homes that may vote by themselves', async () => {
  const configure = (home, members) => {
    const config = path.join(home.dir, 'config.json');
    fs.writeFileSync(config, JSON.stringify({ ...JSON.parse(fs.readFileSync(config)), ...members }));
  };
  for (const home of [gm, rm]) configure(home, { dispute_votes: 'automatic' });
  const blocks = ['patient-1', 'patient-3'].map((name) => {
    const found = path.join(file('blocks'), fs.readdirSync(file('blocks'), { recursive: true })
      .find((block) => block.endsWith(secondBundle[name])));
    const bytes = fs.readFileSync(found);
    fs.rmSync(found);
    return { found, bytes };
  });
  const verified = lab.run('request', 'verify', second);
  const failed = verified.json.entries.filter((entry) => !entry.passed).map((entry) => entry.index);
  assert.equal(failed.length, 2);
  const good = [0, 1, 2, 3].find((index) => !failed.includes(index));
  const again = lab.ok('request', 'dispute', second, '--all', '--reason', 'two are not there, two cannot be true');
  assert.deepEqual([again.entries, again.disputedBefore], [[], [0, 1, 2, 3]]);
  settle();
  const look = (home) => new Map(home.ok('request', 'disputes', second).entries.map((entry) => [entry.index, entry]));
  for (const home of [gm, rm]) {
    const seen = look(home);
    for (const index of failed) {
      assert.equal(seen.get(index).automatic.verdict, 'none');
      assert.match(seen.get(index).automatic.why, /looked for until .*bundle/);
    }
    assert.match(seen.get(good).automatic.why, /^a person's: /);
    const kinds = home.ok('notifications').map((notice) => notice.kind);
    assert.ok(kinds.includes('dispute-yours') && kinds.includes('dispute-missing'), kinds.join());
  }
  // One comes back and is paid, the other is refunded once half the ruling window is over.
  fs.writeFileSync(blocks[0].found, blocks[0].bytes);
  await later(HOUR / 2);
  settle();
  await later(HOUR / 2 + HOUR + 10);
  settle();
  const states = [...look(lab).values()];
  const votes = (index) => states.filter((entry) => entry.index === index)
    .map((entry) => [entry.status, entry.groupManagerVote, entry.revocationManagerVote])[0];
  assert.deepEqual(failed.map(votes).sort(), [['refunded', 'refund', 'refund'], ['ruled to be paid', 'pay', 'pay']]);
  assert.deepEqual(votes(good), ['disputed', 'none', 'none']);
  assert.ok([...look(gm).values()].every((entry) => entry.automatic.checks.length > 5));
  configure(gm, { dispute_votes: 'sometimes' });
  fails(gm, 2, /neither automatic nor ask/, 'sync');
});
