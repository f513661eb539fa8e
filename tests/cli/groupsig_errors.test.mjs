// galen groupsig with what is wrong: the exit code that fits, words that help, nothing written.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { snapshot } from './galen.mjs';
import { Folder, random32, vectors } from './groupsig.mjs';

const v = vectors('cpy06-g1.json');
const classic = vectors('pygroupsig-cpy06.json').groups[0];
const group = ['--group-key', v.setup.group_key];
const [entry] = v.signatures;
const signed = ['--message-hash', entry.msg32, '--signature', entry.signature];
let at;

// Expects the code and the words, and that every file is what it was.
function refuses(code, words, ...patterns) {
  const was = snapshot(at.dir);
  const done = at.expect(code, ...words);
  for (const pattern of patterns) assert.match(done.err, pattern);
  assert.deepEqual(snapshot(at.dir), was, 'something was written');
  assert.ok(done.json.error, 'JSON says so too');
  return done;
}

before(() => {
  at = new Folder();
  at.write('gpk', v.setup.group_key);
  at.write('gm.plain', `0681${v.setup.gm.gamma}${v.setup.gm.xi}${v.setup.gm.eta}`);
  at.makeKeys('keys', 'other', 'third', 'applicant');
  at.ok('import', '--keys', 'keys', '--secret', '@gm.plain');
});
after(() => at.remove());

test('neither hex nor base64, or nothing', () => {
  for (const bad of ['zz!', '', '0x', 'abc', '@', '@empty', '@binary', '====']) {
    at.write('empty', ' \n');
    at.write('binary', Buffer.from([1, 0, 2]));
    const code = bad === '@' ? 1 : 2;
    refuses(code, ['verify', ...group, '--message-hash', entry.msg32, '--signature', bad]);
    refuses(code, ['verify', '--group-key', bad, ...signed]);
    refuses(code, ['verify', ...group, '--message-hash', bad, '--signature', entry.signature]);
  }
});

test('another length', () => {
  refuses(2, ['verify', ...group, '--message-hash', entry.msg32.slice(2), '--signature', entry.signature], /31 bytes/);
  refuses(1, ['verify', '--group-key', v.setup.group_key.slice(2), ...signed], /group key/);
  refuses(1, ['key', '--gm-share', v.setup.gm_share.slice(2), '--rm-share', v.setup.rm_share], /359 bytes/);
  refuses(2, ['claim-verify', ...group, ...signed, '--claim', entry.claim.proof, '--context', 'aabb'], /2 bytes/);
  const done = at.expect(1, 'verify', ...group, '--message-hash', entry.msg32, '--signature', 'aabb');
  assert.deepEqual(done.json, { valid: false, reason: 'parse' });
  refuses(1, ['inspect', entry.signature.slice(0, -2)], /361 bytes/);
  refuses(1, ['inspect', '0605aa'], /not an object/);
});

test('what is missing, given twice, or unknown', () => {
  refuses(1, ['verify', '--group-key', '@absent.hex', ...signed], /absent\.hex/);
  refuses(2, ['verify', ...signed], /--group-key/);
  refuses(2, ['verify', ...group, '--message-hash', entry.msg32], /--signature/);
  refuses(2, ['verify', ...group, '--signature', entry.signature], /--message-hash/);
  refuses(2, ['verify', ...group, ...signed, '--text', 'x'], /one of/);
  refuses(2, ['verify', ...group, ...signed, '--profile', 'cpy07'], /cpy06-g1 or cpy06-classic/);
  refuses(2, ['verify', ...group, ...signed, '--colour', 'red'], /unknown option/);
  refuses(2, ['verify', ...group, ...signed, 'extra']);
  assert.match(at.expect(2, 'fly').err, /needs a verb/);
  refuses(2, ['sign', ...group, '--text', 'x'], /--keys/);
  refuses(2, ['join-issue', ...group, '--keys', 'keys', '--request', v.members[0].request], /--registry/);
});

test('a secret key on the command line is refused and not repeated', () => {
  const { gm } = v.setup;
  const secrets = [`0681${gm.gamma}${gm.xi}${gm.eta}`, `0682${gm.xi}${gm.eta}`,
    `0684${v.setup.fingerprint}${v.members[0].x}${v.members[0].membership.slice(4)}`];
  for (const secret of secrets) {
    const base64 = Buffer.from(secret, 'hex').toString('base64');
    for (const form of [secret, `0x${secret}`, base64])
      for (const words of [['inspect', form], ['import', '--keys', 'new', '--secret', form],
        ['verify', ...group, '--message-hash', entry.msg32, '--signature', form]]) {
        const done = refuses(2, words, /command line/);
        assert.ok(!(done.err + done.out).includes(form));
      }
  }
  for (const text of [classic.manager_key_b64, classic.members[0].member_key_b64])
    refuses(2, ['inspect', '--profile', 'cpy06-classic', text], /command line/);
  refuses(2, ['sign', ...group, '--keys', 'keys', '--text', 'x', '--password', 'secret'], /unknown option/);
});

test('wrong password, none, a folder that is none', () => {
  const wrong = at.write('wrong', 'not the one\n');
  refuses(1, ['open-share', ...group, '--keys', 'keys', ...signed, { password: wrong }], /wrong password/);
  refuses(1, ['setup-gm', '--keys', 'keys', '--name', 'second', { password: wrong }], /wrong password/);
  refuses(1, ['setup-gm', '--keys', 'new', { password: null }], /--password-file/);
  refuses(1, ['sign', ...group, '--keys', 'nowhere', '--text', 'x'], /no key folder/);
  refuses(2, ['setup-gm', '--keys', '.'], /other files/);
  refuses(2, ['setup-gm', '--keys', 'keys', '--name', '../gm']);
  refuses(1, ['sign', ...group, '--keys', 'keys', '--text', 'x'], /no secret member/);
  refuses(1, ['sign', ...group, '--keys', 'keys', '--name', 'gm', '--text', 'x'], /not a member's/);
  assert.ok(!fs.existsSync(at.path('new')));
});

test('keys that are there, damaged, or of another group', () => {
  refuses(1, ['import', '--keys', 'keys', '--secret', '@gm.plain'], /already/);
  refuses(1, ['import', '--keys', 'new', '--secret', '@gpk'], /no secret key/);
  at.ok('setup-gm', '--keys', 'other', '--output', 'other-share');
  at.ok('setup-rm', '--keys', 'other', '--gm-share', '@other-share', '--output', 'other-key');
  const its = v.members[0];
  refuses(1, ['open-share', ...group, '--keys', 'other', '--name', 'gm', ...signed], /another group/);
  refuses(1, ['join-issue', ...group, '--keys', 'other', '--name', 'gm', '--registry', 'registry', '--request', its.request,
    '--nonce', its.nonce, '--context', its.ctx], /not the group's/);
  refuses(1, ['open-share', '--group-key', '@other-key', '--keys', 'other', '--name', 'gm', ...signed], /signature/);
  const file = at.path('other/gm.sealed');
  const sealed = fs.readFileSync(file);
  sealed[sealed.length - 1] ^= 1;
  fs.writeFileSync(file, sealed);
  refuses(1, ['open-share', ...group, '--keys', 'other', '--name', 'gm', ...signed], /altered/);
  refuses(1, ['setup-gm', '--keys', 'other'], /already/);
});

test('a registry of another group is left alone', () => {
  at.ok('setup-gm', '--keys', 'third', '--output', 'third-share');
  at.ok('setup-rm', '--keys', 'third', '--gm-share', '@third-share', '--output', 'third-key');
  const its = v.members[0];
  at.ok('join-issue', ...group, '--keys', 'keys', '--registry', 'registry', '--request', its.request, '--nonce', its.nonce,
    '--context', its.ctx);
  const nonce = random32();
  const { request } = at.ok('join-request', '--group-key', '@third-key', '--keys', 'applicant', '--nonce', nonce, '--context', nonce);
  refuses(1, ['join-issue', '--group-key', '@third-key', '--keys', 'third', '--name', 'gm', '--registry', 'registry',
    '--request', request, '--nonce', nonce, '--context', nonce], /another group key/);
  refuses(1, ['join-finish', '--group-key', '@third-key', '--keys', 'applicant', '--membership', v.members[0].membership],
    /does not hold/);
  refuses(1, ['join-request', '--group-key', '@third-key', '--keys', 'applicant', '--nonce', nonce, '--context', nonce], /already/);
});

test('an output that cannot be written still shows what was made', () => {
  const done = at.expect(1, 'setup-gm', '--keys', 'keys', '--name', 'late', '--output', 'no/such/folder', { json: false });
  assert.match(done.out, /gmShare: 0x/);
});

test('the classic profile refuses what it does not have', () => {
  const profile = ['--profile', 'cpy06-classic'];
  for (const verb of ['setup-gm', 'setup-rm', 'key', 'join-request', 'join-issue', 'join-finish', 'batch-verify',
    'reveal-share', 'link', 'link-verify'])
    refuses(2, [verb, ...profile], /cpy06-classic has no/);
  const key = [...profile, '--group-key', classic.group_key_b64];
  const [good] = classic.cases;
  refuses(2, ['verify', ...key, '--message-hash', entry.msg32, '--signature', good.signature_b64], /no meaning/);
  refuses(2, ['claim-verify', ...key, '--text', good.message, '--signature', good.signature_b64, '--claim',
    good.claim_proof_b64, '--context', random32()], /no meaning/);
  refuses(1, ['verify', ...profile, '--group-key', v.setup.group_key, '--text', 'x', '--signature', good.signature_b64], /group key/);
  refuses(1, ['inspect', ...profile, good.signature_b64.slice(0, -4)]);
  assert.equal(at.expect(1, 'verify', ...key, '--text', good.message, '--signature', entry.signature).json.valid, false);
});
