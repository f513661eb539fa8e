// Who may ask what: sessions, the operator's token, wallets, and requests that are refused before
// they are read.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Wallet } from 'ethers';
import { Home, makeFolder, startChain } from '../cli/galen.mjs';
import { serve, sleep, until } from './serve.mjs';

const api = '/api/v1';
let folder, chain, home, node;
const address = {};
const wallet = Wallet.createRandom();

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  home = new Home(folder, 'home');
  home.make({ rpc: chain.url });
  for (const [name, role] of [['gm', 'gm'], ['rm', 'rm'], ['alice', 'patient'], ['bob', 'patient'],
    ['carol', 'doctor']])
    address[name] = home.ok('account', 'new', name, '--role', role).address;
  await chain.rpc('anvil_setBalance', [address.gm, '0x56bc75e2d63100000']);
  home.ok('contract', 'deploy');
  // A browser wallet's key, as the wallet's owner would bring it.
  const keystore = path.join(folder, 'keystore.json'), secret = path.join(folder, 'secret');
  fs.writeFileSync(keystore, wallet.encryptSync('a keystore password', { scrypt: { N: 1024 } }));
  fs.writeFileSync(secret, 'a keystore password\n');
  home.ok('account', 'import', keystore, '--name', 'dave', '--role', 'buyer',
    '--keystore-password-file', secret);
  node = await serve(home);
});
after(async () => {
  await node?.stop();
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const signIn = async (identity, password = home.password) => {
  const answer = await node.call('POST', `${api}/session`, { body: { identity, password } });
  return { answer, cookie: answer.headers.get('set-cookie')?.split(';')[0] };
};

test('a session by password: its cookie, what it may, its end', async () => {
  const { answer, cookie } = await signIn('alice');
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { identity: address.alice, role: 'patient' });
  const set = answer.headers.get('set-cookie');
  assert.match(set, /^galen_session=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal((await node.ok('GET', `${api}/session`, { cookie })).identity, address.alice);
  assert.equal((await node.call('GET', `${api}/records`, { cookie })).status, 200);
  assert.equal((await node.call('GET', `${api}/records`)).status, 401);
  assert.equal((await node.call('GET', `${api}/records`, { cookie: `${cookie.slice(0, -1)}x` })).status,
    401);
  // Another role's, and the operator's.
  assert.equal((await node.call('POST', `${api}/group/propose`, { cookie, body: {} })).status, 403);
  assert.equal((await node.call('GET', `${api}/status`, { cookie })).status, 403);
  assert.equal((await node.call('DELETE', `${api}/session`, { cookie })).status, 204);
  assert.equal((await node.call('GET', `${api}/records`, { cookie })).status, 401);
});

test('an identity sees its own alone', async () => {
  const { cookie } = await signIn('alice');
  assert.deepEqual((await node.ok('GET', `${api}/accounts`, { cookie })).map((row) => row.name),
    ['alice']);
  // A note for bob is none for alice.
  await node.ok('POST', `${api}/group/setup`, { as: 'gm', body: { rm: 'rm' } });
  const news = await until('the RM is told', async () => {
    const list = await node.ok('GET', `${api}/notifications`, { as: 'rm' });
    return list.length > 0 && list;
  });
  assert.ok(news.every((row) => row.identity === address.rm));
  assert.deepEqual(await node.ok('GET', `${api}/notifications`, { cookie }), []);
  // Neither what gm sent nor who it is shows.
  assert.deepEqual(await node.ok('GET', `${api}/transactions`, { cookie }), []);
  assert.equal((await node.ok('GET', `${api}/transactions`, { as: 'gm' })).length, 1);
  assert.deepEqual(await node.ok('GET', `${api}/gas/report`, { cookie }), []);
});

test('an identity with a password of its own', async () => {
  const file = path.join(folder, 'bob.password');
  fs.writeFileSync(file, 'a password of bob\n');
  home.run('account', 'password', '--as', 'bob', '--new-password-file', file);
  assert.equal((await signIn('bob')).answer.status, 401);
  assert.equal((await signIn('bob', 'a password of bob')).answer.status, 200);
  assert.equal((await signIn('alice', 'a password of bob')).answer.status, 401);
  home.run('account', 'password', '--as', 'bob', '--remove');
  assert.equal((await signIn('bob')).answer.status, 200);
  fs.writeFileSync(file, 'short\n');
  assert.equal(home.run('account', 'password', '--as', 'bob', '--new-password-file', file).code, 2);
});

test('guessing is slowed down, and tells nothing', async () => {
  const wrong = (await signIn('carol', 'wrong')).answer;
  const unknown = (await signIn('nobody', 'wrong')).answer;
  assert.equal(wrong.status, 401);
  assert.deepEqual(wrong.json, unknown.json);
  for (let i = 0; i < 4; i++) assert.equal((await signIn('carol', `wrong ${i}`)).answer.status, 401);
  const last = (await signIn('carol')).answer;
  assert.equal(last.status, 429);
  assert.match(last.json.hint, /five minutes/);
});

test("the operator's token", async () => {
  assert.equal(fs.statSync(path.join(home.dir, 'node.token')).mode & 0o777, 0o600);
  assert.equal((await node.ok('GET', `${api}/status`, { operator: true })).unlocked, true);
  assert.match((await node.call('GET', '/metrics', { operator: true })).text, /galen_identities 6/);
  assert.equal((await node.call('GET', '/metrics')).status, 401);
  const bare = await node.call('GET', `${api}/records`, { operator: true });
  assert.equal(bare.status, 400);
  assert.match(bare.json.hint, /Galen-Identity/);
  const other = await node.call('GET', `${api}/records`, {
    headers: { authorization: `Bearer ${'0'.repeat(64)}`, 'galen-identity': 'alice' } });
  assert.equal(other.status, 401);
  assert.equal(other.headers.get('www-authenticate'), 'Bearer realm="galen"');
  assert.equal((await node.call('GET', `${api}/records`, { as: 'nobody' })).status, 404);
});

// EIP-4361, as a browser's wallet is given it.
function message({ host, nonce, chainId = 31337, from = wallet.address, uri, issued, statement,
  extra = [] }) {
  return [`${host} wants you to sign in with your Ethereum account:`, from, '',
    ...(statement ? [statement, ''] : []), `URI: ${uri ?? `http://${host}/`}`, 'Version: 1',
    `Chain ID: ${chainId}`, `Nonce: ${nonce}`, `Issued At: ${issued ?? new Date().toISOString()}`,
    ...extra].join('\n');
}
const nonce = async () => (await node.ok('POST', `${api}/session/nonce`)).nonce;
const enter = async (text, signer = wallet) => node.call('POST', `${api}/session/wallet`,
  { body: { message: text, signature: await signer.signMessage(text) } });

test('sign-in with Ethereum', async () => {
  const host = new URL(node.url).host;
  const good = message({ host, nonce: await nonce(), statement: 'Sign in to Galen.' });
  const answer = await enter(good);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, { identity: wallet.address, role: 'buyer' });
  const cookie = answer.headers.get('set-cookie').split(';')[0];
  assert.equal((await node.ok('GET', `${api}/session`, { cookie })).role, 'buyer');
  // Once only.
  assert.equal((await enter(good)).status, 422);
  const later = new Date(Date.now() + 3600000).toISOString();
  const earlier = new Date(Date.now() - 3600000).toISOString();
  const wrong = {
    'another site': { host: 'evil.example' },
    'another site in the URI': { host, uri: 'http://evil.example/' },
    'a site that begins alike': { host, uri: `http://${host}.evil.example/` },
    'another chain': { host, chainId: 1 },
    'issued in the future': { host, issued: later },
    'expired': { host, extra: [`Expiration Time: ${earlier}`] },
    'not yet good': { host, extra: [`Not Before: ${later}`] },
  };
  for (const [why, parts] of Object.entries(wrong))
    assert.equal((await enter(message({ nonce: await nonce(), ...parts }))).status, 422, why);
  assert.equal((await enter(message({ host, nonce: 'madeupnonce' }))).status, 422);
  // Somebody else's signature, and somebody who is no identity here.
  const stranger = Wallet.createRandom();
  assert.equal((await enter(message({ host, nonce: await nonce() }), stranger)).status, 422);
  const theirs = message({ host, nonce: await nonce(), from: stranger.address });
  assert.equal((await enter(theirs, stranger)).status, 404);
  for (const text of ['', 'x', good.replace('Version: 1', 'Version: 2\nVersion: 1'),
    good.replace(/Nonce: .*\n/, ''), `${good}\nand more`])
    assert.ok([400, 422].includes((await enter(text)).status), text);
});

const raw = (lines, tail = '') => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(node.url);
  const socket = net.connect(port, hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n${tail}`));
  let got = '';
  socket.on('data', (data) => { got += data; if (got.includes('\r\n\r\n')) socket.end(); });
  socket.on('close', () => resolve(got));
  socket.on('error', reject);
});

test('requests for another name, from another site, of another kind', async () => {
  const host = new URL(node.url).host;
  for (const name of ['evil.example', `evil.example:${new URL(node.url).port}`, '127.0.0.1', ''])
    assert.match(await raw([`GET ${api}/health HTTP/1.1`, `Host: ${name}`]), /^HTTP\/1.1 4(21|00)/, name);
  assert.match(await raw([`GET ${api}/health HTTP/1.1`, `Host: ${host}`]), /^HTTP\/1.1 (200|503)/);
  const { cookie } = await signIn('alice');
  for (const origin of ['http://evil.example', 'null', `http://${host}.evil.example`]) {
    const answer = await raw([`GET ${api}/session HTTP/1.1`, `Host: ${host}`, `Origin: ${origin}`,
      `Cookie: ${cookie}`]);
    assert.match(answer, /^HTTP\/1.1 403/, origin);
  }
  assert.match(await raw([`GET ${api}/session HTTP/1.1`, `Host: ${host}`, `Origin: http://${host}`]),
    /^HTTP\/1.1 200/);
  // What a form of another page could send.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
    assert.equal((await node.call('POST', `${api}/session`,
      { body: '{}', headers: { 'content-type': type } })).status, 415, type);
  assert.equal((await node.call('PATCH', `${api}/session`)).status, 405);
  assert.equal((await node.call('PUT', `${api}/records`, { as: 'alice', body: {} })).status, 405);
  assert.equal((await node.call('GET', '/nothing')).status, 404);
  assert.equal((await node.call('GET', `${api}/records/%2e%2e/x/y`)).status, 404);
});

test('bad bodies', async () => {
  for (const body of ['{', '[]', '{"identity":"alice"}', '{"identity":1,"password":"x"}',
    '{"identity":"alice","password":"x","more":1}', '{"identity":"a","identity":"b","password":"x"}',
    'null', '"x"', `${'['.repeat(10000)}`]) {
    const answer = await node.call('POST', `${api}/session`, { body });
    assert.equal(answer.status, 400, body.slice(0, 60));
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  }
  const large = 'x'.repeat((16 << 20) + 1);
  assert.equal((await node.call('POST', `${api}/session`, { body: large })).status, 413);
  assert.equal((await node.call('POST', `${api}/session`,
    { body: large.slice(2), headers: { 'content-type': 'text/plain' } })).status, 415);
  // Without a length that would tell.
  const answer = await new Promise((resolve, reject) => {
    const request = http.request(`${node.url}${api}/session`, { method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } }, resolve);
    request.on('error', reject);
    const chunk = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 17; i++) request.write(chunk);
    request.end();
  });
  assert.equal(answer.statusCode, 413);
  answer.resume();
  assert.equal((await node.call('GET', `${api}/session`)).status, 200);
});

test('event streams: told what is theirs, ended with the session, and not without limit', async () => {
  const { cookie } = await signIn('rm');
  const open = (headers) => new Promise((resolve, reject) => {
    http.get(`${node.url}${api}/events`, { headers }, resolve).on('error', reject);
  });
  const stream = await open({ cookie });
  assert.equal(stream.headers['content-type'], 'text/event-stream');
  let got = '';
  stream.on('data', (data) => { got += data; });
  await until('ready', () => got.includes('event: ready'));
  const card = await node.ok('POST', `${api}/profile/card`, { as: 'alice', body: {} });
  assert.equal(card.type, 'galen.card/1');
  // 256 in all; this is one.
  const held = [];
  const authorization = `Bearer ${node.token}`;
  for (let i = 0; i < 255; i++)
    held.push(await open({ authorization, 'galen-identity': 'alice' }));
  assert.ok(held.every((one) => one.statusCode === 200));
  const more = await open({ authorization, 'galen-identity': 'alice' });
  assert.equal(more.statusCode, 503);
  more.resume();
  assert.equal((await node.call('GET', `${api}/session`)).status, 200);
  for (const one of held) one.destroy();
  await node.call('DELETE', `${api}/session`, { cookie });
  const ended = new Promise((resolve) => stream.on('end', resolve));
  await Promise.race([ended, sleep(40000).then(() => assert.fail('the stream outlived its session'))]);
});

test('one who does not say what he wants is let go', { timeout: 60000 }, async () => {
  const { hostname, port } = new URL(node.url);
  const socket = net.connect(port, hostname);
  await new Promise((resolve) => socket.on('connect', resolve));
  socket.on('error', () => {});
  let closed = false;
  socket.on('close', () => { closed = true; });
  socket.write(`GET ${api}/health HTTP/1.1\r\n`);
  const begun = Date.now();
  for (; !closed && Date.now() - begun < 50000; await sleep(500)) socket.write('X: y\r\n');
  assert.ok(closed, 'still connected');
  assert.ok(Date.now() - begun < 40000);
});

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'no openssl program to make a certificate with';
test('TLS', { skip: noOpenssl }, async () => {
  const key = path.join(folder, 'key.pem'), certificate = path.join(folder, 'certificate.pem');
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', '1', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key,
    '-out', certificate], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const other = new Home(folder, 'tls');
  other.make();
  await assert.rejects(serve(other, { args: ['--tls-key', key] }), /TLS needs a certificate and its key/);
  await assert.rejects(serve(other, { args: ['--tls-certificate', key, '--tls-key', certificate] }), /PEM files/);
  const secure = await serve(other, { args: ['--tls-certificate', certificate, '--tls-key', key] });
  assert.match(secure.url, /^https:/);
  const ca = fs.readFileSync(certificate);
  const get = (options) => new Promise((resolve, reject) => {
    https.get(`${secure.url}${api}/session`, options, resolve).on('error', reject);
  });
  const answer = await get({ ca });
  assert.equal(answer.statusCode, 200);
  assert.match(answer.headers['strict-transport-security'], /max-age/);
  answer.resume();
  await assert.rejects(get({ ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
  await assert.rejects(fetch(secure.url.replace('https', 'http')));
  assert.equal((await secure.stop()).code, 0);
});

test('a second node on the home is refused; the command line works beside it; it stops cleanly', async () => {
  await assert.rejects(serve(home), /another node has this home/);
  await assert.rejects(serve(new Home(folder, 'nowhere')), /nowhere is not a Galen home/);
  assert.equal(home.ok('account', 'list').length, 6);
  const { code } = await node.stop();
  assert.equal(code, 0, node.said());
  assert.ok(!fs.existsSync(path.join(home.dir, 'node.token')));
  assert.ok(!fs.existsSync(path.join(home.dir, 'node.url')));
  node = await serve(home);
});
