// The store on a real Kubo node: pushed and pinned, down and back, read through it and its gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { Home, makeFolder } from '../cli/galen.mjs';
import { Kubo } from './kubo.mjs';

let folder;
let kubo;
const ask = (home, ...words) => {
  const answer = home.run(...words);
  assert.equal(answer.code, 0, answer.err);
  return answer.json;
};
const home = (name) => {
  const made = new Home(folder, name);
  made.make();
  return made;
};
const put = (h, text) => {
  const file = path.join(folder, 'block');
  fs.writeFileSync(file, text);
  return ask(h, 'store', 'put', file).cid;
};
const get = (h, cid) => {
  const file = path.join(folder, 'got');
  const answer = h.run('store', 'get', cid, '--output', file);
  return answer.code === 0 ? fs.readFileSync(file, 'utf8') : answer;
};

before(async () => {
  folder = makeFolder();
  fs.mkdirSync(path.join(folder, 'ipfs'));
  kubo = new Kubo(path.join(folder, 'ipfs'));
  await kubo.init();
  await kubo.start();
});
after(async () => {
  await kubo.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('what was there before is pushed, what is put is pinned at once', () => {
  const h = home('first');
  const old = put(h, 'from before');
  const status = ask(h, 'store', 'use', '--ipfs', kubo.api);
  assert.equal(status.reachable, true);
  assert.match(status.agent, /^kubo\//);
  assert.equal(status.unpushed, 1);
  assert.deepEqual(ask(h, 'store', 'sync'), { pushed: 1, removed: 0, left: 0 });
  const fresh = put(h, 'fresh');
  assert.deepEqual(kubo.pins(), [old, fresh].sort());
  assert.equal(kubo.run('block', 'get', fresh), 'fresh');
  assert.equal(ask(h, 'store', 'status').unpushed, 0);
  assert.deepEqual(ask(h, 'store', 'sync'), { pushed: 0, removed: 0, left: 0 });
});

test('another home reads through Kubo, or through a gateway alone', () => {
  const h = home('writer');
  ask(h, 'store', 'use', '--ipfs', kubo.api);
  const cid = put(h, 'for others');
  const reader = home('reader');
  assert.match(get(reader, cid).err, /not in the store/);
  ask(reader, 'store', 'use', '--ipfs', kubo.api);
  assert.equal(get(reader, cid), 'for others');
  assert.equal(ask(reader, 'store', 'status').unpushed, 0);
  const third = home('third');
  ask(third, 'store', 'use', '--gateway', kubo.gateway);
  assert.equal(get(third, cid), 'for others');
  assert.match(get(third, 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku').err, /elsewhere/);
});

test('Kubo is down: work goes on, and it gets all when it is back', async () => {
  const h = home('patient');
  ask(h, 'store', 'use', '--ipfs', kubo.api);
  await kubo.stop();
  const cids = ['one', 'two', 'three'].map((text) => put(h, text));
  const down = ask(h, 'store', 'status');
  assert.equal(down.reachable, false);
  assert.match(down.reason, /cannot connect to Kubo/);
  assert.equal(down.unpushed, 3);
  const vain = ask(h, 'store', 'sync');
  assert.equal(vain.left, 3);
  assert.match(vain.reason, /cannot connect/);
  assert.equal(get(h, cids[0]), 'one');
  await kubo.start();
  assert.deepEqual(ask(h, 'store', 'sync'), { pushed: 3, removed: 0, left: 0 });
  for (const cid of cids) assert.ok(kubo.pins().includes(cid));
});

test('what Kubo has lost it is given again with --all', () => {
  const h = home('keeper');
  ask(h, 'store', 'use', '--ipfs', kubo.api);
  const cid = put(h, 'to be lost');
  kubo.run('pin', 'rm', cid);
  assert.equal(ask(h, 'store', 'sync').pushed, 0);
  assert.equal(ask(h, 'store', 'sync', '--all').pushed, 1);
  assert.ok(kubo.pins().includes(cid));
});

test('what is removed leaves Kubo too, at once or when it is back', async () => {
  const h = home('remover');
  ask(h, 'store', 'use', '--ipfs', kubo.api);
  const [now, later, again] = ['now', 'later', 'again'].map((text) => put(h, text));
  assert.equal(h.run('store', 'remove', now).code, 0);
  assert.ok(!kubo.pins().includes(now));
  assert.throws(() => kubo.run('block', 'get', '--offline', now));
  await kubo.stop();
  assert.equal(h.run('store', 'remove', later).code, 0);
  assert.equal(h.run('store', 'remove', again).code, 0);
  assert.equal(ask(h, 'store', 'status').unremoved, 2);
  assert.equal(put(h, 'again'), again); // wanted again before Kubo heard of it
  assert.equal(ask(h, 'store', 'status').unremoved, 1);
  await kubo.start();
  assert.deepEqual(ask(h, 'store', 'sync'), { pushed: 1, removed: 1, left: 0 });
  assert.ok(!kubo.pins().includes(later));
  assert.ok(kubo.pins().includes(again));
});

test('the largest block, and the empty one', () => {
  const h = home('large');
  ask(h, 'store', 'use', '--ipfs', kubo.api);
  const cids = ['x'.repeat(1 << 20), ''].map((text) => put(h, text));
  assert.equal(ask(h, 'store', 'status').unpushed, 0);
  for (const cid of cids) assert.ok(kubo.pins().includes(cid));
  const reader = home('large-reader');
  ask(reader, 'store', 'use', '--ipfs', kubo.api);
  assert.equal(get(reader, cids[0]).length, 1 << 20);
  assert.equal(get(reader, cids[1]), '');
});
