// Bad input: a clear error, the exit code that fits, and everything left as it was.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';
import { after, before, test } from 'node:test';
import { Home, binary, makeFolder, makeRecord, snapshot, startChain } from './galen.mjs';

let folder, chain, home;
const address = {};
const write = (name, bytes) => {
  const to = path.join(folder, name);
  fs.writeFileSync(to, bytes);
  return to;
};

// Runs, expects the code and the words, and that the home's files are what they were.
function refuses(code, words, what) {
  const was = snapshot(home.dir);
  const done = home.run(...words);
  const said = done.err;
  assert.equal(done.code, code, `galen ${words.filter((w) => typeof w === 'string').join(' ')}: ${said}`);
  for (const pattern of [what].flat()) assert.match(said, pattern);
  assert.deepEqual(snapshot(home.dir), was, 'something was changed');
  assert.ok(!/correct horse/.test(said + done.out), 'a password was shown');
  if (done.json?.error) assert.ok(done.json.error.code && done.json.error.what);
  return done;
}

before(async () => {
  folder = makeFolder();
  chain = await startChain();
  home = new Home(folder, 'home');
  home.make({ rpc: chain.url });
  for (const role of ['gm', 'rm', 'hospital', 'doctor', 'patient', 'buyer'])
    address[role] = home.ok('account', 'new', role, '--role', role).address;
  await chain.rpc('anvil_setBalance', [address.gm, '0x8ac7230489e80000']);
  home.ok('contract', 'deploy');
  // Cards are made on first use: have that behind us, so that refusals leave every byte alone.
  for (const role of Object.keys(address)) home.run('profile', 'export', '--as', role, { json: false });
});
after(async () => {
  await chain?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('the command line itself', () => {
  for (const words of [['nonsense'], ['record'], ['record', 'fly'], ['record', 'list', '--wings'],
    ['record', 'show'], ['store', 'get', 'a', 'b'], ['account', 'new', 'x'],
    ['account', 'new', 'x', '--role', 'king'], ['request', 'show', 'soon']])
    refuses(2, words, /galen: /);
  assert.equal(home.run('account', 'list', '--home', path.join(folder, 'nowhere'),
    { json: false }).code, 0, '--home given twice: the last one counts');
});

test('words of others give a terminal no orders', () => {
  const name = '\u001b[31mred\u009b1m\u007f';
  const odd = new Home(folder, name);
  const done = odd.run('status', { json: false });
  assert.equal(done.code, 2);
  assert.match(done.err, /\?\[31mred/);
  assert.ok(!/[\u001b\u009b\u007f]/.test(done.err), JSON.stringify(done.err));
  const json = odd.run('status');
  assert.ok(!/[\u001b\u009b\u007f]/.test(json.out + json.err));
  assert.ok(json.json.error.what.includes(name), 'as JSON nothing is lost');
});

test('no home, two homes', () => {
  const nowhere = new Home(folder, 'nowhere');
  const done = nowhere.run('status');
  assert.equal(done.code, 2);
  assert.match(done.err, /not a Galen home/);
  assert.match(done.err, /galen init/);
  assert.ok(!fs.existsSync(nowhere.dir));
  assert.equal(home.run('init').code, 1);
});

test('that there is no home is said before a password is asked for', () => {
  const nowhere = path.join(folder, 'nowhere');
  for (const words of [['record', 'list'], ['serve'], ['record', 'show', 'x'], ['backup', path.join(folder, 'b')]]) {
    const done = spawnSync(binary, [...words, '--home', nowhere], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.match(done.stderr, /nowhere is not a Galen home/, words.join(' '));
    assert.equal(done.status, 2, words.join(' '));
  }
});

test('init makes a home for its owner alone, and says what it is', () => {
  const fresh = new Home(folder, 'fresh');
  assert.equal(fresh.run('init', { password: null }).code, 1, 'no home without a password');
  assert.ok(!fs.existsSync(fresh.dir));
  assert.equal(fresh.ok('init').unlocked, true);
  assert.equal(fs.statSync(fresh.dir).mode & 0o777, 0o700);
  assert.deepEqual(fresh.ok('account', 'list'), []);
});

test('unknown keys in config.json are refused', () => {
  const file = path.join(home.dir, 'config.json');
  const text = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, text.replace('{', '{"speed":"ludicrous",'));
  refuses(2, ['status'], /speed/);
  for (const url of ['javascript:alert(1)', 'https://', 'https:///x', 'http://a b', 'https://a/?q', 'https://u@a', 'ftp://a', '']) {
    fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(text), explorer_url: url }));
    refuses(2, ['status'], /explorer_url/);
  }
  fs.writeFileSync(file, text);
});

test('wrong password, empty password file, no password', () => {
  refuses(1, ['record', 'list', { password: write('wrong', 'not the one\n') }], /password/i);
  refuses(1, ['record', 'list', { password: write('empty', '\n') }], /password/i);
  refuses(1, ['record', 'list', { password: null }], [/password/i, /--password-file/]);
});

test('broken JSON, a bundle without a patient, no file', () => {
  const bundle = JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: [] });
  refuses(1, ['record', 'create', write('broken.json', '{"type": "galen.rec')], [/broken\.json/, /JSON/i]);
  refuses(1, ['record', 'create', path.join(folder, 'absent.json')], /absent\.json/);
  const report = home.run('record', 'import', write('none.json', bundle),
    write('none.json.gz', zlib.gzipSync(bundle)), write('broken2.json', '[{]'), '--dry-run');
  assert.equal(report.code, 1);
  assert.equal(report.json.length, 3, 'every file is reported, none stops the others');
  for (const row of report.json) assert.ok(row.error, JSON.stringify(row));
  assert.match(JSON.stringify(report.json[0].error), /Patient/);
});

test('a record that breaks the schema is named by its place', () => {
  const record = makeRecord(address.patient, address.hospital);
  record.demographics.shoe_size = 43;
  refuses(1, ['record', 'create', write('extra.json', JSON.stringify(record))], /shoe_size/);
  const twice = JSON.stringify(makeRecord(address.patient, address.hospital))
    .replace('"category"', '"notes":"x","category"');
  refuses(1, ['record', 'create', write('twice.json', twice)], /twice\.json/);
});

test('a doctor who is no member cannot sign', () => {
  const record = makeRecord(address.patient, address.hospital);
  refuses(1, ['record', 'create', write('record.json', JSON.stringify(record))], /group|member/i);
});

test('blocks: unknown CID, no CID, altered on disk', () => {
  const { cid } = home.ok('store', 'put', write('block', 'a block of bytes'));
  assert.equal(home.run('store', 'get', cid, { json: false }).out, 'a block of bytes');
  refuses(1, ['store', 'get', cid.slice(0, -3) + 'aaa'], /CID|block|canonical/i);
  refuses(1, ['store', 'get', 'QmNope'], /CID/);
  const unknown = home.ok('store', 'put', write('gone', 'soon gone'));
  const find = (name) => fs.readdirSync(path.join(home.dir, 'blocks'), { recursive: true })
    .map((f) => path.join(home.dir, 'blocks', f)).find((f) => f.endsWith(name));
  fs.rmSync(find(unknown.cid));
  refuses(1, ['store', 'get', unknown.cid], /not in the store/i);
  fs.writeFileSync(find(cid), 'A block of bytes');
  const done = refuses(1, ['store', 'get', cid, { json: false }], /alter|damaged|hash/i);
  assert.equal(done.out, '', 'bytes that do not fit the CID are not given out');
});

test('a contact card that was altered, or is of another chain', () => {
  const card = path.join(folder, 'card.json');
  assert.equal(home.run('profile', 'export', '--as', 'patient', '--output', card, { json: false }).code, 0);
  const text = fs.readFileSync(card, 'utf8');
  refuses(1, ['profile', 'import', write('forged.json', text.replace('"patient"', '"impostor"'))], /signed/);
  const nonce = JSON.parse(text);
  nonce.nonce += 1;
  refuses(1, ['profile', 'import', write('forged2.json', JSON.stringify(nonce))], /signed/);
});

test('insufficient funds', () => {
  const template = {
    category: 'Cardiology',
    demographics: { age: true, gender: true, location: false, ethnicity: false },
    medical_data: { diagnosis: true, treatment: false, medications: false, lab_results: false },
    time_period: '1 year', min_records: 2, price_wei: (10n ** 20n).toString(),
  };
  const done = home.run('request', 'create', write('dear.json', JSON.stringify(template)));
  assert.equal(done.code, 4);
  assert.match(done.err, /pay|funds/i);
  assert.match(done.err, /ETH|need/);
  assert.deepEqual(home.ok('request', 'list'), []);
  assert.equal(home.ok('gas', 'export', '--role', 'buyer').length, 0, 'nothing was sent');
});

test('the contract reverts: the reason is said', () => {
  const stranger = home.run('group', 'confirm', '--as', 'rm');
  assert.notEqual(stranger.code, 0);
  assert.ok(stranger.err.length > 20);
  const buyerAsGm = home.run('group', 'hospital', 'hospital', '--as', 'buyer');
  assert.equal(buyerAsGm.code, 2, 'a buyer is no group manager');
});

test('chain down, or talking nonsense', async () => {
  refuses(3, ['sync', '--rpc', 'http://127.0.0.1:1'], /127\.0\.0\.1|refused|reach|connect/i);
  const nonsense = http.createServer((_, answer) => answer.end('<html>hello</html>'));
  await new Promise((done) => { nonsense.listen(0, '127.0.0.1', done); });
  const url = `http://127.0.0.1:${nonsense.address().port}`;
  // spawnSync would keep this process from answering: ask through a second one.
  nonsense.close();
  const child = (await import('node:child_process')).spawn(process.execPath, ['-e',
    `require('http').createServer((q,a)=>a.end('<html>hello</html>')).listen(${new URL(url).port},'127.0.0.1',()=>console.log('up'))`],
  { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((done) => { child.stdout.once('data', done); });
  try {
    refuses(3, ['sync', '--rpc', url], /JSON|answer/i);
    assert.equal(home.ok('status', '--rpc', url).chain.reachable, false, 'status works and says so');
  } finally {
    child.kill();
  }
  refuses(2, ['sync', '--rpc', 'ftp://127.0.0.1/'], /http/);
});

test('another chain than the home was connected to', async () => {
  const second = await startChain();
  try {
    refuses(1, ['sync', '--rpc', second.url], /contract|chain/i);
  } finally {
    await second.stop();
  }
});

test('a key that was altered or moved is not used', () => {
  const keys = path.join(home.dir, 'keys');
  const wallet = (who) => path.join(keys, `wallet-${address[who].slice(2).toLowerCase()}.sealed`);
  const was = fs.readFileSync(wallet('gm'));
  fs.writeFileSync(wallet('gm'), fs.readFileSync(wallet('rm')));
  refuses(1, ['account', 'pay', address.rm, '0.1', '--as', 'gm'], /key|alter/i);
  const flipped = Buffer.from(was);
  flipped[flipped.length - 1] ^= 1;
  fs.writeFileSync(wallet('gm'), flipped);
  refuses(1, ['account', 'pay', address.rm, '0.1', '--as', 'gm'], /key|alter/i);
  fs.writeFileSync(wallet('gm'), was);
  home.ok('account', 'pay', address.rm, '0.1', '--as', 'gm');
});

test('keystores: out, in again, wrong password', () => {
  const keystore = path.join(folder, 'gm.keystore');
  const password = write('ks.password', 'another secret\n');
  assert.equal(home.run('account', 'export', '--as', 'gm', '--keystore-password-file', password,
    '--output', keystore, { json: false }).code, 0);
  assert.equal(fs.statSync(keystore).mode & 0o777, 0o600);
  const second = new Home(folder, 'second');
  second.ok('init');
  const wrong = second.run('account', 'import', keystore, '--name', 'gm', '--role', 'gm',
    '--keystore-password-file', write('ks.wrong', 'no\n'));
  assert.equal(wrong.code, 1);
  assert.deepEqual(second.ok('account', 'list'), []);
  assert.equal(second.ok('account', 'import', keystore, '--name', 'gm', '--role', 'gm',
    '--keystore-password-file', password).address, address.gm);
});

test('terminal escapes in what others wrote are not passed on', () => {
  const name = 'a\u001b[31mb';
  assert.equal(home.run('account', 'new', name, '--role', 'patient').code, 2);
});
