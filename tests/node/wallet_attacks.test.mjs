// What a page, or whoever has its session, may not make of intents; what wallets do with transactions; and
// kill -9 between an intent, its hash and its receipt.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Home, makeFolder, startChain } from '../cli/galen.mjs';
import { Node } from './node.mjs';
import { sleep, until } from './serve.mjs';
import { BrowserWallet, Page } from './wallet.mjs';

let folder, chain, home, node, alice, mallory, to;
const rich = '0x8ac7230489e80000';
const count = async (page) => Number(await chain.rpc('eth_getTransactionCount', [page.wallet.address, 'latest']));

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  home = new Home(folder, 'home');
  home.make({ rpc: chain.url });
  for (const role of ['gm', 'rm'])
    await chain.rpc('anvil_setBalance', [home.ok('account', 'new', role, '--role', role).address, rich]);
  home.ok('contract', 'deploy');
  const page = async (name, role) => {
    const wallet = new BrowserWallet(chain);
    await chain.rpc('anvil_setBalance', [wallet.address, rich]);
    home.ok('account', 'new', name, '--role', role, '--wallet', wallet.address);
    return new Page(undefined, wallet);
  };
  alice = await page('alice', 'buyer');
  mallory = await page('mallory', 'buyer');
  to = home.ok('account', 'list').find((row) => row.name === 'rm').address;
  await start();
});
after(async () => {
  await node?.stop();
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function start() {
  node = await Node.start(home);
  for (const page of [alice, mallory]) {
    page.node = node;
    assert.equal((await page.signIn()).status, 200);
  }
}
async function kill() {
  await node.stop('SIGKILL');
  await start();
}

let wei = 1000;
// A payment that the wallet is to be asked for: the body, and the intent.
async function asked(page = alice, amount = String(wei++)) {
  const body = { to, wei: amount };
  const answer = await page.call('POST', '/accounts/pay', body);
  assert.equal(answer.status, 409, answer.text);
  assert.equal(answer.json.code, 'wallet');
  return { body, intent: answer.json.intent };
}
const tell = (intent, hash, page = alice) => page.call('POST', `/intents/${intent.id}`, { hash });
const sign = (intent, signature, page = alice) => page.call('POST', `/intents/${intent.id}`, { signature });
const state = async (intent) => (await alice.get(`/intents/${intent.id}`)).state;
const send = (transaction, options, page = alice) =>
  page.wallet.request({ method: 'eth_sendTransaction', params: [transaction] }, options);
async function refused(intent, hash, words) {
  const answer = await tell(intent, hash);
  assert.equal(answer.status, 422, answer.text);
  assert.match(answer.json.detail, words);
  assert.equal(await state(intent), 'open');
}
// With the chain mining only when told.
async function withoutMining(act) {
  await chain.rpc('evm_setAutomine', [false]);
  try { await act(); } finally {
    await chain.rpc('evm_setAutomine', [true]);
    await chain.rpc('evm_mine');
  }
}

test('only the very transaction that was asked for answers an intent', async () => {
  const { intent } = await asked();
  const { transaction } = intent;
  const before = await count(alice);
  await refused(intent, await send({ ...transaction, value: '0x1' }), /another value/);
  await refused(intent, await send({ ...transaction, to: mallory.wallet.address }), /another recipient/);
  await refused(intent, await send({ ...transaction, data: '0x00', gas: '0xffff' }), /other data/);
  const { from: _, ...rest } = transaction;
  await refused(intent, await send({ ...rest, from: mallory.wallet.address }, {}, mallory), /another account's/);
  await refused(intent, await send({ ...transaction, to: undefined, data: '0x', gas: '0x186a0' }), /another recipient/);
  assert.equal(await count(alice), before + 4);
  assert.deepEqual((await alice.get('/transactions')).filter((row) => row.valueWei === transaction.value), []);
});

test('a transaction answers one intent, and none that is younger than it', async () => {
  const first = await asked(alice, '77');
  const hash = await send(first.intent.transaction);
  assert.equal((await tell(first.intent, hash)).json.state, 'done');
  assert.equal((await tell(first.intent, hash)).json.state, 'done'); // told again
  assert.equal((await alice.post('/accounts/pay', first.body)).hash, hash);
  assert.equal((await alice.get(`/intents/${first.intent.id}`)).used, true);
  // The same payment once more is another one.
  const second = await asked(alice, '77');
  assert.notEqual(second.intent.id, first.intent.id);
  assert.equal((await tell(second.intent, hash)).json.detail, "that transaction is another intent's");
  // One like it that was sent before anybody asked.
  await alice.call('DELETE', `/intents/${second.intent.id}`);
  const early = await send({ ...second.intent.transaction });
  const third = await asked(alice, '77');
  await refused(third.intent, early, /older than the intent/);
  await alice.call('DELETE', `/intents/${third.intent.id}`);
});

test("another identity's intents are not there", async () => {
  const { intent } = await asked();
  assert.equal((await mallory.call('GET', `/intents/${intent.id}`)).status, 404);
  assert.equal((await mallory.call('DELETE', `/intents/${intent.id}`)).status, 404);
  assert.equal((await tell(intent, `0x${'1'.repeat(64)}`, mallory)).status, 404);
  assert.deepEqual(await mallory.get('/intents'), []);
  assert.equal((await node.call('GET', `/intents/${intent.id}`)).status, 401);
  assert.equal((await alice.call('GET', '/intents/nonsense')).status, 400);
  assert.equal(await state(intent), 'open');
  assert.equal((await alice.call('POST', `/intents/${intent.id}`, {})).status, 400);
  assert.equal((await alice.call('POST', `/intents/${intent.id}`,
    { hash: `0x${'1'.repeat(64)}`, signature: `0x${'1'.repeat(130)}` })).status, 400);
});

test('a signature counts for what was asked for, from the account that was asked', async () => {
  const card = async (page, inbox) => (await page.call('POST', '/profile/card', { inbox })).json.intent;
  const first = await card(alice, 'https://one.example/inbox');
  const other = await card(alice, 'https://two.example/inbox');
  const hers = await card(mallory, 'https://one.example/inbox');
  await sleep(1100); // what is asked for later would be another message
  assert.equal(first.typedData.primaryType, 'Profile');
  const { signature } = await alice.wallet.answer(first);
  for (const [intent, wrong, page] of [[other, signature, alice], [hers, signature, mallory],
    [first, signature.replace(/^0x./, (head) => (head === '0x5' ? '0x4' : '0x5')), alice],
    [first, await mallory.wallet.key.signTypedData(first.typedData.domain,
      { Profile: first.typedData.types.Profile }, first.typedData.message), alice]]) {
    const answer = await sign(intent, wrong, page);
    assert.equal(answer.status, 422, answer.text);
  }
  // The parity alone, as some wallets give it.
  const bare = signature.slice(0, -2) + (signature.endsWith('1b') ? '00' : '01');
  assert.equal((await sign(first, bare)).json.state, 'done');
  assert.equal((await alice.call('POST', `/intents/${first.id}`, { hash: `0x${'1'.repeat(64)}` })).status, 400);
  const made = await alice.post('/profile/card', { inbox: 'https://one.example/inbox' });
  assert.equal(made.signature, signature);
  // Given again, the same card: nobody is asked.
  assert.deepEqual(await alice.post('/profile/card', { inbox: 'https://one.example/inbox' }), made);
});

test('a hash that the chain does not show yet', async () => {
  const { body, intent } = await asked();
  const nowhere = await tell(intent, `0x${'ab'.repeat(32)}`);
  assert.equal(nowhere.json.state, 'sent');
  assert.match(nowhere.json.problem, /does not show/);
  const again = await alice.call('POST', '/accounts/pay', body);
  assert.equal(again.json.intent.state, 'sent'); // nobody is asked a second time
  const hash = await send(intent.transaction);
  assert.equal((await tell(intent, hash)).json.state, 'done');
  assert.equal((await alice.post('/accounts/pay', body)).hash, hash);
});

test('given up, and sent all the same', async () => {
  const { body, intent } = await asked();
  assert.equal((await alice.call('DELETE', `/intents/${intent.id}`)).json.state, 'cancelled');
  const hash = await send(intent.transaction);
  assert.equal((await tell(intent, hash)).json.state, 'done');
  assert.equal((await alice.post('/accounts/pay', body)).hash, hash);
  assert.equal((await alice.call('DELETE', `/intents/${intent.id}`)).status, 409);
});

test('the same call twice at once is asked for once', async () => {
  const body = { to, wei: String(wei++) };
  const answers = await Promise.all([1, 2, 3].map(() => alice.call('POST', '/accounts/pay', body)));
  assert.equal(new Set(answers.map((one) => one.json.intent.id)).size, 1);
  await alice.post('/accounts/pay', body);
});

test('sent again for more by the wallet', async () => {
  const { body, intent } = await asked();
  await withoutMining(async () => {
    const first = await send(intent.transaction, { fee: 2_000_000_000n });
    assert.equal((await tell(intent, first)).json.state, 'sent');
    const nonce = await count(alice);
    const second = await send(intent.transaction, { fee: 4_000_000_000n, nonce });
    const third = await send(intent.transaction, { fee: 4_000_000_000n, nonce: nonce + 1 });
    const other = await tell(intent, third);
    assert.equal(other.status, 409, other.text); // a second one is not this intent's
    const now = await tell(intent, second);
    assert.equal(now.json.hash, second);
    assert.equal((await tell(intent, first)).json.hash, second);
    await chain.rpc('evm_mine');
    const paid = await alice.post('/accounts/pay', body);
    assert.equal(paid.hash, second);
    assert.equal(paid.status, 'succeeded');
  });
});

test('sent again for more, and nobody told', async () => {
  const { body, intent } = await asked();
  await withoutMining(async () => {
    const first = await send(intent.transaction, { fee: 2_000_000_000n });
    assert.equal((await tell(intent, first)).json.state, 'sent');
    const second = await send(intent.transaction, { fee: 4_000_000_000n, nonce: await count(alice) });
    for (let i = 0; i < 5; i++) await chain.rpc('evm_mine');
    const paid = await alice.post('/accounts/pay', body);
    assert.equal(paid.hash, second);
    assert.equal(paid.status, 'succeeded');
  });
});

test('sent, and the page was gone before it told', async () => {
  const { body, intent } = await asked();
  await send({ ...intent.transaction, value: '0x2' }); // something of its own, before
  const hash = await send(intent.transaction);
  const shown = alice.wallet.asked.length;
  assert.equal((await alice.post('/accounts/pay', body)).hash, hash);
  assert.equal(alice.wallet.asked.length, shown); // nobody was asked again
});

test('another transaction takes the nonce', async () => {
  const { body, intent } = await asked();
  await withoutMining(async () => {
    const nonce = await count(alice);
    const hash = await send(intent.transaction, { fee: 2_000_000_000n, nonce });
    assert.equal((await tell(intent, hash)).json.state, 'sent');
    await send({ ...intent.transaction, to: alice.wallet.address, value: '0x0' }, { fee: 9_000_000_000n, nonce });
    await chain.rpc('evm_mine');
    await until('it to be given up', async () => {
      await alice.call('POST', '/sync', {});
      return await state(intent) === 'failed';
    });
  });
  const again = await asked(alice, body.wei);
  assert.notEqual(again.intent.id, intent.id);
  await alice.post('/accounts/pay', body);
});

test('one that reverts is told of once', async () => {
  await alice.post('/profile/card', {});
  const { json } = await alice.call('POST', '/profile', {});
  assert.equal(json.intent.operation, 'setProfile');
  const hash = await send({ ...json.intent.transaction, gas: '0x6000' });
  const told = await tell(json.intent, hash);
  assert.equal(told.json.state, 'failed');
  assert.match(told.json.problem, /gas/);
  const answer = await alice.call('POST', '/profile', {});
  assert.equal(answer.status, 422, answer.text);
  assert.equal(answer.json.code, 'reverted');
  await alice.post('/profile', {});
  const rows = (await alice.get('/transactions?operation=setProfile')).map((row) => row.status);
  assert.deepEqual(rows.toSorted(), ['reverted', 'succeeded']);
});

test('killed between the intent and its hash', async () => {
  const { body, intent } = await asked();
  const hash = await send(intent.transaction);
  await kill();
  assert.deepEqual((await alice.get('/intents?state=open')).filter((one) => one.id === intent.id).length, 1);
  assert.equal((await tell(intent, hash)).json.state, 'done');
  assert.equal((await alice.post('/accounts/pay', body)).hash, hash);
});

test('killed between the hash and its receipt', async () => {
  const { body, intent } = await asked();
  const before = await count(alice);
  await withoutMining(async () => {
    const hash = await send(intent.transaction);
    assert.equal((await tell(intent, hash)).json.state, 'sent');
    const waiting = alice.call('POST', '/accounts/pay', body).catch(() => {});
    await sleep(100);
    await kill();
    await waiting;
    assert.equal(await state(intent), 'sent');
    await chain.rpc('evm_mine');
    assert.equal((await alice.post('/accounts/pay', body)).hash, hash);
  });
  assert.equal(await count(alice), before + 1);
});

test('what such an identity has not', async () => {
  const exported = home.run('account', 'export', '--as', 'alice', '--output', `${folder}/none`,
    '--keystore-password-file', home.passwordFile);
  assert.equal(exported.json.error.code, 'unsupported');
  assert.match(exported.err, /browser/);
  assert.equal(fs.existsSync(`${folder}/none`), false);
  // A contract's account signs nothing that can be checked.
  const contract = home.ok('contract', 'info').contract;
  const made = home.run('account', 'new', 'safe', '--role', 'buyer', '--wallet', contract);
  assert.equal(made.json.error.code, 'unsupported');
  assert.match(made.err, /ERC-1271/);
  assert.equal(home.run('account', 'new', 'again', '--role', 'buyer', '--wallet', alice.wallet.address).json.error.code,
    'exists');
});

test('the same by the command line', async () => {
  const { intent } = await asked();
  assert.equal(home.ok('intent', 'show', intent.id).transaction.data, '0x');
  assert.equal(home.ok('intent', 'list', '--as', 'alice', '--state', 'open')[0].id, intent.id);
  assert.equal(home.run('intent', 'answer', intent.id).code, 2);
  assert.equal(home.run('intent', 'answer', intent.id, '--signature', `0x${'11'.repeat(65)}`).code, 2);
  assert.equal(home.ok('intent', 'cancel', intent.id).state, 'cancelled');
  assert.equal(home.run('intent', 'show', '00').code, 2);
  assert.equal(home.run('intent', 'show', '0'.repeat(32)).json.error.code, 'not-found');
});

test('every transaction is in the log once, gas and all', async () => {
  const rows = await alice.get('/transactions?limit=1000&status=succeeded');
  assert.equal(new Set(rows.map((row) => row.nonce)).size, rows.length);
  for (const row of rows) {
    assert.ok(row.gasEstimate > 0 && row.gasUsed > 0, row.hash);
    assert.ok(BigInt(row.totalWei) > 0n, row.hash);
  }
  assert.ok((await alice.get('/gas/report')).length > 0);
});
