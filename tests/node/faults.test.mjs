// A running node while what it stands on fails: the chain's endpoint is down, slow, answers nonsense or
// loses its answers, allows 500 blocks a question, reorganises; Kubo is down, slow, refuses, lies. Each
// time /health says which part it is, who asks gets a clear problem, nothing is lost or done twice,
// and the node comes back by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../cli/galen.mjs';
import { FakeKubo } from './kubo.mjs';
import { Stage, template } from './stage.mjs';
import { until } from './serve.mjs';

let stage, kubo, proxy;
const chain = (kind) => {
  // In one step: the endpoint reads it for every request.
  fs.writeFileSync(`${proxy.file}.new`, kind);
  fs.renameSync(`${proxy.file}.new`, proxy.file);
};

// An endpoint before the stage's chain, which does as its file says.
async function startProxy(url, folder) {
  const file = path.join(folder, 'endpoint');
  fs.writeFileSync(file, 'good');
  const child = spawn(process.execPath, [path.join(root, 'tests/workflow/faulty_rpc.mjs'), url, file],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(`${data}`.trim())));
  return { file, child, url: `http://127.0.0.1:${port}` };
}

const health = () => stage.node.call('GET', '/health');
const wellAgain = (ms = 60000) => until('/health to be ok', async () => {
  const { status, json } = await health();
  return status === 200 && json.status === 'ok' && json;
}, ms);
// Until that part tells of that; what is said of the other parts is returned too.
const ill = (part, what, ms = 30000) => until(`/health to tell of ${part}: ${what}`, async () => {
  const { status, json } = await health();
  return what.test(json[part].problem ?? '') && status === 503 && json;
}, ms);
const problem = async (as, method, target, body, wanted, what) => {
  const answer = await stage.node.call(method, target, { as, body });
  assert.equal(answer.status, wanted, answer.text);
  assert.equal(answer.headers.get('content-type').split(';')[0], 'application/problem+json');
  assert.match(`${answer.json.detail} ${answer.json.hint ?? ''}`, what);
};
const logs = () => stage.chain.rpc('eth_getLogs',
  [{ address: stage.address.contract, fromBlock: '0x0', toBlock: 'latest' }]);
const anchored = (patient, n) => until(`${patient} to have ${n} records`, async () => {
  const list = await stage.get(patient, '/records');
  assert.ok(list.length <= n);
  return list.length === n && list.every((row) => row.state === 'anchored') && list;
}, 60000);
const store = (patient) => stage.soon('doctor', '/records', { record: stage.record(patient), releases: 2 });
const blockFiles = () => fs.readdirSync(path.join(stage.home.dir, 'blocks'), { recursive: true })
  .filter((name) => /^..\/bafk/.test(name));

before(async () => {
  kubo = await FakeKubo.start();
  stage = await Stage.start(async (home, folder) => {
    const file = path.join(home.dir, 'config.json');
    const config = JSON.parse(fs.readFileSync(file, 'utf8'));
    proxy = await startProxy(config.rpc, folder);
    fs.writeFileSync(file, JSON.stringify({ ...config, rpc: proxy.url, ipfs: kubo.url }));
    chain('down'); // the node starts with nothing there
    kubo.mode = 'down';
  });
});
after(async () => {
  await stage?.stop();
  proxy?.child.kill();
  await kubo?.stop();
});

test('it starts while neither chain nor Kubo is there', async () => {
  const both = await ill('chain', /cannot|no answer|empty|closed/i);
  assert.equal(both.status, 'starting');
  assert.equal(both.chain.reachable, false);
  const store = await ill('store', /Kubo/);
  assert.equal(store.store.good, false);
  assert.equal(store.database.good, true);
  chain('good');
  kubo.mode = 'good';
  const now = await wellAgain();
  assert.equal(now.chain.reachable, true);
  assert.equal(now.store.good, true);
  await stage.makePeople();
  await stage.setUpGroup();
});

for (const [kind, what] of [['down', /chain/], ['garbage', /JSON-RPC/], ['html', /502|JSON-RPC/],
  ['other-shape', /proper|endpoint|answer/]]) {
  test(`the endpoint is faulty: ${kind}`, async () => {
    const before = (await stage.get('patient-1', '/records')).length;
    chain(kind);
    const told = await ill('chain', what);
    assert.equal(told.chain.reachable, false);
    assert.equal(told.status, 'degraded');
    assert.equal(told.store.problem, undefined);
    assert.equal(told.database.problem, undefined);
    // What needs the chain says so; what is here is here.
    await problem('buyer', 'POST', '/requests', { template, maxRecords: 3 }, 502, what);
    assert.equal((await stage.get('patient-1', '/records')).length, before);
    chain('good');
    await wellAgain();
    await store('patient-1');
    await anchored('patient-1', before + 1);
  });
}

test('the endpoint is slow', async () => {
  chain('slow 3000');
  const told = await ill('chain', /slowly/);
  assert.equal(told.store.problem, undefined);
  chain('slow 500');
  const { requestId } = await stage.post('buyer', '/requests', { template, maxRecords: 3 });
  assert.ok(requestId !== undefined);
  chain('good');
  await wellAgain();
});

test('the endpoint takes a transaction and its answer is lost', async () => {
  const sent = async () => Number(await stage.chain.rpc('eth_getTransactionCount', [stage.address.buyer, 'latest']));
  const before = await sent();
  chain('lost-answer');
  const answer = await stage.node.call('POST', '/requests', { as: 'buyer', body: { template, maxRecords: 3 } });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.code, 'network');
  chain('good');
  await wellAgain();
  const rows = await until('the transaction to be followed up', async () => {
    const list = await stage.get('buyer', '/transactions?limit=100');
    return list.every((row) => row.status === 'succeeded') && list;
  });
  assert.equal(await sent(), before + 1, answer.text);
  assert.equal(rows.length, before + 1);
  const made = rows.filter((row) => row.operation === rows[0].operation).length;
  await until('the requests to be read', async () => (await stage.get('buyer', '/requests')).length === made);
});

test('the endpoint allows 500 blocks a question', async () => {
  chain('down');
  await ill('chain', /chain/);
  // What happens meanwhile lies far back when the node asks again.
  await stage.chain.rpc('anvil_mine', ['0x6a4']);
  chain('cap 500');
  const now = await wellAgain();
  assert.ok(now.chain.block >= 1700);
  const count = (await stage.get('patient-2', '/records')).length;
  await store('patient-2');
  await anchored('patient-2', count + 1);
  chain('good');
});

test('five blocks are reorganised', async () => {
  const count = (await stage.get('patient-3', '/records')).length;
  await store('patient-3');
  await anchored('patient-3', count + 1);
  const before = (await logs()).length;
  await stage.chain.rpc('anvil_mine', ['0x3']);
  await wellAgain();
  const said = stage.node.server.said().length;
  await stage.chain.rpc('anvil_reorg', [5, []]);
  await until('the reorganisation to be seen', () => /reorganised/.test(stage.node.server.said().slice(said)));
  await until('the events to be there again', async () => (await logs()).length === before);
  await anchored('patient-3', count + 1);
  await wellAgain();
});

test('Kubo is down: work goes on, and it gets all', async () => {
  kubo.mode = 'down';
  const idle = await ill('store', /Kubo/);
  assert.equal(idle.chain.problem, undefined);
  assert.equal(idle.chain.reachable, true);
  const count = (await stage.get('patient-4', '/records')).length;
  await store('patient-4');
  await anchored('patient-4', count + 1);
  const waiting = await until('blocks to wait', async () => {
    const { json } = await health();
    return json.store.waiting > 0 && json.store;
  });
  assert.equal(waiting.good, false);
  kubo.mode = 'good';
  const now = await wellAgain();
  assert.equal(now.store.waiting, 0);
  for (const name of blockFiles()) assert.ok(kubo.blocks.has(path.basename(name)), name);
});

test('Kubo does not answer: nobody waits for it', async () => {
  kubo.mode = 'hang';
  const begun = performance.now();
  const count = (await stage.get('patient-1', '/records')).length;
  await store('patient-1');
  await anchored('patient-1', count + 1);
  assert.ok(performance.now() - begun < 15000, 'its time-out is 20 s');
  const told = await ill('store', /slowly|Kubo/);
  assert.equal(told.chain.problem, undefined);
  kubo.letGo();
  kubo.mode = 'good';
  assert.equal((await wellAgain()).store.waiting, 0);
});

test('Kubo refuses, or names blocks otherwise', async () => {
  for (const [mode, what] of [['refuse', /disk full/], ['other-cid', /calls block/], ['html', /Kubo/]]) {
    kubo.mode = mode;
    const count = (await stage.get('patient-2', '/records')).length;
    await store('patient-2');
    await anchored('patient-2', count + 1);
    const told = await ill('store', what);
    assert.equal(told.chain.problem, undefined);
    kubo.mode = 'good';
    assert.equal((await wellAgain()).store.waiting, 0);
  }
});

test('Kubo sends other bytes: they are not taken, and /health tells', async () => {
  const [{ merkleRoot }] = await stage.get('patient-3', '/records');
  const shown = await stage.get('patient-3', `/records/${merkleRoot}`);
  for (const name of blockFiles()) fs.rmSync(path.join(stage.home.dir, 'blocks', name));
  kubo.mode = 'lie';
  await problem('patient-3', 'GET', `/records/${merkleRoot}`, undefined, 404, /other bytes/);
  const told = await ill('store', /other bytes/);
  assert.equal(told.chain.problem, undefined);
  kubo.mode = 'good';
  await wellAgain();
  // Who had not the block is asked again after a minute.
  await until('the record to be there again', async () => {
    const answer = await stage.node.call('GET', `/records/${merkleRoot}`, { as: 'patient-3' });
    if (answer.status === 200) assert.deepEqual(answer.json.record, shown.record);
    return answer.status === 200;
  }, 90000);
});

test('nothing in the log that should not be there', () => {
  assert.doesNotMatch(stage.node.server.said(), /level=broken/);
});
