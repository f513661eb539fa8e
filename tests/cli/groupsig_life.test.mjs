// galen groupsig from set-up to link, each party with a key folder of its own.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { snapshot } from './galen.mjs';
import { Folder, random32, sha256 } from './groupsig.mjs';

let at;
const nonce = { alice: random32(), bob: random32() };
const context = { alice: sha256('alice'), bob: sha256('bob') };
const requests = {};
const commitments = {};
const signatures = [];
const messages = ['first', 'second', 'third'].map(sha256);
const opening = {};
const group = ['--group-key', '@gpk.hex'];
const first = () => ['--message-hash', messages[0], '--signature', signatures[0]];

before(() => {
  at = new Folder();
  at.makeKeys('gm', 'rm', 'bob'); // alice's is made by galen itself
});
after(() => at.remove());

test('two managers found a group', () => {
  const { gmShare } = at.ok('setup-gm', '--keys', 'gm', '--output', 'gm-share.hex');
  assert.equal(gmShare.length, 2 + 2 * 360);
  assert.equal(fs.readFileSync(at.path('gm-share.hex'), 'utf8'), `${gmShare}\n`);
  const made = at.ok('setup-rm', '--keys', 'rm', '--gm-share', '@gm-share.hex', '--output', 'gpk.hex');
  const joined = at.ok('key', '--gm-share', '@gm-share.hex', '--rm-share', made.rmShare);
  assert.equal(joined.groupKey, made.groupKey);
  assert.equal(joined.fingerprint, `0x${sha256(Buffer.from(made.groupKey.slice(2), 'hex'))}`);
  assert.equal(at.ok('inspect', '@gpk.hex').fingerprint, joined.fingerprint);
});

test('secret keys are sealed, for their owner alone, and never replaced', () => {
  assert.deepEqual(fs.readdirSync(at.path('gm')).sort(), ['gm.sealed', 'master.json']);
  assert.equal(fs.statSync(at.path('gm')).mode & 0o777, 0o700);
  for (const name of ['gm.sealed', 'master.json'])
    assert.equal(fs.statSync(at.path(`gm/${name}`)).mode & 0o777, 0o600);
  const was = snapshot(at.path('gm'));
  const done = at.expect(1, 'setup-gm', '--keys', 'gm');
  assert.match(done.err, /already/);
  assert.equal(done.json.error.code, 'exists');
  assert.deepEqual(snapshot(at.path('gm')), was);
  at.ok('setup-gm', '--keys', 'gm', '--name', 'gm-2027');
});

test('members join', () => {
  for (const who of ['alice', 'bob']) {
    const { request } = at.ok('join-request', ...group, '--keys', who, '--nonce', nonce[who], '--context', context[who]);
    requests[who] = request;
    const issued = at.ok('join-issue', ...group, '--keys', 'gm', '--name', 'gm', '--registry', 'registry',
      '--request', request, '--nonce', nonce[who], '--context', context[who], '--output', `${who}.membership`);
    assert.equal(issued.again, false);
    assert.ok(fs.readFileSync(at.path('registry'), 'utf8').includes(issued.membership), 'registered first');
    const { commitment } = at.ok('join-finish', ...group, '--keys', who, '--membership', `@${who}.membership`);
    assert.equal(commitment, issued.commitment);
    commitments[who] = commitment;
    assert.deepEqual(fs.readdirSync(at.path(who)).sort(), ['master.json', 'member.sealed']);
  }
  assert.equal(fs.statSync(at.path('registry')).mode & 0o777, 0o600);
});

const issue = (code, request, its, context32, ...more) => at.expect(code, 'join-issue', ...group, '--keys', 'gm',
  '--name', 'gm', '--registry', 'registry', '--request', request, '--nonce', its, '--context', context32, ...more);

test('the registry: a retry gets the stored answer, anything else used twice is refused', () => {
  const was = fs.readFileSync(at.path('registry'), 'utf8');
  const rows = was.trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(rows.length, 2);
  const again = issue(0, requests.alice, nonce.alice, context.alice).json;
  assert.equal(again.membership, rows[0].membership);
  assert.equal(again.again, true);
  assert.equal(again.row, 1);
  assert.equal(again.head, rows[1].head);
  assert.match(issue(1, requests.alice, nonce.alice, context.bob).err, /nonce/);
  assert.match(issue(1, requests.alice, random32(), context.alice).err, /commitment/);
  const { request } = at.ok('join-request', ...group, '--keys', 'carol', '--nonce', nonce.bob, '--context', context.alice);
  assert.match(issue(1, request, nonce.bob, context.alice).err, /nonce/);
  assert.match(issue(1, request, random32(), context.alice).err, /join request: does not hold/);
  assert.match(issue(1, requests.alice.slice(0, -2), nonce.alice, context.alice).err, /329 bytes/);
  assert.equal(fs.readFileSync(at.path('registry'), 'utf8'), was);
});

test('the registry: processes at once agree', async () => {
  const its = random32();
  const { request } = at.ok('join-request', ...group, '--keys', 'dora', '--nonce', its, '--context', its);
  const answers = await Promise.all([1, 2, 3].map(() => at.start('join-issue', ...group, '--keys', 'gm', '--name', 'gm',
    '--registry', 'registry', '--request', request, '--nonce', its, '--context', its)));
  assert.equal(new Set(answers.map(({ membership }) => membership)).size, 1);
  assert.equal(answers.filter(({ again }) => !again).length, 1);
  assert.equal(fs.readFileSync(at.path('registry'), 'utf8').trim().split('\n').length, 3);
});

test('the registry: heads chain every row, and an altered file is not used', () => {
  const lines = fs.readFileSync(at.path('registry'), 'utf8').trim().split('\n');
  let head = Buffer.alloc(32);
  for (const line of lines) {
    const { salt, head: stated, ...row } = JSON.parse(line);
    const members = Object.fromEntries(Object.entries(row).sort());
    const hash = sha256(Buffer.concat([Buffer.from(salt.slice(2), 'hex'), Buffer.from(JSON.stringify(members))]));
    head = Buffer.from(sha256(Buffer.concat([Buffer.from('galen/registry/1'), head, Buffer.from(hash, 'hex')])), 'hex');
    assert.equal(stated, `0x${head.toString('hex')}`);
  }
  const was = `${lines.join('\n')}\n`;
  const flip = was.replace(/("membership":"0x0604..)(.)/, (_, before, digit) => before + (digit === '0' ? '1' : '0'));
  const altered = { [flip]: /altered/, [`${lines[1]}\n${lines[2]}\n`]: /altered/, [was.slice(0, -1)]: /cut off/, [`${was}{}\n`]: /line 4/ };
  for (const [text, why] of Object.entries(altered)) {
    at.write('registry', text);
    const done = issue(1, requests.alice, nonce.alice, context.alice);
    assert.match(done.err, why);
    assert.equal(done.json.membership, undefined);
    assert.equal(fs.readFileSync(at.path('registry'), 'utf8'), text);
  }
  at.write('registry', was);
  fs.mkdirSync(at.path('taken'));
  const unwritable = at.expect(1, 'join-issue', ...group, '--keys', 'gm', '--name', 'gm', '--registry', 'taken',
    '--request', requests.alice, '--nonce', nonce.alice, '--context', context.alice);
  assert.equal(unwritable.json.membership, undefined, 'no row, no membership');
});

test('sign and verify', () => {
  for (const [i, who] of ['alice', 'alice', 'bob'].entries())
    signatures.push(at.ok('sign', ...group, '--keys', who, '--message-hash', messages[i]).signature);
  assert.equal(new Set(signatures).size, 3);
  for (const [i, signature] of signatures.entries()) {
    assert.deepEqual(at.ok('verify', ...group, '--message-hash', messages[i], '--signature', signature), { valid: true });
    assert.equal(at.expect(1, 'verify', ...group, '--message-hash', messages[(i + 1) % 3], '--signature', signature).json.valid, false);
  }
  at.write('text', 'second');
  at.ok('verify', ...group, '--text', 'second', '--signature', signatures[1]);
  at.ok('verify', ...group, '--text-file', 'text', '--signature', signatures[1]);
  at.ok('verify', ...group, '--text-file', '-', '--signature', signatures[1], { input: 'second' });
  assert.match(at.run('verify', ...group, '--text', 'second', '--signature', signatures[1], { json: false }).out, /^valid: true\n$/);
});

test('hex, base64, files with lines, raw bytes and standard input', () => {
  const bytes = Buffer.from(signatures[0].slice(2), 'hex');
  const forms = [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64'), '@-',
    `@${at.write('sig.bin', bytes)}`, `@${at.write('sig.hex', signatures[0])}`,
    `@${at.write('sig.b64', `${bytes.toString('base64').replace(/.{76}/g, '$&\n')}\n`)}`,
    `@${at.write('sig.xxd', `${bytes.toString('hex').replace(/.{60}/g, '$&\r\n')}\n`)}`];
  for (const form of forms)
    at.ok('verify', ...group, '--message-hash', messages[0], '--signature', form, { input: signatures[0] });
  at.ok('verify', ...group, '--message-hash', Buffer.from(messages[0], 'hex').toString('base64'), '--signature', signatures[0]);
  at.expect(2, 'verify', '--group-key', '@-', '--message-hash', messages[0], '--signature', '@-',
    { input: fs.readFileSync(at.path('gpk.hex'), 'utf8') });
});

test('batches name the bad ones', () => {
  const lines = signatures.map((signature, i) => `${messages[i]} ${signature}`);
  at.write('good', `${lines.join('\n')}\n\n`);
  assert.deepEqual(at.ok('batch-verify', ...group, '--signatures', 'good'), { count: 3, valid: 3, invalid: [] });
  at.write('bad', [lines[0], `${messages[0]} ${signatures[1]}`, lines[2], `${messages[0]} ${signatures[0].slice(0, -2)}`].join('\n'));
  assert.deepEqual(at.expect(1, 'batch-verify', ...group, '--signatures', '@bad', '--threads', '2').json,
    { count: 4, valid: 2, invalid: [2, 4] });
  assert.equal(at.ok('batch-verify', ...group, ...first(), '--message-hash', messages[1], '--signature', signatures[1],
    '--signatures', 'good').count, 5);
  at.expect(2, 'batch-verify', ...group);
  at.expect(2, 'batch-verify', ...group, ...first(), '--message-hash', messages[1]);
  assert.match(at.expect(2, 'batch-verify', ...group, '--signatures', at.write('lines', `${lines[0]}\nhello\n`)).err, /line 2/);
  at.expect(2, 'batch-verify', ...group, '--signatures', 'good', '--threads', '0');
});

test('both managers together open, neither alone', () => {
  for (const role of ['gm', 'rm'])
    opening[role] = at.ok('open-share', ...group, '--keys', role, '--name', role, ...first()).share;
  const open = (gm, rm, ...more) => ['open', ...group, ...first(), '--gm-share', gm, '--rm-share', rm, ...more];
  assert.deepEqual(at.ok(...open(opening.gm, opening.rm, '--registry', 'registry')), { commitment: commitments.alice, row: 1 });
  assert.match(at.expect(1, ...open(opening.gm, opening.gm)).err, /another group, signature or manager/);
  at.expect(1, ...open(opening.rm, opening.gm));
  const other = at.ok('open-share', ...group, '--keys', 'rm', '--message-hash', messages[1], '--signature', signatures[1]).share;
  at.expect(1, ...open(opening.gm, other));
  at.expect(1, 'open-share', ...group, '--keys', 'rm', '--message-hash', messages[1], '--signature', signatures[0]);
  at.expect(1, 'open-share', ...group, '--keys', 'alice', '--name', 'member', ...first());
  const lines = fs.readFileSync(at.path('registry'), 'utf8').split('\n');
  assert.equal(lines.length, 4);
  at.write('empty', '');
  const missing = at.expect(1, ...open(opening.gm, opening.rm, '--registry', 'empty'));
  assert.equal(missing.json.commitment, commitments.alice);
  assert.match(missing.json.fault, /Group Manager/);
  at.expect(1, ...open(opening.gm, opening.rm, '--registry', 'absent'));
});

test('a reveal follows an opening, and no other request', () => {
  const words = (who) => ['--request', requests[who], '--nonce', nonce[who], '--context', context[who]];
  const opened = ['--gm-share', opening.gm, '--rm-share', opening.rm];
  const shares = {};
  for (const role of ['gm', 'rm']) {
    shares[role] = at.ok('reveal-share', ...group, '--keys', role, '--name', role, ...words('alice'), ...first(), ...opened).share;
    assert.match(at.expect(1, 'reveal-share', ...group, '--keys', role, '--name', role, ...words('bob'), ...first(), ...opened).err, /reveal share/);
  }
  at.expect(2, 'reveal-share', ...group, '--keys', 'rm', ...words('alice'), ...first());
  const { token } = at.ok('reveal', ...group, '--request', requests.alice, '--gm-share', shares.gm, '--rm-share', shares.rm);
  at.expect(1, 'reveal', ...group, '--request', requests.bob, '--gm-share', shares.gm, '--rm-share', shares.rm);
  at.expect(1, 'reveal', ...group, '--request', requests.alice, '--gm-share', shares.rm, '--rm-share', shares.gm);
  const trace = (i, ...more) => ['trace', ...group, '--message-hash', messages[i], '--signature', signatures[i], ...more];
  assert.deepEqual(at.ok(...trace(0, '--token', token)), { traced: true, token: 1 });
  assert.deepEqual(at.ok(...trace(1, '--token', token)), { traced: true, token: 1 });
  assert.deepEqual(at.expect(1, ...trace(2, '--token', token)).json, { traced: false });
  at.write('tokens', `${token}\n`.repeat(70));
  assert.deepEqual(at.expect(1, ...trace(2, '--tokens', 'tokens')).json, { traced: false });
  at.expect(2, ...trace(0, '--token', token.slice(0, -2)));
  at.expect(2, ...trace(0));
  at.expect(1, 'trace', ...group, '--message-hash', messages[1], '--signature', signatures[0], '--token', token);
});

test('claims and links hold for their context and signer alone', () => {
  const bound = ['--purpose', 'audit 7', '--claimant', `0x${'11'.repeat(20)}`, '--nonce', '22'.repeat(32)];
  const context32 = sha256(Buffer.concat([Buffer.from(sha256('audit 7'), 'hex'), Buffer.alloc(20, 0x11), Buffer.alloc(32, 0x22)]));
  const { claim } = at.ok('claim', ...group, '--keys', 'alice', ...first(), ...bound);
  at.ok('claim-verify', ...group, ...first(), '--claim', claim, ...bound);
  at.ok('claim-verify', ...group, ...first(), '--claim', claim, '--context', context32);
  assert.equal(at.expect(1, 'claim-verify', ...group, ...first(), '--claim', claim, '--context', sha256('x')).json.valid, false);
  assert.match(at.expect(1, 'claim', ...group, '--keys', 'bob', ...first(), ...bound).err, /not made with this key/);
  at.expect(2, 'claim', ...group, '--keys', 'alice', ...first());
  at.expect(2, 'claim', ...group, '--keys', 'alice', ...first(), ...bound, '--context', context32);

  const pair = (i) => ['--message-hash', messages[i], '--signature', signatures[i]];
  const { link } = at.ok('link', ...group, '--keys', 'alice', ...pair(0), ...pair(1), ...bound);
  at.ok('link-verify', ...group, ...pair(0), ...pair(1), '--link', link, ...bound);
  assert.equal(at.expect(1, 'link-verify', ...group, ...pair(1), ...pair(0), '--link', link, ...bound).json.valid, false);
  at.expect(1, 'link', ...group, '--keys', 'alice', ...pair(0), ...pair(2), ...bound);
  at.expect(1, 'link', ...group, '--keys', 'alice', ...pair(0), ...pair(0), ...bound);
  at.expect(1, 'link', ...group, '--keys', 'alice', ...pair(0), ...bound);
});
