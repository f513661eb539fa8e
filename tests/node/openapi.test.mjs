// The whole of the API over HTTP alone: one home with every role, each acting by the operator's token
// and its name. Every answer is held against docs/openapi.yaml (node.mjs does it).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Wallet } from 'ethers';
import * as jose from 'jose';
import { root } from '../cli/galen.mjs';
import { findOperation, operations } from './node.mjs';
import { until } from './serve.mjs';
import { HOUR, Stage, template } from './stage.mjs';
import { BrowserWallet, Page, allowRegistration } from './wallet.mjs';

let stage, node;
const wallet = Wallet.createRandom();
const get = (...args) => stage.get(...args);
const post = (...args) => stage.post(...args);
const soon = (...args) => stage.soon(...args);
const fails = (...args) => stage.fails(...args);
const state = (...args) => stage.requestIs(...args);
let address;

before(async () => {
  stage = await Stage.start((home, folder) => {
    // A browser wallet's owner brings the key.
    const keystore = path.join(folder, 'keystore.json'), secret = path.join(folder, 'secret');
    fs.writeFileSync(keystore, wallet.encryptSync('a keystore password', { scrypt: { N: 1024 } }));
    fs.writeFileSync(secret, 'a keystore password\n');
    home.ok('account', 'import', keystore, '--name', 'wallet', '--role', 'buyer',
      '--keystore-password-file', secret);
    allowRegistration(home, 1);
  });
  ({ node, address } = stage);
});
after(() => stage?.stop());

test('the node, its contract, its identities', async () => {
  await until('a good state of health', async () => (await node.call('GET', '/health')).status === 200);
  await stage.makePeople();
  await node.ok('POST', '/accounts',
    { operator: true, body: { name: 'clerk', role: 'patient', password: 'a password of its own' } });
  const paid = await post('buyer', '/accounts/pay', { to: 'patient-1', wei: '1000000000000000000' });
  assert.match(paid.hash ?? paid.tx.hash, /^0x/);
  assert.equal((await get('patient-1', '/accounts'))[0].balanceWei, '1000000000000000000');
  assert.equal((await node.ok('GET', '/session')).signedIn, false);
  assert.equal((await get('doctor', '/session')).role, 'doctor');
  await node.ok('GET', '/status', { operator: true });
  await node.ok('GET', '/store', { operator: true });
  await node.ok('POST', '/store/sync', { operator: true, body: { all: true } });
  assert.equal((await get('buyer', '/contract')).contract, address.contract);
  await node.ok('GET', '/metrics', { operator: true });
});

test('contacts and profiles', async () => {
  const card = await post('doctor', '/profile/card', { inbox: 'https://node.example/inbox' });
  assert.deepEqual(await post('patient-1', '/contacts', card), { address: address.doctor });
  assert.equal((await get('patient-1', '/contacts/doctor')).address, address.doctor);
  const estimate = await node.ok('POST', '/profile?dryRun=true', { as: 'buyer', body: { inbox: 'https://node.example/other' } });
  assert.ok(estimate.tx?.dryRun);
  await fails(404, 'not-found', 'patient-1', 'GET', '/contacts/buyer'); // a dry run makes no card
  await post('buyer', '/profile');
  await until('the profile to be on-chain', async () =>
    (await get('patient-1', '/contacts/buyer')).onChain);
  await fails(404, 'not-found', 'patient-1', 'GET', '/contacts/nobody');
});

test('the group is set up, a doctor joins, the registry is committed', async () => {
  await stage.setUpGroup();
  assert.deepEqual(await get('gm', '/group/applicants'), []);
  const [key] = await get('patient-1', '/group/keys');
  assert.deepEqual([key.version, key.state], [1, 'current']);
  await post('gm', '/group/hospitals', { hospital: 'buyer', accredited: true });
  await post('gm', '/group/hospitals', { hospital: 'buyer', accredited: false });
  const hospitals = await until('the hospitals', async () => {
    const list = await get('patient-1', '/group/hospitals');
    return list.length === 2 && !list[1].accredited && list;
  });
  assert.deepEqual(hospitals.map((one) => [one.address, one.accredited]), [[address.hospital, true], [address.buyer, false]]);
  const joined = await until('the membership', async () => {
    const shown = await get('doctor', '/group/membership');
    return shown.isMember && shown;
  });
  assert.deepEqual(joined, { isMember: true, keyVersion: 1, isCurrent: true });
  const members = await get('gm', '/group/members');
  assert.deepEqual(members.map((row) => row.wallet), [address.doctor]);
  await post('gm', '/group/commit');
  await soon('rm', '/group/countersign?dryRun=true');
  await soon('rm', '/group/countersign');
  await until('the registry to be committed', async () => {
    await post('gm', '/sync');
    const done = await node.call('POST', '/group/commit', { as: 'gm', body: {} });
    return done.status === 200 && (done.json.tx || done.json.done);
  });
  await until('RM to see it', async () => {
    const [row] = await get('rm', '/group/registry');
    const audit = await get('patient-1', '/group/audit');
    assert.deepEqual(audit.checks.filter((check) => !check.passed), []);
    return row.committed === 1;
  });
  assert.equal((await post('gm', '/group/commit', { keyVersion: 1 })).done, true);

  // What was done is said to be, and not done again.
  for (const [as, step, body] of [['rm', 'confirm'], ['rm', 'countersign'], ['gm', 'approvals', { doctor: 'doctor' }],
    ['gm', 'hospitals', { hospital: 'hospital', accredited: true }]]) {
    const again = await post(as, `/group/${step}`, body);
    assert.deepEqual([step, again.done, again.tx], [step, true, undefined]);
  }
  await fails(400, 'usage', 'rm', 'POST', '/group/setup', { rm: 'rm' });
  await post('rm', '/group/setup?dryRun=true');
});

// Every hash of a tree follows from those below it, up to the root.
function checkTree({ root, leafCount, nodes }) {
  const sha = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
  const bytes = (hex) => Buffer.from(hex.slice(2), 'hex');
  const known = new Map(nodes.map((node) => [`${node.from}+${node.count}`, bytes(node.hash)]));
  for (const { from, count } of nodes) {
    const left = 2 ** (Math.ceil(Math.log2(count)) - 1);
    const parts = count > 1 ? [known.get(`${from}+${left}`), known.get(`${from + left}+${count - left}`)] : [];
    assert.equal(Boolean(parts[0]), Boolean(parts[1]));
    if (parts[0]) assert.deepEqual(known.get(`${from}+${count}`), sha(Buffer.of(1), ...parts));
  }
  const number = Buffer.alloc(4);
  number.writeUInt32BE(leafCount);
  assert.equal(`0x${sha(Buffer.of(2), number, known.get(`0+${leafCount}`)).toString('hex')}`, root);
}

let first;
test('records: stored, relayed, shown, checked', async () => {
  await soon('doctor', '/records?dryRun=true', { record: stage.record('patient-1') });
  first = (await stage.storeRecords())['patient-1'];
  const own = await post('doctor', '/records',
    { record: stage.record('patient-1', { category: 'Orthopedics' }), fromWallet: true });
  assert.ok(own.tx);
  await post('hospital', '/records/relay');
  await stage.recordsAreAnchored();
  await get('doctor', '/records');
  await get('hospital', '/records');
  assert.equal((await get('patient-1', `/records/${first}`)).record.notes, 'patient-1');
  assert.equal((await get('patient-1', `/records/${first}/fhir`)).resourceType, 'Bundle');
  const { releases } = await get('patient-1', `/records/${first}`);
  const tree = await get('patient-1', `/records/${first}/tree`);
  checkTree(tree);
  assert.equal(tree.root, first);
  assert.ok(tree.leaves.some((leaf) => leaf.path === '/notes') && tree.nodes.every((node) => node.state === 'hidden'));
  assert.equal(tree.nodes.length, 2 * tree.leafCount - 1);
  const lit = await get('patient-1', `/records/${first}/tree?fields=/notes,/demographics`);
  checkTree(lit);
  const notes = tree.leaves.find((leaf) => leaf.path === '/notes').index;
  for (const node of lit.nodes.filter(({ from, count }) => from <= notes && notes < from + count)) assert.equal(node.state, 'shown');
  assert.ok(lit.shown > 1 && lit.nodes.some((node) => node.state === 'proof'));
  const release = await get('patient-1', `/records/${first}/tree?release=${releases[0].root}`);
  checkTree(release);
  assert.equal(release.root, releases[0].root);
  await fails(404, 'not-found', 'patient-2', 'GET', `/records/${first}/tree`);
  await fails(404, 'not-found', 'patient-1', 'GET', `/records/${first}/tree?fields=/nothing`);
  await fails(404, 'not-found', 'patient-1', 'GET', `/records/${first}/tree?release=0x${'00'.repeat(32)}`);
  await fails(400, 'usage', 'patient-1', 'GET', `/records/${first}/tree?fields=/notes&request=1`);
  assert.equal((await post('patient-1', `/records/${first}/verify`)).passed, true);
  const tried = await post('doctor', '/records/deidentify', { record: stage.record('patient-1') });
  const sold = await get('patient-1', `/records/${first}/deidentified`);
  assert.deepEqual(sold.content, tried.content);
  const byPath = (a, b) => a.path.localeCompare(b.path); // what was stored is in canonical order
  assert.deepEqual(sold.report.sort(byPath), tried.report.toSorted(byPath));
  assert.ok(tried.report.some((row) => row.path === '/notes' && row.action === 'dropped'));
  assert.equal((await get('doctor', '/deidentification')).type, 'galen.safe-harbor/1');
  await post('patient-1', `/records/${first}/topup?dryRun=true`);
  const asked = await post('patient-1', `/records/${first}/topup`);
  assert.equal(asked.merkleRoot, first);
  const listed = await until('the hospital lists it', async () => {
    const answer = await node.ok('GET', `/topups/${asked.hospital}`);
    return answer.tags.length === 1 && answer;
  });
  assert.equal((await post('doctor', '/topups', listed)).recognised, 1);
  await until('more releases', async () =>
    (await get('patient-1', `/records/${first}`)).releasesLeft === 7);
  await fails(409, 'wrong-state', 'patient-1', 'POST', `/records/${first}/topup`);
  await fails(404, 'not-found', 'patient-1', 'GET', `/topups/${(await get('patient-1', `/records/${first}`)).owner}`);
  await fails(404, 'not-found', 'patient-2', 'GET', `/records/${first}`);
  await fails(404, 'not-found', 'patient-2', 'GET', `/records/${first}/deidentified`);
});

test('records: from FHIR', async () => {
  const bundle = fs.readFileSync(path.join(root, 'node_modules/cql-exec-fhir/test/fixtures/r4/' +
    'Luna60_McCullough561_6662f0ca-b617-4e02-8f55-7275e9f49aa0.json'), 'utf8');
  const target = '/records/import?patient=patient-4&hospital=hospital';
  const headers = { 'content-type': 'application/fhir+json' };
  const seen = await node.ok('POST', `${target}&dryRun=true`, { as: 'doctor', body: bundle, headers });
  assert.ok(seen.records.length > 5);
  const told = await node.ok('POST', `${target}&dryRun=true&report=true`, { as: 'doctor', body: bundle, headers });
  assert.ok(told.records.every((row) => row.deidentified.report.length === row.leaves));
  const small = JSON.stringify(await get('patient-1', `/records/${first}/fhir`));
  const done = await node.ok('POST', target, { as: 'doctor', body: small, headers });
  assert.equal(done.stored.length, 1);
  assert.deepEqual((await get('doctor', '/records/imports'))[0], done.import);
});

test('shares', async () => {
  const part = await post('patient-1', '/shares', { record: first, doctor: 'doctor',
    fields: ['/category', '/medical_data'], expires: new Date(Date.now() + 864e5).toISOString().replace(/\.\d+/, '') });
  await post('patient-1', '/shares?dryRun=true', { record: first, doctor: 'doctor' });
  const whole = await post('patient-1', '/shares', { record: first, doctor: 'doctor', onChain: true });
  for (const share of [part, whole]) {
    const opened = await soon('doctor', `/shares/${share.cidShare}/open`);
    assert.equal(opened.passed, true);
  }
  await get('patient-1', '/shares');
  assert.equal((await get('doctor', '/shares')).length, 2);
  await node.ok('DELETE', `/shares/${part.cidShare}?dryRun=true`, { as: 'patient-1' });
  await node.ok('DELETE', `/shares/${part.cidShare}`, { as: 'patient-1' });
  await get('patient-1', '/shares');
  const logged = await get('patient-1', '/access-log');
  assert.ok(logged.some((row) => row.event === 'share-granted' && row.share === whole.cidShare));
  assert.equal((await get('patient-1', '/access-log?limit=1')).length, 1);
  const audit = await get('patient-1', '/access-log?format=fhir');
  assert.equal(audit.entry.length, (await get('patient-1', '/access-log?limit=1000')).length);
  assert.equal((await get('patient-1', '/access-log?format=fhir-consent')).entry[0].resource.resourceType, 'Consent');
  assert.deepEqual(await get('patient-2', '/access-log'), []);
});

test('a purchase, from request to payment', async () => {
  const dry = await node.ok('POST', '/requests?dryRun=true', { as: 'buyer', body: { template } });
  assert.ok(dry);
  const id = await stage.sell(async (asked) => {
    const wanted = await until('to be asked', async () => {
      const list = await get('patient-1', '/consents');
      return list.length > 0 && list;
    });
    assert.ok(JSON.stringify(wanted).includes('131.50'));
    assert.ok(wanted.every((one) => one.buyerName === 'buyer' && one.hospitalName === 'hospital'));
    const stock = async () => (await get('patient-1', '/consents'))
      .filter((one) => one.requestId === asked).map((one) => one.releasesLeft);
    const before = await stock();
    assert.ok(before.every((left) => left > 0));
    await node.ok('POST', `/requests/${asked}/consent?dryRun=true`, { as: 'patient-1', body: { accept: true } });
    await post('patient-3', `/requests/${asked}/consent`, { accept: false });
    let given = 0;
    const kept = (await post('patient-2', `/requests/${asked}/consent`, { accept: true, keepKey: true })).given;
    assert.ok(kept.length > 0 && kept.every((one) => one.keyKept));
    given += kept.length;
    const payout = '0x00000000000000000000000000000000c0FFEE00';
    await fails(400, 'usage', 'patient-4', 'POST', `/requests/${asked}/consent`, { accept: true, payout: `0x${'0'.repeat(40)}` });
    await fails(400, 'usage', 'patient-4', 'POST', `/requests/${asked}/consent`, { accept: true, payout: '0x00000000000000000000000000000000C0ffee00' });
    await fails(400, 'usage', 'patient-4', 'POST', `/requests/${asked}/consent`, { accept: false, payout });
    const named = await post('patient-4', `/requests/${asked}/consent`, { accept: true, payout: payout.toLowerCase() });
    assert.ok(named.given.every((one) => one.payout.toLowerCase() === payout.toLowerCase()));
    assert.match(named.warning, /of one person/);
    given += named.given.length;
    given += (await post('patient-1', `/requests/${asked}/consent`, { accept: true })).given.length;
    await fails(400, 'usage', 'patient-3', 'POST', `/requests/${asked}/consent`, { accept: false, keepKey: true });
    assert.deepEqual(await stock(), before.map((left) => left - 1));
    await get('patient-3', '/consents');
    assert.deepEqual((await get('patient-3', '/consents/policy')).categories, []);
    const policy = { categories: ['Oncology'], minPriceWei: '7', never: false, keepKeys: true };
    await node.ok('POST', '/consents/policy?dryRun=true', { as: 'patient-3', body: policy });
    assert.deepEqual(await post('patient-3', '/consents/policy', policy), policy);
    await stage.everyAnswer(asked, given);
  });
  await fails(409, 'wrong-state', 'buyer', 'POST', `/requests/${id}/finalize`, {});
  await until('the keys that were kept', async () => (await get('buyer', `/requests/${id}`)).keys?.awaited === 0);
  assert.ok((await get('patient-2', '/consents')).filter((one) => one.requestId === id).every((one) => one.key.state === 'sent'));
  await fails(404, 'not-found', 'buyer', 'GET', `/requests/${id}/verification`);
  await fails(404, 'not-found', 'buyer', 'GET', `/requests/${id}/verification/report`);
  const verified = await post('buyer', `/requests/${id}/verify`);
  assert.equal(verified.passed, true);
  const kept = await get('buyer', `/requests/${id}/verification`);
  assert.deepEqual([kept.state, kept.done, kept.total], ['done', verified.entryCount, verified.entryCount]);
  assert.deepEqual([kept.result.passed, kept.result.summary, kept.result.finishedAt], [true, verified.summary, verified.finishedAt]);
  assert.deepEqual(await get('buyer', `/requests/${id}/verification/report`), verified);
  await fails(403, 'forbidden', 'patient-1', 'GET', `/requests/${id}/verification`);
  const rows = await get('buyer', `/requests/${id}/data`);
  assert.ok(rows.length >= 3);
  const as = async (format) => {
    const answer = await node.call('GET', `/requests/${id}/data?format=${format}`, { as: 'buyer' });
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };
  const csv = (await as('csv')).text.split('\r\n');
  assert.equal(csv.length, rows.length + 2);
  assert.equal(csv[0], '"index","category","year","age","gender","country","state","ethnicity",'
    + '"diagnosis","treatment","medications","lab_results"');
  const [{ fields }] = rows;
  const [lab] = fields.medical_data.lab_results;
  assert.ok(csv[1].startsWith(`"0","Cardiology","${fields.year}","${fields.demographics.age}"`), csv[1]);
  assert.ok(csv[1].includes(`${lab.system}|${lab.code}$${lab.value}|http://unitsofmeasure.org|${lab.unit}`), csv[1]);
  const entry = await get('buyer', `/requests/${id}/entries/0/tree`);
  checkTree(entry);
  assert.ok(entry.shown > 0 && entry.leaves.length === entry.shown && entry.nodes.every((node) => node.state !== 'hidden'));
  await fails(404, 'not-found', 'buyer', 'GET', `/requests/${id}/entries/99/tree`);
  await fails(403, 'forbidden', 'hospital', 'GET', `/requests/${id}/entries/0/tree`);
  const lines = (await as('ndjson')).text.trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines, rows);
  const bundle = JSON.parse((await as('fhir')).text);
  const urls = bundle.entry.map((entry) => entry.fullUrl);
  assert.equal(new Set(urls).size, urls.length);
  assert.equal(bundle.entry.filter(({ resource }) => resource.resourceType === 'Patient').length, rows.length);
  for (const { resource } of bundle.entry)
    if (resource.subject) assert.ok(urls.includes(resource.subject.reference));
  assert.equal((await node.call('GET', `/requests/${id}/data?format=xml`, { as: 'buyer' })).status, 400);
  for (const name of ['buyer', 'hospital', 'patient-1']) {
    await get(name, '/requests');
    await get(name, `/requests/${id}`);
    await get(name, `/contract/requests/${id}`);
  }
  await node.ok('POST', `/requests/${id}/finalize?dryRun=true`, { as: 'buyer', body: {} });
  const done = await post('buyer', `/requests/${id}/finalize`);
  assert.ok(done.paid.length > 0);
  await state('buyer', id, 'finalized');
  await get('buyer', `/contract/requests/${id}`);

  // What a sale paid is sent on from the account it was paid to.
  const [payout] = (await get('patient-2', '/accounts/payouts?limit=5')).filter((one) => one.requestId === id);
  const to = `0x${'5a'.repeat(20)}`;
  const has = async (account) => BigInt(await stage.chain.rpc('eth_getBalance', [account, 'latest']));
  assert.equal(await has(payout.address), BigInt(payout.balanceWei));
  assert.deepEqual(await get('patient-3', '/accounts/payouts'), []);
  await fails(403, 'forbidden', 'buyer', 'GET', '/accounts/payouts');
  await fails(404, 'not-found', 'patient-1', 'POST', '/accounts/collect', { payout: payout.address, to });
  await fails(404, 'not-found', 'patient-2', 'POST', '/accounts/collect', { payout: address['patient-2'], to });
  await fails(400, 'usage', 'patient-2', 'POST', '/accounts/collect', { payout: payout.address, to: payout.address });
  await fails(422, 'insufficient-funds', 'patient-2', 'POST', '/accounts/collect', { payout: payout.address, to, wei: payout.balanceWei });
  await post('patient-2', '/accounts/collect?dryRun=true', { payout: payout.address, to });
  await post('patient-2', '/accounts/collect', { payout: payout.address, to, wei: '7' });
  assert.equal(await has(to), 7n);
  const sent = await post('patient-2', '/accounts/collect', { payout: payout.address, to });
  assert.equal(await has(to), 7n + BigInt(sent.amountWei));
  const left = await has(payout.address);
  assert.ok(left < BigInt(payout.balanceWei) / 100n, `${left} of ${payout.balanceWei} wei are left`);
});

let disputed, opening;
test('a dispute, the rulings, a claim', async () => {
  // One patient alone, patient-3, who sold nothing before, is not asked: see docs/purchasing.md.
  const id = disputed = await stage.sell((asked) =>
    stage.everyoneAccepts(asked, ['patient-1', 'patient-2', 'patient-4']));
  const terms = { entries: [0, 1], reason: 'no such values' };
  await node.ok('POST', `/requests/${id}/dispute?dryRun=true`, { as: 'buyer', body: terms });
  await fails(422, 'check-failed', 'buyer', 'POST', `/requests/${id}/prove-invalid`, { entries: [0] });
  await post('buyer', `/requests/${id}/dispute`, terms);
  for (const name of ['gm', 'rm'])
    await until(`the evidence at ${name}`, async () => {
      const [row] = await get(name, '/disputes');
      return row?.withEvidence === 2;
    });
  await get('gm', `/disputes/${id}`);
  await get('buyer', `/disputes/${id}`);
  await get('hospital', `/disputes/${id}`);
  await get('buyer', `/requests/${id}`);
  await node.ok('POST', `/requests/${id}/rule?dryRun=true`, { as: 'gm', body: { verdict: 'fraud', entries: [0] } });
  await post('gm', `/requests/${id}/rule`, { verdict: 'fraud', entries: [0] });
  await get('gm', `/contract/requests/${id}`);
  const ruled = await soon('rm', `/requests/${id}/rule`, { verdict: 'fraud', entries: [0] });
  assert.equal(ruled.entries[0].status, 'fraud');
  await post('buyer', `/requests/${id}/verify`);
  await post('buyer', `/requests/${id}/finalize`);
  await stage.later(3 * HOUR + 10);
  const setCode = (code) => stage.chain.rpc('anvil_setCode', [address.buyer, code]);
  await fails(409, 'wrong-state', 'buyer', 'POST', '/accounts/withdraw', {});
  await setCode('0xfe'); // it takes no payment now: its bond is owed
  const claimed = await soon('hospital', `/requests/${id}/claim`, { entry: 1 });
  assert.ok(claimed.paid.length > 0);
  await setCode('0x');
  await state('buyer', id, 'finalized');
  const { creditWei } = await get('buyer', '/accounts/credit');
  assert.ok(BigInt(creditWei) > 0n);
  await post('buyer', '/accounts/withdraw?dryRun=true');
  assert.equal((await post('hospital', '/accounts/withdraw', { account: 'buyer' })).creditWei, creditWei);
  assert.equal((await get('buyer', '/accounts/credit')).creditWei, '0');
});

test('a complaint about a record', async () => {
  const [{ cid }] = await get('patient-1', '/records');
  await post('patient-1', '/complaints?dryRun=true', { record: cid, reason: 'not mine' });
  const { id } = await post('patient-1', '/complaints', { record: cid, reason: 'not mine' });
  await fails(403, 'forbidden', 'patient-1', 'POST', `/complaints/${id}/approve`, { agree: true });
  await fails(404, 'not-found', 'patient-2', 'GET', `/complaints/${id}`);
  await fails(404, 'not-found', 'buyer', 'POST', '/complaints', { record: cid, reason: 'curious' });
  const reached = async (name, state) => until(`the complaint to be ${state} at ${name}`, async () => {
    await post('gm', '/sync');
    return (await get(name, '/complaints')).some((row) => row.id === id && row.state === state);
  });
  await reached('gm', 'logged');
  await reached('rm', 'logged');
  await fails(409, 'wrong-state', 'rm', 'POST', `/complaints/${id}/approve`, { agree: true });
  await post('gm', `/complaints/${id}/approve?dryRun=true`, { agree: true });
  await post('gm', `/complaints/${id}/approve`, { agree: true });
  await reached('rm', 'asked');
  await post('rm', `/complaints/${id}/approve`, { agree: true });
  await reached('gm', 'opened');
  for (const name of ['gm', 'rm']) assert.equal((await get(name, `/complaints/${id}`)).passed, true);
  assert.equal((await get('patient-1', `/complaints/${id}`)).record, undefined);
  await until('the access log to tell', async () =>
    (await get('patient-1', '/access-log')).some((row) => row.event === 'complaint-opened'));
});

test('an opening that the buyer asks for, the token, the revocation, the trace', async () => {
  const asked = await soon('buyer', `/requests/${disputed}/open`, { entry: 0 });
  opening = asked.id;
  await get('buyer', '/openings');
  await soon('gm', `/openings/${opening}/approve`, { agree: true });
  await soon('rm', `/openings/${opening}/approve`, { agree: true });
  await until('the opening', async () => {
    await post('gm', '/sync');
    return (await get('gm', `/openings/${opening}`)).state === 'opened';
  });
  for (const name of ['rm', 'buyer']) await until(`the opening at ${name}`, async () => {
    await post('gm', '/sync');
    return (await get(name, `/openings/${opening}`)).state === 'opened';
  });
  for (const name of ['gm', 'rm', 'buyer']) {
    await get(name, '/openings');
    await get(name, `/openings/${opening}`);
  }
  const other = await post('gm', '/openings', { record: first, reason: 'complaint 17' });
  assert.equal(other.state, 'asked');
  await soon('rm', `/openings/${other.id}/approve`, { agree: false });
  await until('the refusal', async () =>
    (await get('gm', `/openings/${other.id}`)).state === 'declined');
  const [{ merkleRoot }] = await get('patient-2', '/records');
  const { message, signature, keyVersion } = await post('doctor', '/claims',
    { record: merkleRoot, purpose: 'p', nonce: `0x${'00'.repeat(32)}` });
  const third = await post('gm', '/openings', { message, signature, keyVersion, reason: 'complaint 18' });
  await soon('rm', `/openings/${third.id}/approve`, { agree: true });
  await until('the third opening', async () =>
    (await get('gm', `/openings/${third.id}`)).doctor?.wallet === address.doctor);

  await post('gm', `/openings/${opening}/reveal`);
  await soon('rm', `/openings/${opening}/reveal`);
  await get('patient-1', '/revocations');
  await soon('gm', '/revocations', { opening, reason: 'other' });
  await post('gm', '/revocations', { opening, withdraw: true });
  await post('gm', '/revocations', { opening, reason: 'fraud' });
  await soon('rm', '/revocations/publish?dryRun=true');
  await soon('rm', '/revocations/publish');
  await until('the list', async () => {
    await post('gm', '/sync');
    return (await get('patient-1', '/revocations')).published;
  });
  await until('the status to tell of it', async () =>
    (await node.ok('GET', '/status', { operator: true })).revocationList?.version === 1);
  assert.equal((await post('rm', '/revocations/publish')).done, true);
  await post('patient-1', '/trace');
  const traced = await post('gm', '/trace', { opening, onChain: true });
  assert.ok(traced.linked.length > 0);
});

test('the doctor claims a signature', async () => {
  const nonce = `0x${crypto.randomBytes(32).toString('hex')}`;
  const claim = await post('doctor', '/claims', { record: first, purpose: 'audit', nonce });
  const good = await post('patient-1', '/claims/verify', { claim, nonce, record: first });
  assert.equal(good.claimant, address.doctor);
  assert.equal(good.passed, true);
  const bad = await post('patient-1', '/claims/verify', { claim, nonce: `0x${'11'.repeat(32)}` });
  assert.equal(bad.passed, false);
});

test('evidence is forgotten, requests run out', async () => {
  await until('the evidence to be free', async () => {
    const done = await node.call('DELETE', `/disputes/${disputed}/evidence`, { as: 'gm' });
    return done.status === 200;
  });
  await get('gm', `/disputes/${disputed}`);
  const { requestId } = await post('buyer', '/requests', { template, replyWindow: HOUR });
  await fails(409, 'wrong-state', 'buyer', 'POST', `/requests/${requestId}/expire`, {});
  await stage.later(2 * HOUR);
  await soon('buyer', `/requests/${requestId}/expire`);
  await get('buyer', `/requests/${requestId}`);
});

test('transactions, gas, notifications', async () => {
  const all = await get('gm', '/transactions?limit=1000');
  const page = await get('gm', '/transactions?limit=2&offset=1');
  assert.deepEqual(page, all.slice(1, 3));
  await get('gm', '/transactions?workflow=setup&status=succeeded&role=gm&operation=proposeGroupKey');
  const csv = await node.call('GET', '/transactions?format=csv', { as: 'gm' });
  assert.equal(csv.text.trim().split('\r\n').length, all.length + 1);
  assert.deepEqual(await get('gm', '/transactions?format=json-all&workflow=setup&limit=1'),
    all.filter((row) => row.workflow === 'setup').toReversed());
  const mined = all.filter((row) => row.gasUsed !== undefined);
  const sum = (rows, name) => rows.reduce((total, row) => total + BigInt(row[name]), 0n);
  for (const rows of [await get('gm', '/gas/report'), await get('gm', '/gas/history'), await get('gm', '/gas/history?by=hour'),
    await get('gm', '/gas/history?by=month')]) {
    assert.equal(sum(rows, 'count'), BigInt(mined.length));
    assert.equal(sum(rows, 'totalWei'), sum(mined, 'totalWei'));
    assert.equal(sum(rows, 'gasTotal'), sum(mined, 'gasUsed'));
    assert.equal(sum(rows, 'gasEstimateTotal'), sum(mined, 'gasEstimate'));
  }
  await fails(400, 'usage', 'gm', 'GET', '/gas/history?by=year');
});

test('what gas will cost comes from what was measured', async () => {
  const prices = await get('gm', '/gas/prices');
  const price = BigInt(prices.baseFeeWei) + BigInt(prices.slow.priorityFeeWei);
  const measured = await get('gm', '/gas/measured');
  const documented = fs.readFileSync(path.join(root, 'docs/gas.md'), 'utf8');
  for (const { call, gas } of measured) assert.ok(documented.includes(`| ${call} | ${gas.toLocaleString('en')} |`), call);
  const gasOf = (call) => measured.find((row) => row.call === call).gas;
  const cost = await get('gm', '/gas/cost?call=storeData&count=3');
  assert.equal(cost.gas, 3 * gasOf('storeData'));
  assert.ok(BigInt(cost.wei.slow) > 0n && BigInt(cost.wei.slow) <= BigInt(cost.gas) * price * 2n);
  assert.ok(BigInt(cost.wei.fast) >= BigInt(cost.wei.average) && BigInt(cost.wei.average) >= BigInt(cost.wei.slow));
  await fails(404, 'not-found', 'gm', 'GET', '/gas/cost?call=nothing');
  await fails(400, 'usage', 'gm', 'GET', '/gas/cost');
  await fails(400, 'usage', 'gm', 'GET', '/gas/cost?call=storeData&count=0');
  const sizes = await get('gm', '/gas/projection');
  assert.deepEqual(sizes.map((one) => one.name), ['small clinic', 'medium hospital', 'large hospital']);
  const [month] = await get('gm', '/gas/projection?records=250&batch=150&sales=2&entries=30');
  assert.equal(month.hospitalGas, 250 * gasOf('storeBatch(100), a record') + 2 * gasOf('reply')
    + 60 * (gasOf('deliver of 20 with the seal, an entry') + gasOf('claim of 1 in 400, later')));
  assert.equal(month.buyerGas, 2 * (gasOf('requestWithTerms') + gasOf('finalize without recipients')));
  for (const one of [...sizes, month]) {
    for (const payer of ['hospital', 'buyer'])
      assert.equal(one.calls.filter((row) => row.payer === payer).reduce((total, row) => total + row.gas, 0), one[`${payer}Gas`]);
    for (const row of one.calls) assert.equal(row.gas, row.count * gasOf(row.call));
  }
  const [most] = await get('gm', '/gas/projection?records=10000000&sales=100000&entries=12800');
  assert.ok(Number.isSafeInteger(most.hospitalGas));
  await fails(400, 'usage', 'gm', 'GET', '/gas/projection?sales=100001');
});

test('notifications', async () => {
  const news = await get('patient-1', '/notifications');
  assert.ok(news.length > 0);
  await node.ok('POST', '/notifications/seen', { as: 'patient-1', body: { upTo: news[0].id } });
  assert.ok((await get('patient-1', '/notifications')).every((row) => row.seen));
  await get('patient-1', '/notifications?after=1&limit=1');
});

test('sessions: by password, by wallet, their end', async () => {
  const signIn = (identity, password) => node.call('POST', '/session', { body: { identity, password } });
  const answer = await signIn('clerk', 'a password of its own');
  assert.equal(answer.status, 200);
  const cookie = answer.headers.get('set-cookie').split(';')[0];
  assert.equal((await node.ok('GET', '/session', { cookie })).role, 'patient');
  assert.deepEqual(await node.ok('GET', '/records', { cookie }), []);
  assert.equal((await node.call('DELETE', '/session', { cookie })).status, 204);
  assert.equal((await node.call('GET', '/records', { cookie })).json.code, 'unauthorized');

  const { host } = new URL(node.url);
  const { nonce } = await node.ok('POST', '/session/nonce');
  const message = [`${host} wants you to sign in with your Ethereum account:`, wallet.address, '',
    `URI: http://${host}`, 'Version: 1', 'Chain ID: 31337', `Nonce: ${nonce}`,
    `Issued At: ${new Date().toISOString()}`].join('\n');
  const body = { message, signature: await wallet.signMessage(message) };
  assert.equal((await node.ok('POST', '/session/wallet', { body })).identity, wallet.address);
  assert.equal((await node.call('POST', '/session/wallet', { body })).json.code, 'check-failed');

  for (let i = 0; i < 5; i++)
    assert.equal((await signIn('clerk', 'wrong')).json.code, 'wrong-password');
  assert.equal((await signIn('clerk', 'a password of its own')).json.code, 'rate');
});

test('the event stream', async () => {
  const stop = new AbortController();
  const stream = await fetch(`${node.url}/api/v1/events`, { signal: stop.signal,
    headers: { authorization: `Bearer ${node.token}`, 'galen-identity': 'doctor' } });
  node.checkAnswer(findOperation('GET', '/api/v1/events'),
    { status: stream.status, headers: stream.headers, text: '' });
  node.seen.add('GET /api/v1/events 200');
  let got = '';
  const read = (async () => {
    for await (const chunk of stream.body) got += Buffer.from(chunk).toString();
  })().catch(() => {});
  await until('ready', () => got.includes('event: ready\n'));
  await post('patient-2', '/shares', { record: (await get('patient-2', '/records'))[0].merkleRoot, doctor: 'doctor' });
  const event = await until('the share', () => /id: (\d+)\nevent: notification\ndata: (.*)\n\n/.exec(got));
  const told = JSON.parse(event[2]);
  assert.deepEqual([told.kind, String(told.id)], ['share-received', event[1]]);
  const [newest] = await get('doctor', '/notifications?limit=1');
  assert.equal(newest.id, told.id);
  stop.abort();
  await read;
});

test('what is refused, and how', async () => {
  await fails(400, 'usage', 'patient-1', 'GET', '/transactions?limit=0');
  await fails(400, 'usage', 'patient-1', 'GET', '/transactions?limits=1');
  await fails(400, 'usage', 'patient-1', 'GET', '/transactions?limit=1&limit=2');
  await fails(400, 'usage', 'patient-1', 'GET', '/transactions?format=xml');
  await fails(400, 'usage', 'buyer', 'POST', '/accounts/pay?dryrun=true', { to: 'gm', wei: '1' });
  await fails(400, 'usage', 'buyer', 'POST', '/accounts/pay?dryRun=yes', { to: 'gm', wei: '1' });
  await fails(400, 'usage', 'patient-1', 'POST', '/profile/card?dryRun=true', {});
  await fails(400, 'malformed', 'patient-1', 'POST', `/records/${first}/verify`, { more: 1 });
  await fails(400, 'malformed', 'gm', 'POST', `/openings/${opening}/approve`, {});
  await fails(400, 'usage', 'buyer', 'GET', '/requests/x');
  await fails(403, 'forbidden', 'patient-1', 'POST', '/group/propose', {});
  await fails(403, 'forbidden', 'patient-1', 'GET', '/group/registry');
  await fails(404, 'not-found', 'nobody', 'GET', '/records');
  await fails(404, 'not-found', 'buyer', 'GET', '/requests/999');
  await fails(404, 'not-found', 'buyer', 'GET', '/nothing');
  await fails(405, 'method', 'buyer', 'POST', '/health', {});
  for (const [method, target, allow] of [['POST', '/health', 'GET, HEAD'], ['PATCH', '/session', 'GET, HEAD, POST, DELETE'],
    ['GET', '/records/relay', 'POST']])
    assert.equal((await node.call(method, target, { as: 'buyer' })).headers.get('allow'), allow);
  await fails(422, 'insufficient-funds', 'patient-3', 'POST', '/accounts/pay', { to: 'gm', wei: '1' });
  assert.equal((await node.call('GET', '/status')).json.code, 'unauthorized');
  assert.equal((await node.call('GET', '/records', { operator: true })).json.code, 'error');
  assert.equal((await node.call('POST', '/accounts',
    { operator: true, body: { name: 'buyer', role: 'buyer' } })).json.code, 'exists');
  const short = { name: 'newcomer', role: 'buyer', password: 'short' };
  assert.equal((await node.call('POST', '/accounts', { operator: true, body: short })).json.code, 'usage');
  await fails(404, 'not-found', 'newcomer', 'GET', '/records');
  assert.equal((await node.call('POST', '/sync', { as: 'gm', body: 'x',
    headers: { 'content-type': 'text/plain' } })).json.code, 'media-type');
  assert.equal((await node.call('GET', '/records',
    { as: 'gm', headers: { origin: 'http://evil.example' } })).json.code, 'forbidden');
  const elsewhere = await new Promise((resolve, reject) => {
    http.get(`${node.url}/api/v1/health`, { headers: { host: 'evil.example' } }, async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      resolve({ status: answer.statusCode, headers: new Headers(answer.headers), text, json: JSON.parse(text) });
    }).on('error', reject);
  });
  node.checkAnswer(findOperation('GET', '/api/v1/health'), elsewhere);
  assert.equal(elsewhere.json.code, 'host');
});

// Nothing is decrypted when it comes: that it is a sealed message is all that is asked.
test('what other nodes ask for', async () => {
  const { publicKey } = await jose.generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256' });
  const sealed = await new jose.CompactEncrypt(Buffer.alloc(4096, ' ')).setProtectedHeader(
    { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: 'galen.message/1' }).encrypt(publicKey);
  const headers = { 'content-type': 'application/jose' };
  const leave = (body, to = stage.address.doctor) => node.call('POST', `/inbox/${to}`, { body, headers });
  const taken = await leave(sealed);
  assert.equal(taken.status, 202, taken.text);
  assert.equal(taken.json.digest, `0x${crypto.createHash('sha256').update(sealed).digest('hex')}`);
  assert.equal((await leave(sealed)).status, 200);
  assert.equal((await leave('not a message')).status, 400);
  assert.equal((await leave(sealed, Wallet.createRandom().address)).status, 404);
  assert.equal((await leave('x'.repeat((1 << 20) + 1))).status, 413);
  // The revocation list is published; what is not here, or not published, is not found.
  const { revocationList } = await get('buyer', '/contract');
  const block = await node.call('GET', `/ipfs/${revocationList.cid}?format=raw`);
  assert.equal(block.status, 200, block.text);
  assert.match(block.headers.get('cache-control'), /immutable/);
  assert.equal((await node.call('GET', `/ipfs/bafkrei${'a'.repeat(52)}?format=raw`)).status, 404);
  assert.equal((await node.call('GET', '/ipfs/nonsense')).status, 400);
});

test('a browser wallet registers itself, and is asked by intents', async () => {
  const page = new Page(node, new BrowserWallet(stage.chain));
  assert.equal((await node.ok('GET', '/session')).registration, true);
  assert.equal((await page.signIn()).json.code, 'not-found');
  assert.equal((await page.signIn({ name: 'boss', role: 'gm' })).json.code, 'usage');
  assert.equal((await page.signIn({ name: 'wanda', role: 'patient' })).status, 200);
  const asked = (await page.call('POST', '/profile/card', {})).json;
  assert.equal(asked.code, 'wallet');
  assert.deepEqual((await page.get('/intents?state=open')), [asked.intent]);
  assert.equal((await page.call('DELETE', `/intents/${asked.intent.id}`)).json.state, 'cancelled');
  assert.equal((await page.get(`/intents/${asked.intent.id}`)).state, 'cancelled');
  assert.equal((await page.post('/profile/card', {})).profile.address, page.wallet.address);
  // Its name is its own word: others reach it by its address.
  await fails(404, 'not-found', 'patient-1', 'GET', '/contacts/wanda');
  await fails(404, 'not-found', 'buyer', 'POST', '/accounts/pay?dryRun=true', { to: 'wanda', wei: '1' });
  assert.equal((await get('patient-1', `/contacts/${page.wallet.address}`)).name, 'wanda');
  // The one that the operator lets in was that.
  const other = new Page(node, new BrowserWallet(stage.chain));
  const late = await other.signIn({ name: 'walter', role: 'patient' });
  assert.equal(late.status, 429);
  assert.match(late.json.detail, /no more accounts/);
});

test('long lists come in pages', async () => {
  for (const [as, target] of [['patient-1', '/records'], ['patient-1', '/shares'], ['buyer', '/requests'],
    ['patient-1', '/consents'], ['gm', '/group/members'], ['patient-1', '/access-log']]) {
    const all = await get(as, `${target}?limit=1000`);
    assert.ok(all.length > 0, target);
    const parts = [];
    for (let offset = 0; offset <= all.length; offset++)
      parts.push(...await get(as, `${target}?limit=1&offset=${offset}`));
    assert.equal(parts.length, all.length, target);
    const key = (row) => JSON.stringify([row.cid, row.cidShare, row.requestId, row.record, row.wallet, row.time, row.event]);
    assert.deepEqual(parts.map(key), all.map(key), target);
    await fails(400, 'usage', as, 'GET', `${target}?limit=0`);
  }
});

test('every operation was used, and worked', () => {
  const worked = new Set([...node.seen].filter((one) => / 2\d\d$/.test(one)).map((one) => one.slice(0, -4)));
  // An entry that is provably invalid takes a forger: tests/cli/fraud.test.mjs.
  worked.add('POST /api/v1/requests/{requestId}/prove-invalid');
  assert.deepEqual(operations.map((one) => `${one.method} ${one.path}`).filter((one) => !worked.has(one)), []);
});

test('without the chain', async () => {
  await stage.stopChain();
  await fails(502, 'network', 'buyer', 'GET', '/contract');
  await fails(502, 'network', 'buyer', 'POST', '/profile', {});
  assert.ok((await get('buyer', '/requests')).every((row) => row.problem));
  assert.equal((await get('buyer', '/accounts'))[0].balanceWei, undefined);
  assert.equal((await node.ok('GET', '/status', { operator: true })).chain.reachable, false);
  await until('a bad state of health', async () => (await node.call('GET', '/health')).status === 503);
});
