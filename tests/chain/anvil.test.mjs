// src/chain's JSON-RPC client against a real Anvil, and against servers that are none.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import readline from 'node:readline';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Interface, id } from 'ethers';
import { startTool } from './tool.mjs';

const root = process.env.GALEN_SOURCE_ROOT;
// Anvil's first two accounts, from its public mnemonic.
const [rich, other] = [
  ['0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'],
  ['0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d', '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
].map(([secret, address]) => ({ secret, address }));
const poor = { secret: `0x${'11'.repeat(32)}`, address: '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A' };
const face = new Interface(JSON.parse(fs.readFileSync(process.env.PROBE_ARTIFACT, 'utf8')).abi);
const LIMIT = { timeout: 60000 };

let anvil, url, probe;
const tool = startTool();

async function startAnvil(...args) {
  const require = createRequire(`${root}/package.json`);
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  const program = `${require.resolve(`@foundry-rs/anvil-linux-${cpu}/package.json`).replace(/package\.json$/, '')}bin/anvil`;
  const child = spawn(program, ['--port', '0', '--hardfork', 'prague', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const at = /Listening on 127\.0\.0\.1:(\d+)/.exec(line);
    if (at) return { child, url: `http://127.0.0.1:${at[1]}` };
  }
  throw new Error('Anvil does not start');
}
const stop = (child) => new Promise((resolve) => { child.once('exit', resolve); child.kill(); });

before(async () => {
  anvil = await startAnvil();
  url = anvil.url;
}, LIMIT);
after(async () => {
  if (anvil) await stop(anvil.child);
  assert.equal(await tool.close(), 0);
});

const ask = (request) => tool.run({ url, ...request });
async function good(request) {
  const answer = await ask(request);
  assert.equal(answer.error, undefined, `${request.op}: ${answer.what} (${answer.hint})`);
  return answer;
}
const encode = async (name, number, more = {}) => (await good({ op: 'encode', name, number, ...more })).data;

// As the outbox does it: nonce, fees, gas with margin, sign.
async function make(from, to, data, { value = '0', gasLimit, nonce, raise = 1n } = {}) {
  const account = await good({ op: 'account', account: from.address });
  const fees = await good({ op: 'fees' });
  const gas = gasLimit ?? (await good({ op: 'call', estimate: '1', from: from.address, to, data, value })).gas;
  return good({ op: 'tx', secret: from.secret, chainId: '31337', nonce: nonce ?? account.nonce, gasLimit: gas,
    maxFee: `${BigInt(fees.average_max) * raise}`, priorityFee: `${BigInt(fees.average_priority) * raise}`, value, data, to });
}
async function mine(tx) {
  assert.equal((await good({ op: 'send', raw: tx.raw })).outcome, 'accepted');
  return good({ op: 'receipt', hash: tx.hash, wait: '10000' });
}

test('state: chain id, blocks, accounts', LIMIT, async () => {
  assert.equal((await good({ op: 'chain_id' })).value, '31337');
  assert.equal((await good({ op: 'block_number' })).value, '0');
  const account = await good({ op: 'account', account: rich.address });
  assert.deepEqual(account, { balance: '10000000000000000000000', nonce: '0', code: '0x', is_datahub: false, is_probe: false });
  const block = await good({ op: 'block' });
  assert.equal(block.number, '0');
  assert.ok(Math.abs(Number(block.time) - Date.now() / 1000) < 600);
  assert.equal((await ask({ op: 'block', number: '999999' })).error, 'not-found');
  assert.equal(JSON.parse((await good({ op: 'request', method: 'web3_clientVersion', params: '[]' })).result).slice(0, 5), 'anvil');
  assert.equal((await ask({ op: 'request', method: 'no_suchMethod', params: '[]' })).error, 'unsupported');
});

test('deployment, receipt, code with immutables', LIMIT, async () => {
  const before = BigInt((await good({ op: 'account', account: rich.address })).balance);
  const data = await encode('deploy', '40');
  const receipt = await mine(await make(rich, undefined, data, { gasLimit: '3000000' }));
  assert.equal(receipt.succeeded, true);
  assert.equal(receipt.from, rich.address);
  assert.equal(receipt.contract, (await tool.run({ op: 'address', text: rich.address, nonce: '0' })).created);
  probe = receipt.contract;
  const account = await good({ op: 'account', account: probe });
  assert.equal(account.is_probe, true);
  const fee = BigInt(receipt.gas_used) * BigInt(receipt.price);
  assert.equal(receipt.total_fee, `${fee}`);
  assert.equal(BigInt((await good({ op: 'account', account: rich.address })).balance), before - fee);
  const latest = await good({ op: 'block', number: receipt.block });
  assert.equal(latest.hash, receipt.block_hash);
  assert.equal(latest.parent, (await good({ op: 'block', number: '0' })).hash);
});

test('the DataHub of this build deploys and is recognised as not the probe', LIMIT, async () => {
  const data = await encode('deploy_datahub', '0', { gm: rich.address, rm: other.address });
  const receipt = await mine(await make(rich, undefined, data, { gasLimit: '16000000' }));
  assert.equal(receipt.succeeded, true, JSON.stringify(receipt));
  const account = await good({ op: 'account', account: receipt.contract });
  assert.ok(account.code.length > 1000);
  assert.equal(account.is_probe, false);
  assert.equal(account.is_datahub, true);
});

test('typed arguments go to the contract and come back', LIMIT, async () => {
  assert.deepEqual(await good({ op: 'echo', to: probe }), { same_fields: true, same_bytes: true });
});

test('events: receipt, filters, order', LIMIT, async () => {
  const first = await mine(await make(rich, probe, await encode('add', '3')));
  assert.equal(first.logs.length, 3);
  const outer = [1, 2, [[5, 'inner', '0x01020304']], [`0x${'ab'.repeat(32)}`], [1, 2, 3], [6, 'one', '0x00000000'], 9, true, other.address];
  const stored = await mine(await make(other, probe, face.encodeFunctionData('store', [`0x${'cd'.repeat(32)}`, '0x010203', 7, outer])));
  const { topics, data } = stored.logs[0];
  const event = await good({ op: 'event', contract: 'probe', topics: Object.values(topics), data });
  assert.deepEqual(event, { name: 'Stored', indexed: [`0x${'cd'.repeat(32)}`, other.address], data: ['0x010203', '7',
    ['1', '2', [['5', 'inner', '0x01020304']], [`0x${'ab'.repeat(32)}`], ['1', '2', '3'], ['6', 'one', '0x00000000'], '9', true, other.address]] });

  const counted = id('Counted(uint256)');
  const all = await good({ op: 'logs', contract: probe, from: '0', topics: [] });
  assert.deepEqual(all.logs.map((log) => log.topics[0]), [counted, counted, counted, topics[0]]);
  assert.deepEqual(all.logs.slice(0, 3), first.logs);
  const some = await good({ op: 'logs', contract: probe, from: '0', topics: [[counted, topics[0]], [`0x${'28'.padStart(64, '0')}`, `0x${'2a'.padStart(64, '0')}`]] });
  assert.deepEqual(some.logs.map((log) => Number(log.topics[1])), [40, 42]);
  const none = await good({ op: 'logs', contract: probe, from: '0', to: `${BigInt(first.block) - 1n}`, topics: [] });
  assert.deepEqual(none.logs, []);
  const foreign = await good({ op: 'logs', contract: other.address, from: '0', topics: [] });
  assert.deepEqual(foreign.logs, []);
});

test('reverts of calls and estimates say why', LIMIT, async () => {
  const rows = [
    ['fail_custom', '5', 'Custom', `Custom(given: 5, who: ${rich.address}, why: "not?today")`],
    ['fail_text', undefined, 'Error', 'Error: too late'],
    ['fail_panic', '0', 'Panic', 'Panic 0x12: division by zero'],
    ['fail_bare', undefined, '', 'no reason given'],
    ['fail_structured', undefined, 'Structured', 'Structured(inner: {wide: 9, name: "inner", tag: 0x01020304}, '
      + `numbers: [7, ${(1n << 256n) - 1n}])`],
  ];
  for (const [name, number, revertName, reason] of rows) {
    const data = await encode(name, number);
    assert.deepEqual(await good({ op: 'call', from: rich.address, to: probe, data }), { revert_name: revertName, revert_reason: reason });
    const estimate = await ask({ op: 'call', estimate: '1', from: rich.address, to: probe, data });
    assert.equal(estimate.error, 'reverted');
    assert.equal(estimate.what, `the contract refused: ${reason}`);
  }
});

test('a mined failure is explained', LIMIT, async () => {
  const reverted = await make(rich, probe, await encode('fail_custom', '8'), { gasLimit: '200000' });
  assert.equal((await mine(reverted)).succeeded, false);
  const why = await ask({ op: 'explain', hash: reverted.hash });
  assert.equal(why.error, 'reverted');
  assert.match(why.what, /Custom\(given: 8/);

  const burnt = await make(rich, probe, await encode('burn'), { gasLimit: '100000' });
  assert.equal((await mine(burnt)).succeeded, false);
  assert.match((await ask({ op: 'explain', hash: burnt.hash })).what, /out of gas/);

  const fine = await make(rich, probe, await encode('add', '1'));
  await mine(fine);
  assert.equal((await ask({ op: 'explain', hash: fine.hash })).error, 'wrong-state');
});

test('who cannot pay is told what is needed', LIMIT, async () => {
  assert.equal((await tool.run({ op: 'key', secret: poor.secret })).address, poor.address);
  const tx = await make(poor, probe, await encode('add', '1'), { gasLimit: '100000', value: '1500000000000000000' });
  const sent = await ask({ op: 'send', raw: tx.raw });
  assert.equal(sent.error, 'insufficient-funds');
  assert.match(sent.hint, new RegExp(`^${poor.address} has 0 ETH and needs 1\\.5\\d* ETH$`));
  const call = await ask({ op: 'call', estimate: '1', from: poor.address, to: probe, data: await encode('add', '1'), value: '1500000000000000000' });
  assert.equal(call.error, 'insufficient-funds', call.what);
  assert.match(call.hint, /has 0 ETH and needs 1\.5 ETH/);
});

test('sending twice, an old nonce, a poor replacement, nonsense', LIMIT, async () => {
  const done = await make(rich, probe, await encode('add', '1'));
  await mine(done);
  assert.match((await good({ op: 'send', raw: done.raw })).outcome, /^(known|nonce-too-low)$/);
  const old = await make(rich, probe, await encode('add', '2'), { nonce: '0' });
  assert.equal((await good({ op: 'send', raw: old.raw })).outcome, 'nonce-too-low');

  await good({ op: 'request', method: 'evm_setAutomine', params: '[false]' });
  const waiting = await make(rich, probe, await encode('add', '1'));
  assert.equal((await good({ op: 'send', raw: waiting.raw })).outcome, 'accepted');
  assert.equal((await good({ op: 'send', raw: waiting.raw })).outcome, 'known');
  const pending = await good({ op: 'transaction', hash: waiting.hash });
  assert.equal(pending.is_mined, false);
  assert.equal(pending.from, rich.address);
  const late = await ask({ op: 'receipt', hash: waiting.hash, wait: '300' });
  assert.equal(late.error, 'not-found');
  assert.match(late.what, /not mined within 300 ms/);
  const nonce = pending.nonce;
  const same = await make(rich, probe, await encode('add', '2'), { nonce });
  assert.equal((await good({ op: 'send', raw: same.raw })).outcome, 'underpriced');
  const better = await make(rich, probe, await encode('add', '2'), { nonce, raise: 2n });
  assert.equal((await good({ op: 'send', raw: better.raw })).outcome, 'accepted');
  await good({ op: 'request', method: 'evm_mine', params: '[]' });
  await good({ op: 'request', method: 'evm_setAutomine', params: '[true]' });
  assert.equal((await good({ op: 'receipt', hash: better.hash, wait: '5000' })).logs.length, 2);
  assert.equal((await ask({ op: 'receipt', hash: waiting.hash, wait: '0' })).error, 'not-found');
  assert.equal((await ask({ op: 'transaction', hash: `0x${'00'.repeat(32)}` })).error, 'not-found');

  const wrongChain = await good({ op: 'tx', secret: rich.secret, chainId: '1', nonce: `${BigInt(nonce) + 1n}`, gasLimit: '100000',
    maxFee: '9000000000', priorityFee: '1', value: '0', data: '0x', to: probe });
  assert.equal((await ask({ op: 'send', raw: wrongChain.raw })).error, 'reverted');
  assert.equal((await ask({ op: 'send', raw: '0x02c0' })).error, 'reverted');
});

test('fees rise from slow to fast', LIMIT, async () => {
  const fees = Object.fromEntries(Object.entries(await good({ op: 'fees' })).map(([k, v]) => [k, BigInt(v)]));
  assert.ok(fees.slow_priority >= 1000000n);
  assert.ok(fees.slow_priority <= fees.average_priority && fees.average_priority <= fees.fast_priority);
  assert.equal(fees.slow_max, fees.base_fee * 5n / 4n + fees.slow_priority);
  assert.equal(fees.fast_max, fees.base_fee * 2n + fees.fast_priority);
});

// ---- what is no chain -------------------------------------------------------------------------------

// A server that answers each request by reply(request, response); gone when the test is over.
async function withServer(reply, run) {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', () => reply(JSON.parse(Buffer.concat(parts)), response));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  try {
    return await run(`http://127.0.0.1:${server.address().port}/secret-key`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
  }
}
const json = (body) => (_, response) => response.end(typeof body === 'string' ? body : JSON.stringify(body));

test('an endpoint that is down, or no address at all', LIMIT, async () => {
  const server = net.createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  const down = await tool.run({ op: 'chain_id', url: `http://user:pass@127.0.0.1:${port}/v3/secret-key` });
  assert.equal(down.error, 'network');
  assert.equal(down.what, `cannot connect to the chain at http://127.0.0.1:${port}`);
  for (const bad of ['', 'nothing', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'http://', 'javascript:alert(1)']) {
    assert.equal((await tool.run({ op: 'chain_id', url: bad })).error, 'usage', bad);
  }
});

test('answers that are none', LIMIT, async () => {
  const ok = (result) => (request, response) => response.end(JSON.stringify({ jsonrpc: '2.0', id: request.id, result }));
  const rows = [
    ['HTML', json('<html>hello</html>'), /does not speak JSON-RPC/],
    ['nothing', json(''), /does not speak JSON-RPC/],
    ['a number', json('7'), /does not speak JSON-RPC/],
    ['an array', json([]), /does not speak JSON-RPC/],
    ['no result', (q, r) => r.end(JSON.stringify({ id: q.id })), /does not speak JSON-RPC/],
    ['bytes behind', (q, r) => r.end(`${JSON.stringify({ id: q.id, result: '0x1' })}x`), /does not speak JSON-RPC/],
    ['cut off', (q, r) => r.end(JSON.stringify({ id: q.id, result: '0x1' }).slice(0, -1)), /does not speak JSON-RPC/],
    ['deep', json('['.repeat(5000)), /does not speak JSON-RPC/],
    ['bad UTF-8', (q, r) => r.end(Buffer.from([0x22, 0xff, 0x22])), /does not speak JSON-RPC/],
    ['another id', json({ jsonrpc: '2.0', id: 999, result: '0x1' }), /another request's id/],
    ['id as text', (q, r) => r.end(JSON.stringify({ id: `${q.id}`, result: '0x1' })), /another request's id/],
    ['null', ok(null), /no proper 'eth_chainId'/],
    ['no hex', ok('1'), /no proper 'eth_chainId'/],
    ['too large', ok(`0x1${'0'.repeat(16)}`), /no proper 'eth_chainId'/],
    ['an object', ok({}), /no proper 'eth_chainId'/],
    ['status 500', (_, r) => { r.statusCode = 500; r.end('{}'); }, /HTTP status 500/],
    ['status 400, another id', (_, r) => { r.statusCode = 400; r.end('{"id":99,"error":{"code":1,"message":"x"}}'); }, /another request's id/],
    ['status 400 with a result', (q, r) => { r.statusCode = 400; r.end(JSON.stringify({ id: q.id, result: '0x1' })); }, /HTTP status 400/],
    ['status 429', (_, r) => { r.statusCode = 429; r.end('{}'); }, /HTTP status 429/],
    ['redirect', (_, r) => { r.statusCode = 307; r.setHeader('Location', url); r.end(); }, /HTTP status 307/],
    ['closed', (_, r) => r.destroy(), /cannot be asked/],
    ['an error', (q, r) => r.end(JSON.stringify({ id: q.id, error: { code: -32000, message: 'header\u0007 not found' } })), /error -32000: header. not found/],
    ['an odd error', (q, r) => r.end(JSON.stringify({ id: q.id, error: { code: 'x', message: 7 } })), /error 0: no message/],
  ];
  for (const [name, reply, expected] of rows) {
    const answer = await withServer(reply, (at) => tool.run({ op: 'chain_id', url: at }));
    assert.equal(answer.error, 'network', name);
    assert.match(answer.what, expected, name);
    assert.doesNotMatch(answer.what + answer.hint, /secret-key/, name);
  }
  const silent = await withServer(() => {}, (at) => tool.run({ op: 'chain_id', url: at, timeout: '200' }));
  assert.match(silent.what, /did not answer in time/);
  const huge = await withServer(json('x'.repeat(100000)), (at) => tool.run({ op: 'chain_id', url: at, max: '50000' }));
  assert.equal(huge.error, 'too-large');
});

test('lies about logs, receipts, blocks', LIMIT, async () => {
  const hash = `0x${'ab'.repeat(32)}`;
  const log = { address: other.address.toLowerCase(), topics: [], data: '0x', blockNumber: '0x5', blockHash: hash,
    transactionHash: hash, transactionIndex: '0x0', logIndex: '0x0' };
  const answer = (result, request) => withServer((q, r) => r.end(JSON.stringify({ id: q.id, result })), (at) => tool.run({ ...request, url: at }));
  const logs = { op: 'logs', contract: other.address, from: '1', to: '9', topics: [[hash]] };
  const right = { ...log, topics: [hash] };
  assert.equal((await answer([right], logs)).logs.length, 1);
  const rows = [
    [log], [{ ...right, address: rich.address }], [{ ...right, blockNumber: '0xa' }], [{ ...right, blockNumber: '0x0' }],
    [right, right], [{ ...right, logIndex: '0x1' }, right], [{ ...right, blockNumber: null }], [{ ...right, data: '0x0' }],
    [{ ...right, data: '0xzz' }], [{ ...right, topics: [hash, hash, hash, hash, hash] }], [{ ...right, topics: ['0x00'] }],
    [7], {}, null, [{ ...right, transactionHash: `${hash}00` }],
  ];
  for (const row of rows) assert.equal((await answer(row, logs)).error, 'network', JSON.stringify(row));

  const receipt = { transactionHash: hash, blockHash: hash, blockNumber: '0x5', transactionIndex: '0x0', from: rich.address.toLowerCase(),
    to: other.address.toLowerCase(), contractAddress: null, status: '0x1', gasUsed: '0x5208', effectiveGasPrice: '0x7', logs: [], l1Fee: '0x9' };
  const wanted = { op: 'receipt', hash, wait: '0' };
  assert.equal((await answer(receipt, wanted)).total_fee, `${21000 * 7 + 9}`);
  for (const change of [{ transactionHash: `0x${'00'.repeat(32)}` }, { status: '0x2' }, { status: undefined }, { logs: undefined },
    { gasUsed: '0x' }, { effectiveGasPrice: `0x${'f'.repeat(64)}` }, { from: null }]) {
    assert.equal((await answer({ ...receipt, ...change }, wanted)).error, 'network', JSON.stringify(change));
  }
  const block = { number: '0x5', hash, parentHash: hash, timestamp: '0x64', gasLimit: '0x1', gasUsed: '0x0' };
  assert.equal((await answer(block, { op: 'block', number: '5' })).time, '100');
  assert.equal((await answer(block, { op: 'block', number: '6' })).error, 'network');
  assert.equal((await answer({ ...block, timestamp: '0xffffffffffffffff' }, { op: 'block', number: '5' })).error, 'network');
});

test('how endpoints word their refusals', LIMIT, async () => {
  const tx = await good({ op: 'tx', secret: rich.secret, chainId: '31337', nonce: '9', gasLimit: '21000', maxFee: '9', priorityFee: '1',
    value: '0', data: '0x', to: other.address });
  const refuse = (request, error) => withServer((q, r) => r.end(JSON.stringify(q.method === 'eth_getBalance'
    ? { id: q.id, result: '0x64' } : { id: q.id, error })), (at) => tool.run({ ...request, url: at }));
  const sends = [
    [{ code: -32000, message: 'already known' }, 'known'],
    [{ code: -32010, message: 'AlreadyKnown' }, 'known'],
    [{ code: -32000, message: 'Known transaction' }, 'known'],
    [{ code: -32000, message: 'nonce too low: next nonce 5, tx nonce 1' }, 'nonce-too-low'],
    [{ code: -32001, message: 'Nonce too low' }, 'nonce-too-low'],
    [{ code: -32000, message: 'OldNonce, Current nonce: 5' }, 'nonce-too-low'],
    [{ code: -32000, message: 'replacement transaction underpriced' }, 'underpriced'],
    [{ code: -32000, message: 'max fee per gas less than block base fee' }, 'underpriced'],
    [{ code: -32000, message: 'insufficient funds for gas * price + value: balance 100, tx cost 189000' }, 'insufficient-funds'],
    [{ code: -32000, message: 'intrinsic gas too low' }, 'reverted'],
    [{ code: -32000, message: 'exceeds block gas limit' }, 'reverted'],
    [{ code: -32005, message: 'rate exceeded' }, 'network'],
    [{ code: -32000, message: 'txpool is full' }, 'network'],
    [{ code: -32603, message: 'Internal error' }, 'network'],
  ];
  for (const [error, expected] of sends) {
    const answer = await refuse({ op: 'send', raw: tx.raw }, error);
    assert.equal(answer.outcome ?? answer.error, expected, error.message);
    if (expected === 'insufficient-funds') {
      assert.equal(answer.hint, `${rich.address} has 0.0000000000000001 ETH and needs 0.000000000000189 ETH`);
    }
  }
  const logs = { op: 'logs', contract: other.address, from: '1', topics: [] };
  const ranges = [
    [{ code: -32005, message: 'query returned more than 10000 results' }, 'too-large'],
    [{ code: -32600, message: 'eth_getLogs is limited to a 500 range' }, 'too-large'],
    [{ code: -32000, message: 'block range is too wide' }, 'too-large'],
    [{ code: -32602, message: 'exceed maximum block range: 1000' }, 'too-large'],
    [{ code: -32005, message: 'request rate limit exceeded' }, 'network'],
    [{ code: -32000, message: 'missing trie node' }, 'network'],
  ];
  const status400 = await withServer((q, r) => { r.statusCode = 400; r.end(JSON.stringify({ id: q.id, error: ranges[0][0] })); },
    (at) => tool.run({ ...logs, url: at }));
  assert.equal(status400.error, 'too-large');
  for (const [error, expected] of ranges) assert.equal((await refuse(logs, error)).error, expected, error.message);
  const nested = await refuse({ op: 'call', to: other.address, data: '0x' },
    { code: -32603, message: 'x', data: { data: face.encodeErrorResult('Custom', [1, rich.address, 'y']) } });
  assert.equal(nested.revert_name, 'Custom');
});
