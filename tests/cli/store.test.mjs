// The store when Kubo and gateways are down, slow or lying: local work goes on, nothing wrong is
// taken, and what failed is said. (The real Kubo: `make test-kubo`.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Home, makeFolder, root } from './galen.mjs';

const EMPTY = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
const HELLO = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'; // "hello world"
let folder;
const servers = [];
let homes = 0;

async function serve(kind, ...more) {
  const child = spawn(process.execPath, [path.join(root, 'tests/cli/faulty_server.mjs'), kind, ...more],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  const url = `http://127.0.0.1:${port}`;
  return { url, count: async () => Number(await (await fetch(`${url}/count`)).text()) };
}
function home() {
  const made = new Home(folder, `home${homes += 1}`);
  made.make();
  return made;
}
function ask(h, ...words) {
  const answer = h.run(...words);
  assert.equal(answer.code, 0, answer.err);
  return answer.json;
}
function put(h, text) {
  const file = path.join(folder, 'block');
  fs.writeFileSync(file, text);
  return ask(h, 'store', 'put', file).cid;
}
const get = (h, cid) => h.run('store', 'get', cid, '--output', path.join(folder, 'got'));

before(() => { folder = makeFolder(); });
after(() => {
  for (const server of servers) server.kill();
  fs.rmSync(folder, { recursive: true, force: true });
});

for (const [kind, said] of [
  ['html', /not Kubo's RPC API/], ['empty', /not Kubo's RPC API/], ['missing', /HTTP status 404/],
  ['redirect', /HTTP status 302/], ['forbidden', /HTTP status 403/], ['other-cid', /calls block/],
  ['refusing', /refuses: disk \?\[31mfull/], ['cut', /cannot be asked/],
  ['too-long', /larger than/],
]) {
  test(`Kubo that is ${kind}: the block is kept and waits`, async () => {
    const server = await serve(kind);
    const h = home();
    ask(h, 'store', 'use', '--ipfs', server.url);
    assert.equal(put(h, 'hello world'), HELLO);
    const synced = ask(h, 'store', 'sync');
    assert.equal(synced.pushed, 0);
    assert.equal(synced.left, 1);
    assert.match(synced.reason, said);
    assert.equal(ask(h, 'store', 'status').unpushed, 1);
    assert.equal(get(h, HELLO).code, 0);
    assert.equal(fs.readFileSync(path.join(folder, 'got'), 'utf8'), 'hello world');
  });
}

test('a Kubo that does not answer is left alone for the rest of a synchronisation', async () => {
  const server = await serve('cut');
  const h = home();
  for (const text of ['a', 'b', 'c', 'd']) put(h, text);
  ask(h, 'store', 'use', '--ipfs', server.url);
  const before = await server.count();
  assert.equal(ask(h, 'store', 'sync').left, 4);
  assert.equal(await server.count(), before + 1);
});

test('wrong bytes are never taken, whoever sends them; the next gateway is asked', async () => {
  const h = home();
  const bad = await Promise.all(['other-bytes', 'too-long', 'missing', 'cut', 'redirect', 'empty'].map((k) => serve(k)));
  const good = await serve('good', Buffer.from('hello world').toString('hex'));
  ask(h, 'store', 'use', '--ipfs', bad[0].url, ...bad.flatMap(({ url }) => ['--gateway', url]));
  const failed = get(h, HELLO);
  assert.equal(failed.code, 1);
  assert.match(failed.err, /not in the store/);
  assert.equal(ask(h, 'store', 'status').blocks, 0);
  ask(h, 'store', 'use', ...bad.flatMap(({ url }) => ['--gateway', url]), '--gateway', good.url);
  assert.equal(get(h, HELLO).code, 0);
  assert.equal(fs.readFileSync(path.join(folder, 'got'), 'utf8'), 'hello world');
  // kept: nobody is asked again
  const asked = await good.count();
  assert.equal(get(h, HELLO).code, 0);
  assert.equal(await good.count(), asked);
});

test('an altered local block is put right from a gateway', async () => {
  const h = home();
  const cid = put(h, 'hello world');
  const file = path.join(h.dir, 'blocks', cid.slice(-3, -1), cid);
  fs.writeFileSync(file, 'hello World');
  assert.match(get(h, cid).err, /was altered/);
  const good = await serve('good', Buffer.from('hello world').toString('hex'));
  ask(h, 'store', 'use', '--gateway', good.url);
  assert.equal(get(h, cid).code, 0);
  assert.equal(fs.readFileSync(file, 'utf8'), 'hello world');
});

test('addresses that are none are refused, and change nothing', () => {
  const h = home();
  for (const url of ['ftp://127.0.0.1/', 'localhost', '', 'file:///etc/passwd', 'http://']) {
    const answer = h.run('store', 'use', '--ipfs', url);
    assert.equal(answer.code, 2, url);
    assert.match(answer.err, /endpoint is not an http/);
  }
  assert.equal(h.run('store', 'use', '--gateway', 'ftp://127.0.0.1/').code, 2);
  assert.equal(ask(h, 'store', 'status').ipfs, undefined);
  assert.equal(h.run('store', 'use', ...Array(17).fill(['--gateway', 'http://127.0.0.1:1']).flat()).code, 2);
});

test('a password in the address is used and never shown', async () => {
  const server = await serve('refusing');
  const h = home();
  const url = server.url.replace('http://', 'http://user:s3cret-word@');
  const used = h.run('store', 'use', '--ipfs', url);
  const synced = (put(h, 'x'), h.run('store', 'sync'));
  for (const answer of [used, synced, h.run('store', 'status')])
    assert.doesNotMatch(answer.out + answer.err, /s3cret-word/);
});

test('removing what is not there', () => {
  const h = home();
  assert.match(h.run('store', 'remove', EMPTY).err, /not in the store/);
  assert.match(h.run('store', 'remove', 'nonsense').err, /CID/);
});
