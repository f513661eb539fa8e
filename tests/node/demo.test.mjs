// `galen serve --demo`: a home with everybody in it, made once, and all there is to see in it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { binary, makeFolder } from '../cli/galen.mjs';
import { Node } from './node.mjs';

const password = 'galen-demo';
let folder, home, node;

before(() => {
  folder = makeFolder();
  // serve.mjs names a password file; the demo's password is its own.
  home = { dir: path.join(folder, 'demo'), passwordFile: path.join(folder, 'none') };
});
after(async () => {
  await node?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const signIn = async (identity) => {
  const answer = await node.call('POST', '/session', { body: { identity, password } });
  assert.equal(answer.status, 200, answer.text);
  return answer.headers.get('set-cookie').split(';')[0];
};

test('everybody can sign in, and finds something of every workflow', { timeout: 120000 }, async () => {
  node = await Node.start(home, { args: ['--demo'] });
  const see = async (who, target) => node.ok('GET', target, { cookie: await signIn(who) });
  assert.deepEqual((await see('buyer', '/requests')).map((one) => one.state),
    ['pending', 'replied', 'disputed', 'verified', 'finalized']);
  const records = await see('patient-01', '/records');
  assert.ok(records.length > 0 && records.every((one) => one.state === 'anchored'));
  assert.equal((await see('doctor-2', '/shares')).length, 1);
  assert.ok((await see('group-manager', '/group/members')).length === 2);
  assert.deepEqual((await see('revocation-manager', '/openings')).map((one) => one.state).sort(), ['asked', 'opened']);
  assert.deepEqual((await see('revocation-manager', '/complaints')).map((one) => one.state).sort(), ['asked', 'logged']);
  assert.equal((await see('revocation-manager', '/disputes')).length, 1);
  const waiting = await see('patient-12', '/consents');
  assert.ok(waiting.some((one) => one.state === 'wanted'));
});

test('it goes on where it was, and a chain with it', { timeout: 120000 }, async () => {
  const was = fs.statSync(path.join(home.dir, 'demo')).mtimeMs;
  await node.stop();
  node = await Node.start(home, { args: ['--demo'] });
  assert.equal(fs.statSync(path.join(home.dir, 'demo')).mtimeMs, was);
  const cookie = await signIn('hospital');
  const pending = (await node.ok('GET', '/requests', { cookie })).find((one) => one.state === 'pending');
  const dry = await node.ok('POST', `/requests/${pending.requestId}/reply?dryRun=true`, { cookie, body: { k: 2 } });
  assert.ok(dry.available >= 2);
});

test('no other home becomes the demo', () => {
  const other = path.join(folder, 'other');
  fs.mkdirSync(other);
  const refused = spawnSync(binary, ['serve', '--demo', '--home', other], { encoding: 'utf8', timeout: 20000 });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /is there, and is no demo's home/);
  assert.deepEqual(fs.readdirSync(other), []);
});
