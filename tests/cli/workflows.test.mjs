// The three workflows through the real binary: one home with every identity, and a second home for
// the reading doctor, to which sealed mail is carried in files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Home, binary, makeFolder, makeRecord, root, startChain } from './galen.mjs';

let folder, chain, home, other;
const address = {};
const ether = (n) => `0x${(BigInt(n) * 10n ** 18n).toString(16)}`;
const file = (name, value) => {
  const to = path.join(folder, name);
  fs.writeFileSync(to, typeof value === 'string' ? value : JSON.stringify(value));
  return to;
};

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  home = new Home(folder, 'home');
  other = new Home(folder, 'other');
});
after(async () => {
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('homes, identities, contract', async () => {
  const blocks = path.join(folder, 'blocks');
  home.make({ rpc: chain.url, store: blocks });
  other.make({ rpc: chain.url, store: blocks });
  assert.equal(fs.statSync(home.dir).mode & 0o777, 0o700);
  const roles = { gm: 'gm', rm: 'rm', hospital: 'hospital', 'doctor-1': 'doctor', buyer: 'buyer',
    'patient-1': 'patient', 'patient-2': 'patient', 'patient-3': 'patient' };
  for (const [name, role] of Object.entries(roles))
    address[name] = home.ok('account', 'new', name, '--role', role).address;
  address['doctor-2'] = other.ok('account', 'new', 'doctor-2', '--role', 'doctor').address;
  for (const name of ['gm', 'rm', 'hospital', 'buyer'])
    await chain.rpc('anvil_setBalance', [address[name], ether(10)]);
  const estimate = home.ok('contract', 'deploy', '--dry-run');
  assert.ok(estimate.tx.gasEstimate > 1000000);
  const deployed = home.ok('contract', 'deploy');
  assert.ok(deployed.tx.gasUsed <= estimate.tx.gasEstimate);
  const receipt = await chain.rpc('eth_getTransactionReceipt', [deployed.tx.hash]);
  assert.equal(receipt.contractAddress.toLowerCase(), deployed.contract.toLowerCase());
  other.ok('contract', 'use', deployed.contract);
  address.contract = deployed.contract;
  const listed = home.ok('account', 'list');
  assert.equal(listed.length, 8);
  assert.equal(listed.find((row) => row.name === 'buyer').balanceWei, (10n ** 19n).toString());
});

test('the group is set up by both managers, a doctor joins', () => {
  home.ok('group', 'setup', '--rm', 'rm');
  home.ok('sync');
  home.ok('group', 'setup', '--as', 'rm');
  home.ok('sync');
  const proposed = home.ok('group', 'propose');
  assert.match(proposed.fingerprint, /^0x[0-9a-f]{64}$/);
  home.ok('sync');
  home.ok('group', 'confirm');
  home.ok('sync');
  home.ok('group', 'hospital', 'hospital');
  assert.deepEqual(home.ok('group', 'hospitals').map((one) => [one.name, one.accredited]), [['hospital', true]]);
  home.ok('group', 'invite', 'doctor-1');
  home.ok('sync');
  home.ok('group', 'join', '--as', 'doctor-1', '--licence', 'test licence 1');
  home.ok('sync');
  home.ok('group', 'approve', 'doctor-1');
  home.ok('sync');
  const members = home.ok('group', 'members');
  assert.equal(members.length, 1);
  assert.equal(members[0].wallet, address['doctor-1']);
});

let first;
test('storing: record, relay, event, notification', async () => {
  for (const name of ['patient-1', 'patient-2', 'patient-3']) {
    const record = makeRecord(address[name], address.hospital);
    const stored = home.ok('record', 'create', file(`${name}.json`, record));
    assert.equal(stored.sig.length, 2 + 2 * 362);
    first ??= stored;
  }
  home.ok('sync');
  const relayed = home.ok('record', 'relay');
  assert.equal(relayed.anchored.length, 3);
  const synced = home.ok('sync');
  assert.equal(synced.notifications.filter((n) => n.kind === 'record').length, 3);
  assert.deepEqual(home.ok('record', 'relay').anchored, [], 'nothing is anchored twice');
  const mine = home.ok('record', 'list', '--as', 'patient-1');
  assert.equal(mine.length, 1);
  assert.equal(mine[0].state, 'anchored');
  const shown = home.ok('record', 'show', first.merkleRoot);
  assert.equal(shown.record.medical_data.lab_results[0].value, '131.50');
  const verified = home.ok('record', 'verify', first.merkleRoot);
  assert.ok(verified.checks.length >= 5 && verified.checks.every((row) => row.passed));

  // More to sell, by files: the same home plays all parts here.
  home.ok('record', 'topup', first.merkleRoot);
  home.ok('sync');
  const lists = path.join(folder, 'topups.json');
  home.run('record', 'topups', '--output', lists, { json: false });
  assert.equal(JSON.parse(fs.readFileSync(lists, 'utf8')).tags.length, 1);
  assert.equal(home.ok('record', 'topup-answer', lists).recognised, 1);
  assert.equal(home.ok('record', 'topup-answer', lists).recognised, 0);
  assert.equal(home.ok('record', 'show', first.merkleRoot).releasesLeft, 6);
  assert.equal(home.ok('record', 'topup-answer').hospitals[0].recognised, 0);

  // What could be sold of it: the patient's view, and the doctor's of a file.
  const { content, report } = home.ok('record', 'deidentify', first.merkleRoot);
  const fate = Object.fromEntries(report.map((row) => [row.path, row]));
  assert.equal(fate['/patient'].action, 'dropped');
  assert.deepEqual([fate['/issued'].to, fate['/issued'].result], ['/year', content.year]);
  assert.ok(!JSON.stringify({ content, report }).includes(shown.record.patient));
  const tryIt = path.join(folder, 'record-to-try.json');
  fs.writeFileSync(tryIt, JSON.stringify(shown.record));
  assert.deepEqual(home.ok('record', 'deidentify', tryIt, '--report'), report);
  const rules = home.ok('record', 'deidentify', '--rules');
  assert.equal(rules.fields.find((field) => field.path === '/notes').action, 'drop');
  assert.equal(home.run('record', 'deidentify').code, 2);

  // The chain's own word, by another client's eyes.
  const logs = await chain.rpc('eth_getLogs', [{ address: address.contract, fromBlock: '0x0' }]);
  assert.ok(logs.some((log) => log.topics[1] === first.merkleRoot));
});

test('FHIR out and in again', () => {
  const out = path.join(folder, 'record-fhir.json');
  home.run('record', 'export', first.merkleRoot, '--output', out, { json: false });
  const bundle = JSON.parse(fs.readFileSync(out, 'utf8'));
  assert.equal(bundle.resourceType, 'Bundle');
  const report = home.ok('record', 'import', out, '--dry-run');
  assert.equal(report[0].records.length, 1);
  assert.equal(report[0].records[0].category, 'Cardiology');
});

test('FHIR import of a full Synthea bundle, reported and stored', () => {
  const fixture = path.join(root, 'node_modules/cql-exec-fhir/test/fixtures/r4/' +
    'Luna60_McCullough561_6662f0ca-b617-4e02-8f55-7275e9f49aa0.json');
  const report = home.ok('record', 'import', fixture, '--dry-run');
  const fates = home.ok('record', 'import', fixture, '--dry-run', '--report')[0].records;
  assert.ok(fates.every(({ leaves, deidentified }) => deidentified.report.length === leaves));
  assert.ok(report[0].records.length > 5);
  assert.ok(report[0].skipped.every((row) => row.resourceType && row.count > 0 && row.reason));
  const stored = home.ok('record', 'import', fixture, '--patient', 'patient-2',
    '--hospital', 'hospital', '--releases', '1');
  assert.equal(stored[0].stored.length, report[0].records.length);
  const again = home.ok('record', 'import', fixture, '--patient', 'patient-2', '--hospital', 'hospital');
  assert.equal(again[0].import.summary, `0 stored, ${report[0].records.length} were already`);
  assert.deepEqual(home.ok('record', 'imports').map((one) => one.stored), [0, report[0].records.length]);
  home.ok('sync');
  assert.equal(home.ok('record', 'relay').anchored.length, report[0].records.length);
  home.ok('sync');
});

test('sharing: to a doctor of another home, whole and in part, then revoked', () => {
  const card = path.join(folder, 'doctor-2.card');
  other.run('profile', 'export', '--output', card, { json: false });
  home.ok('profile', 'import', card);
  for (const name of ['patient-1']) {
    const theirs = path.join(folder, `${name}.card`);
    home.run('profile', 'export', '--as', name, '--output', theirs, { json: false });
    other.ok('profile', 'import', theirs);
  }
  other.ok('sync');
  const whole = home.ok('share', 'grant', first.merkleRoot, 'doctor-2');
  const part = home.ok('share', 'grant', first.merkleRoot, address['doctor-2'],
    '--field', '/category', '--field', '/medical_data');
  const mail = path.join(folder, 'mail.json');
  home.run('inbox', 'export', '--to', 'doctor-2', '--output', mail, '--delivered', { json: false });
  assert.ok(!fs.readFileSync(mail, 'utf8').includes('canary-note-7c1d'));
  assert.equal(other.ok('inbox', 'import', mail).taken, 2);
  assert.equal(other.ok('inbox', 'import', mail).taken, 0, 'a message is taken once');

  const opened = other.ok('share', 'open', whole.cidShare);
  assert.ok(opened.checks.every((row) => row.passed), JSON.stringify(opened.checks));
  assert.equal(opened.record.notes, 'canary-note-7c1d: walks daily');
  const fields = other.ok('share', 'open', part.cidShare);
  assert.ok(!JSON.stringify(fields).includes('canary-note-7c1d'));
  assert.ok(JSON.stringify(fields).includes('131.50'));

  const revoked = home.ok('share', 'revoke', part.cidShare);
  assert.match(JSON.stringify(revoked), /recall/);
  assert.equal(other.run('share', 'open', part.cidShare).code, 1);
  const log = home.ok('access-log', '--as', 'patient-1');
  assert.ok(log.length >= 2 && log.every((row) => row.time && row.event));
  assert.equal(home.ok('access-log', '--as', 'patient-1', '--format', 'fhir').entry.length, log.length);
  const consents = home.ok('access-log', '--as', 'patient-1', '--format', 'fhir-consent').entry;
  assert.ok(consents.every((row) => row.resource.resourceType === 'Consent'));
  assert.equal(home.run('access-log', '--as', 'patient-1', '--format', 'xml').code, 2);
});

test('a template is built and checked before money is locked up', () => {
  const file = path.join(folder, 'template.json');
  const words = ['--category', 'Cardiology', '--ask', 'age', '--ask', 'diagnosis', '--years', '2', '--min-records', '3',
    '--price-wei', '5000', '--filter', 'I25', '--filter', '4548-4'];
  const built = home.ok('request', 'template', ...words);
  assert.deepEqual(built, {
    category: 'Cardiology', demographics: { age: true, gender: false, location: false, ethnicity: false },
    medical_data: { diagnosis: true, treatment: false, medications: false, lab_results: false },
    time_period: '2 years', min_records: 3, price_wei: '5000', filters: ['I25', '4548-4'],
  });
  home.run('request', 'template', ...words, '--output', file, { json: false });
  assert.deepEqual(home.ok('request', 'template', file), built);
  const bad = (change, why) => {
    fs.writeFileSync(file, JSON.stringify({ ...built, ...change }));
    const answer = home.run('request', 'template', file);
    assert.notEqual(answer.code, 0);
    assert.match(answer.err, why);
  };
  bad({ category: 'Alchemy' }, /category/);
  bad({ time_period: '2 fortnights' }, /time_period/);
  bad({ price_wei: '01' }, /price_wei/);
  bad({ filters: ['DROP TABLE'] }, /filters/);
  bad({ buyer_key: {} }, /buyer_key/);
  bad({ more: 1 }, /more/);
  assert.match(home.run('request', 'template', ...words, '--ask', 'name').err, /no release has/);
  assert.match(home.run('request', 'template', '--category', 'Cardiology').err, /price-wei/);
});

test('purchasing: request, reply, consent, delivery, verification, payment', async () => {
  const before = BigInt(await chain.rpc('eth_getBalance', [address.buyer, 'latest']));
  const template = {
    category: 'Cardiology',
    demographics: { age: true, gender: true, location: false, ethnicity: false },
    medical_data: { diagnosis: true, treatment: true, medications: false, lab_results: true },
    time_period: '1 year', min_records: 2, price_wei: (10n ** 17n).toString(),
  };
  const requested = home.ok('request', 'create', file('template.json', template), '--max-records', '10');
  const id = String(requested.requestId);
  home.ok('sync');
  assert.equal(home.ok('request', 'show', id).state, 'pending');
  const replied = home.ok('request', 'reply', id, '--k', '2');
  assert.ok(replied.available >= 3);
  home.ok('sync');
  assert.equal(home.ok('request', 'show', id).state, 'replied');
  home.ok('request', 'ask', id);
  home.ok('sync');
  const wanted = home.ok('request', 'consents');
  assert.ok(JSON.stringify(wanted).includes('131.50'), 'the very values are shown');
  const policy = home.ok('request', 'policy', '--as', 'patient-1', '--category', 'Oncology', '--min-wei', '5');
  assert.deepEqual(policy, { categories: ['Oncology'], minPriceWei: '5', never: false, keepKeys: false });
  assert.deepEqual(home.ok('request', 'policy', '--as', 'patient-1'), policy);
  assert.equal(home.run('request', 'policy', '--as', 'patient-1', '--never', '--none').code, 2);
  const payTo = (...args) => home.run('request', 'consent', id, '--as', 'patient-1', '--payout', ...args).code;
  assert.equal(payTo(`0x${'0'.repeat(40)}`), 2);
  assert.equal(payTo('0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed'), 2, 'a wrong checksum');
  assert.equal(payTo('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '--decline'), 2);
  const named = home.ok('request', 'consent', id, '--as', 'patient-1', '--payout', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed');
  assert.ok(named.given.every((one) => one.payout === '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'));
  assert.match(named.warning, /of one person/);
  home.ok('request', 'consent', id, '--as', 'patient-3', '--decline');
  assert.equal(home.run('request', 'consent', id, '--as', 'patient-2', '--keep-key', '--decline').code, 2);
  const kept = home.ok('request', 'consent', id, '--as', 'patient-2', '--keep-key');
  assert.ok(kept.given.length > 0 && kept.given.every((row) => row.keyKept));
  home.ok('sync');
  const delivered = home.ok('request', 'deliver', id);
  assert.ok(delivered.entries >= 2);
  home.ok('sync');
  assert.equal(home.ok('request', 'show', id).state, 'filled');
  const early = home.run('request', 'finalize', id, '--as', 'buyer');
  assert.equal(early.code, 1, 'not before the checks have passed');
  const keyStates = () => home.ok('request', 'consents', '--as', 'patient-2')
    .filter((row) => String(row.requestId) === id).map((row) => row.key.state);
  home.ok('sync');
  home.ok('sync');
  assert.ok(keyStates().every((one) => one === 'sent'));
  const { keys } = home.ok('request', 'show', id);
  assert.equal(keys.awaited, 0);
  assert.equal(keys.kept, kept.given.length);
  const report = path.join(folder, 'report.json');
  assert.equal(home.run('request', 'verification', id).code, 1, 'not verified yet');
  const verified = home.ok('request', 'verify', id, '--report', report);
  assert.deepEqual(JSON.parse(fs.readFileSync(report, 'utf8')), verified);
  assert.equal(fs.statSync(report).mode & 0o777, 0o600);
  const written = fs.readFileSync(report);
  const refused = home.run('request', 'verify', id, '--report', report);
  assert.equal(refused.code, 1);
  assert.match(JSON.stringify(refused), /is there already/);
  assert.deepEqual(fs.readFileSync(report), written, 'never overwritten');
  const later = path.join(folder, 'report-later.json');
  const state = home.ok('request', 'verification', id, '--report', later);
  assert.deepEqual([state.state, state.done, state.result.passed], ['done', verified.entryCount, true]);
  assert.deepEqual(fs.readFileSync(later), written);
  for (const entry of verified.entries)
    for (const row of entry.checks) assert.ok(row.passed, `${row.check}: ${row.detail}`);
  assert.equal(home.ok('request', 'show', id).state, 'verified');
  const data = home.ok('request', 'data', id);
  assert.equal(data.length, delivered.entries);
  const table = path.join(folder, 'data.csv');
  home.run('request', 'data', id, '--format', 'csv', '--output', table, { json: false });
  assert.equal(fs.readFileSync(table, 'utf8').split('\r\n').length, data.length + 2);
  assert.equal(fs.statSync(table).mode & 0o777, 0o600);
  assert.equal(home.run('request', 'data', id, '--format', 'xml').code, 2);
  const finalized = home.ok('request', 'finalize', id, '--as', 'buyer');
  home.ok('sync');
  assert.equal(home.ok('request', 'show', id).state, 'finalized');
  const paid = finalized.paid.reduce((sum, row) => sum + BigInt(row.wei), 0n);
  assert.equal(paid, 10n ** 17n + 10n ** 16n, 'all of the escrow is paid, and the bond returned');
  assert.equal(BigInt(await chain.rpc('eth_getBalance', [address.contract, 'latest'])), 0n);
  const spent = before - BigInt(await chain.rpc('eth_getBalance', [address.buyer, 'latest']));
  const fees = home.ok('gas', 'export', '--role', 'buyer')
    .reduce((sum, row) => sum + BigInt(row.totalWei), 0n);
  assert.equal(spent, 10n ** 17n + fees);

  const payouts = home.ok('account', 'payouts', '--as', 'patient-2').filter((row) => String(row.requestId) === id);
  assert.equal(payouts.length, kept.given.length);
  const { address: payout, balanceWei } = payouts[0];
  assert.ok(BigInt(balanceWei) > 0n);
  const to = `0x${'5a'.repeat(20)}`;
  assert.equal(home.run('account', 'collect', payout, to, '--as', 'patient-1').code, 1, "another patient's");
  assert.equal(home.run('account', 'collect', payout, to, '1', '--as', 'patient-2').code, 4, 'more than it has');
  const collected = home.ok('account', 'collect', payout, to, '--as', 'patient-2');
  assert.match(collected.warning, /links them/);
  assert.equal(BigInt(await chain.rpc('eth_getBalance', [to, 'latest'])), BigInt(collected.amountWei));
  assert.equal(home.run('account', 'collect', payout, to, '--as', 'patient-2').code, 4, 'nothing is left');
});

test('every transaction is recorded, and the chain says the same', async () => {
  const rows = home.ok('gas', 'export');
  assert.ok(rows.length >= 8);
  for (const row of rows) {
    const receipt = await chain.rpc('eth_getTransactionReceipt', [row.hash]);
    assert.equal(Number(receipt.gasUsed), row.gasUsed);
    assert.equal(BigInt(receipt.effectiveGasPrice).toString(), row.effectiveGasPriceWei);
    assert.equal(row.status, 'succeeded');
  }
  const report = home.ok('gas', 'report');
  assert.equal(report.reduce((sum, row) => sum + row.count, 0), rows.length);
  const csv = home.run('gas', 'export', '--csv', { json: false }).out.trim().split('\r\n');
  assert.equal(csv.length, rows.length + 1);
  assert.ok(home.ok('gas', 'prices').average.maxFeeWei);
  const history = home.ok('gas', 'history', '--by', 'month');
  assert.equal(history.reduce((sum, row) => sum + row.gasTotal, 0), report.reduce((sum, row) => sum + row.gasTotal, 0));
  const { gas } = home.ok('gas', 'measured').find(({ call }) => call === 'storeData');
  assert.equal(home.ok('gas', 'cost', 'storeData', '--count', '2').gas, 2 * gas);
  assert.equal(home.ok('gas', 'project').length, 3);
  assert.equal(home.ok('gas', 'project', '--records', '10')[0].calls[0].count, 10);
});

test('no secret and no health data in plain sight', () => {
  const canaries = ['canary-note-7c1d', '268400002', 'correct horse'];
  for (const dir of [home.dir, other.dir, path.join(folder, 'blocks')])
    for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const at = path.join(entry.parentPath ?? entry.path, entry.name);
      const bytes = fs.readFileSync(at);
      for (const canary of canaries) assert.ok(!bytes.includes(canary), `${canary} in ${at}`);
      assert.equal(fs.statSync(at).mode & 0o077, 0, `${at} is for its owner alone`);
    }
  assert.ok(fs.existsSync(binary));
});
