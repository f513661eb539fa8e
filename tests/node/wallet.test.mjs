// Identities whose wallets are in browsers do everything: GM, RM, hospital, doctor and buyer by intents alone,
// over HTTP. Every answer is held against docs/openapi.yaml.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Home, makeFolder, makeRecord, startChain } from '../cli/galen.mjs';
import { Node } from './node.mjs';
import { until } from './serve.mjs';
import { HOUR, template } from './stage.mjs';
import { BrowserWallet, Page } from './wallet.mjs';

const roles = ['gm', 'rm', 'hospital', 'doctor', 'buyer'], wallets = [...roles, 'patient-2'];
const patients = ['patient-1', 'patient-2'];
const pages = {}, address = {};
let folder, chain, home, node;

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  home = new Home(folder, 'home');
  home.make({ rpc: chain.url });
  for (const name of wallets) {
    const wallet = new BrowserWallet(chain);
    pages[name] = new Page(undefined, wallet);
    const role = roles.includes(name) ? name : 'patient';
    address[name] = home.ok('account', 'new', name, '--role', role, '--wallet', wallet.address).address;
    assert.equal(address[name], wallet.address);
    await chain.rpc('anvil_setBalance', [wallet.address, '0x8ac7230489e80000']);
  }
  // The contract, by the GM's wallet and the command line.
  const asked = home.run('contract', 'deploy');
  assert.equal(asked.code, 1);
  assert.equal(asked.json.error.code, 'wallet');
  assert.match(asked.err, /intent [0-9a-f]{32}/);
  const { hash } = await pages.gm.wallet.answer(asked.json.error.intent);
  assert.equal(home.ok('intent', 'answer', asked.json.error.intent.id, '--hash', hash).state, 'done');
  address.contract = home.ok('contract', 'deploy').contract;
  node = await Node.start(home);
  for (const name of wallets) {
    pages[name].node = node;
    assert.equal((await pages[name].signIn()).status, 200);
  }
  address['patient-1'] = (await node.ok('POST', '/accounts',
    { operator: true, body: { name: 'patient-1', role: 'patient' } })).identity;
});
after(async () => {
  await node?.stop();
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const sentTwice = async () => {
  for (const role of roles) {
    const sent = Number(await chain.rpc('eth_getTransactionCount', [address[role], 'latest']));
    const rows = await pages[role].get('/transactions?limit=1000');
    assert.equal(rows.filter((row) => row.status !== 'dropped').length, sent, role);
  }
};

test('who has which wallet', async () => {
  const rows = home.ok('account', 'list');
  assert.deepEqual(Object.fromEntries(rows.map((row) => [row.name, row.wallet])),
    { ...Object.fromEntries(wallets.map((name) => [name, 'browser'])), 'patient-1': 'home' });
  assert.equal((await pages.buyer.get('/session')).wallet, 'browser');
});

test('GM and RM set the group up, a doctor joins, the registry is countersigned', async () => {
  await pages.gm.soon('/group/setup', { rm: 'rm' });
  assert.equal(pages.gm.wallet.asked.filter((one) => one === 'eth_signTypedData_v4').length, 1); // NodeKey
  await pages.rm.soon('/group/setup');
  await pages.gm.soon('/group/propose');
  await pages.rm.soon('/group/confirm');
  await pages.gm.soon('/group/hospitals', { hospital: 'hospital', accredited: true });
  await pages.gm.soon('/group/invitations', { doctor: 'doctor' });
  await pages.doctor.soon('/group/join', { licence: 'licence 1' });
  await pages.gm.soon('/group/approvals', { doctor: 'doctor' });
  await pages.gm.soon('/group/commit');
  await pages.rm.soon('/group/countersign');
  await until('the registry to be committed', async () => {
    const done = await pages.gm.soon('/group/commit');
    return done.tx || done.done;
  });
  await sentTwice();
});

test('a doctor stores records, the hospital relays them', async () => {
  for (const name of patients)
    await pages.doctor.soon('/records', { record: makeRecord(address[name], address.hospital, { notes: name }),
      releases: 3 });
  // The watcher has the wallet asked; the page is told.
  await until('the hospital to be told', async () => (await pages.hospital.get('/notifications'))
    .some((row) => row.kind === 'wallet'));
  await until('the records to be anchored', async () => {
    await pages.hospital.soon('/records/relay');
    const lists = [await node.ok('GET', '/records', { as: 'patient-1' }), await pages['patient-2'].get('/records')];
    return lists.every((list) => list.length > 0 && list.every((row) => row.state === 'anchored'));
  });
  await sentTwice();
});

// A request, up to its delivery.
async function sell() {
  const { requestId } = await pages.buyer.post('/requests',
    { template: { ...template, min_records: 2 }, maxRecords: 10, verifyWindow: HOUR, ruleWindow: 2 * HOUR });
  await pages.hospital.soon(`/requests/${requestId}/reply`, { k: 2 });
  await pages.hospital.soon(`/requests/${requestId}/ask`);
  await until('patient-1 to agree', async () => (await node.call('POST',
    `/requests/${requestId}/consent`, { as: 'patient-1', body: { accept: true } })).status === 200);
  await pages['patient-2'].soon(`/requests/${requestId}/consent`, { accept: true, keepKey: true });
  await until('two answers', async () => {
    const dry = await pages.hospital.call('POST', `/requests/${requestId}/deliver?dryRun=true`, {});
    return dry.status === 200 && dry.json.entries === 2;
  });
  await pages.hospital.soon(`/requests/${requestId}/deliver`);
  await until('the delivery to be seen', async () =>
    (await pages.buyer.get(`/requests/${requestId}`)).state === 'filled');
  return requestId;
}

test('a buyer requests, a hospital replies and delivers, the buyer verifies and pays', async () => {
  const requestId = await sell();
  // The key that a patient kept leaves without its wallet.
  const asked = pages['patient-2'].wallet.asked.length;
  await until('the key', async () => (await pages.buyer.get(`/requests/${requestId}`)).keys?.awaited === 0);
  assert.equal(pages['patient-2'].wallet.asked.length, asked);
  assert.deepEqual(await pages['patient-2'].get('/intents').then((list) => list.filter((one) => one.state === 'open')), []);
  const verified = await pages.buyer.soon(`/requests/${requestId}/verify`);
  assert.ok(verified.passed, JSON.stringify(verified));
  const paid = await pages.buyer.soon(`/requests/${requestId}/finalize`);
  assert.equal(paid.state, 'finalized');
  // Made again, it says so.
  assert.match((await pages.buyer.post(`/requests/${requestId}/finalize`)).note, /before/);
  await sentTwice();
});

test('a dispute, its ruling, who signed, and a revocation', async () => {
  const requestId = await sell();
  await pages.buyer.soon(`/requests/${requestId}/verify`);
  await pages.buyer.soon(`/requests/${requestId}/dispute`, { reason: 'values that cannot be' });
  for (const manager of ['gm', 'rm'])
    await pages[manager].soon(`/requests/${requestId}/rule`, { verdict: 'fraud' });
  const { id } = await pages.buyer.soon(`/requests/${requestId}/open`, { entry: 0 });
  for (const manager of ['gm', 'rm']) {
    await until(`${manager} to know of it`, async () => (await pages[manager].get('/openings'))
      .some((row) => row.id === id));
    await pages[manager].soon(`/openings/${id}/approve`, { agree: true });
  }
  const shown = await until('the result', async () => {
    const row = await pages.buyer.get(`/openings/${id}`);
    return row.state === 'opened' && row;
  });
  assert.equal(shown.doctor.wallet, address.doctor);
  await pages.gm.soon(`/openings/${id}/reveal`);
  await pages.rm.soon(`/openings/${id}/reveal`);
  await until('the token', async () => (await pages.gm.get(`/openings/${id}`)).token);
  await pages.gm.soon('/revocations', { opening: id, reason: 'fraud' });
  const published = await pages.rm.soon('/revocations/publish');
  assert.equal(published.entries, 1);
  assert.equal((await pages.buyer.get('/revocations')).version, published.version);
  await sentTwice();
});

// kill -9, and everybody signs in again.
async function kill() {
  await node.stop('SIGKILL');
  node = await Node.start(home);
  for (const role of roles) {
    pages[role].node = node;
    assert.equal((await pages[role].signIn()).status, 200);
  }
}

test('a request that nobody answers is taken back, the node killed on the way', async () => {
  const { buyer } = pages;
  const body = { template, replyWindow: HOUR };
  const before = (await buyer.get('/requests')).length;
  // Between the intent and the hash.
  const { intent } = (await buyer.call('POST', '/requests', body)).json;
  const { hash } = await buyer.wallet.answer(intent);
  await kill();
  assert.equal((await buyer.call('POST', `/intents/${intent.id}`, { hash })).json.state, 'done');
  const { requestId } = await buyer.post('/requests', body);
  assert.equal((await buyer.get('/requests')).length, before + 1);
  await chain.rpc('evm_increaseTime', [HOUR + 1]);
  await chain.rpc('evm_mine');
  // Between the hash and the receipt.
  const asked = (await buyer.call('POST', `/requests/${requestId}/expire`, {})).json.intent;
  await chain.rpc('evm_setAutomine', [false]);
  assert.equal((await buyer.call('POST', `/intents/${asked.id}`, await buyer.wallet.answer(asked))).json.state, 'sent');
  await kill();
  const waits = (await buyer.call('POST', `/requests/${requestId}/expire`, {})).json;
  assert.deepEqual([waits.code, waits.intent.id, waits.intent.state], ['wallet', asked.id, 'sent']);
  await chain.rpc('evm_setAutomine', [true]);
  await chain.rpc('evm_mine');
  const refunded = await buyer.soon(`/requests/${requestId}/expire`);
  assert.equal(refunded.state, 'refunded');
  await sentTwice();
});
