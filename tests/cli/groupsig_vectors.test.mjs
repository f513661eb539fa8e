// galen groupsig against the vectors of other implementations: what they call valid is, and what they
// say must be rejected is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Folder, vectors } from './groupsig.mjs';

const v = vectors('cpy06-g1.json');
const classic = vectors('pygroupsig-cpy06.json');
const group = ['--group-key', '@gpk.hex'];
const valid = [...v.signatures, ...v.edge_valid];
const signed = ({ msg32, signature }) => ['--message-hash', msg32, '--signature', signature];
const member = (i) => ['--keys', 'keys', '--name', `member-${i}`];
let at;

before(() => {
  at = new Folder();
  at.write('gpk.hex', v.setup.group_key);
  const { gm, rm } = v.setup;
  at.write('gm', `0681${gm.gamma}${gm.xi}${gm.eta}`);
  at.write('rm', `0682${rm.xi}${rm.eta}`);
  at.makeKeys('keys', ...classic.groups.map((_, g) => `classic-${g}`));
  at.ok('import', '--keys', 'keys', '--secret', '@gm');
  at.ok('import', '--keys', 'keys', '--secret', '@rm');
  for (const [i, { x, membership }] of v.members.entries()) {
    at.write('member', `0684${v.setup.fingerprint}${x}${membership.slice(4)}`);
    assert.deepEqual(at.ok('import', ...member(i), '--secret', '@member'), { imported: 'member' });
  }
});
after(() => at.remove());

test('set-up', () => {
  const made = at.ok('key', '--gm-share', v.setup.gm_share, '--rm-share', v.setup.rm_share);
  assert.deepEqual(made, { fingerprint: `0x${v.setup.fingerprint}`, groupKey: `0x${v.setup.group_key}` });
});

test('signatures verify', () => {
  assert.ok(valid.length >= 11);
  for (const entry of valid) at.ok('verify', ...group, ...signed(entry));
  assert.equal(at.ok('batch-verify', ...group, ...valid.flatMap(signed)).valid, valid.length);
});

test('signatures that must be rejected are', () => {
  assert.equal(v.rejected.length, 23);
  for (const entry of v.rejected) {
    const { json } = at.expect(1, 'verify', ...group, ...signed(entry));
    assert.equal(json.valid, false, entry.why);
    at.expect(1, 'trace', ...group, ...signed(entry), '--token', v.members[0].reveal.token);
  }
  const { invalid } = at.expect(1, 'batch-verify', ...group, ...signed(valid[0]), ...v.rejected.flatMap(signed)).json;
  assert.deepEqual(invalid, v.rejected.map((_, i) => i + 2));
});

test('openings name the member, tokens trace', () => {
  for (const entry of v.signatures) {
    const { open } = entry;
    assert.equal(at.ok('open', ...group, ...signed(entry), '--gm-share', open.partial_gm, '--rm-share', open.partial_rm).commitment,
      `0x${open.member_commitment}`);
    for (const [i, traced] of entry.traced_by.entries())
      at.expect(traced ? 0 : 1, 'trace', ...group, ...signed(entry), '--token', v.members[i].reveal.token);
    const all = at.ok('trace', ...group, ...signed(entry), ...v.members.flatMap((m) => ['--token', m.reveal.token]));
    assert.equal(all.token, entry.traced_by.indexOf(true) + 1);
  }
});

test("the managers' imported keys open and reveal as the vectors' do", () => {
  const entry = v.signatures[0];
  const its = v.members[entry.member];
  const shares = {};
  for (const role of ['gm', 'rm'])
    shares[role] = at.ok('open-share', ...group, '--keys', 'keys', '--name', role, ...signed(entry)).share;
  const opened = ['--gm-share', shares.gm, '--rm-share', shares.rm];
  assert.equal(at.ok('open', ...group, ...signed(entry), ...opened).commitment, `0x${entry.open.member_commitment}`);
  at.expect(2, 'open-share', ...group, '--keys', 'keys', ...signed(entry)); // whose?
  for (const role of ['gm', 'rm'])
    shares[role] = at.ok('reveal-share', ...group, '--keys', 'keys', '--name', role, ...signed(entry), ...opened,
      '--request', its.request, '--nonce', its.nonce, '--context', its.ctx).share;
  assert.equal(at.ok('reveal', ...group, '--request', its.request, '--gm-share', shares.gm, '--rm-share', shares.rm).token,
    `0x${its.reveal.token}`);
  for (const { request, reveal } of v.members)
    assert.equal(at.ok('reveal', ...group, '--request', request, '--gm-share', reveal.partial_gm, '--rm-share', reveal.partial_rm).token,
      `0x${reveal.token}`);
});

test('claims and the link', () => {
  for (const entry of v.signatures)
    at.ok('claim-verify', ...group, ...signed(entry), '--claim', entry.claim.proof, '--context', entry.claim.ctx32);
  const linked = v.link.signatures.flatMap((signature) => signed(valid.find((entry) => entry.signature === signature)));
  at.ok('link-verify', ...group, ...linked, '--link', v.link.proof, '--context', v.link.ctx32);
  const made = at.ok('link', ...group, ...member(v.link.member), ...linked, '--context', v.link.ctx32).link;
  at.ok('link-verify', ...group, ...linked, '--link', made, '--context', v.link.ctx32);
  at.expect(1, 'link', ...group, ...member((v.link.member + 1) % 3), ...linked, '--context', v.link.ctx32);
});

test('objects that must be rejected are', () => {
  const of = (signature) => signed(valid.find((entry) => entry.signature === signature));
  const members = (request) => v.members.find((entry) => entry.request === request);
  const good = (entry, role) => v.signatures.find(({ signature }) => signature === entry.signature).open[`partial_${role}`];
  const words = {
    'group key': ({ object }) => ['verify', '--group-key', object, ...signed(valid[0])],
    'join request': ({ object, nonce, ctx }) => ['join-issue', ...group, '--keys', 'keys', '--name', 'gm',
      '--registry', 'registry', '--request', object, '--nonce', nonce, '--context', ctx],
    'opening share': (entry) => ['open', ...group, ...of(entry.signature),
      ...['gm', 'rm'].flatMap((role, i) => [`--${role}-share`, shareRole(entry.object) === i + 1 ? entry.object : good(entry, role)])],
    'reveal share': (entry) => ['reveal', ...group, '--request', entry.request,
      ...['gm', 'rm'].flatMap((role, i) => [`--${role}-share`,
        shareRole(entry.object) === i + 1 ? entry.object : members(entry.request).reveal[`partial_${role}`]])],
    claim: ({ object, signature, ctx32 }) => ['claim-verify', ...group, ...of(signature), '--claim', object, '--context', ctx32],
    link: ({ object, signatures, ctx32 }) => ['link-verify', ...group, ...signatures.flatMap(of), '--link', object, '--context', ctx32],
  };
  // A share with an impossible role stands in the Revocation Manager's place.
  const shareRole = (object) => (object.slice(4, 6) === '01' ? 1 : 2);
  assert.equal(v.rejected_objects.length, 44);
  for (const entry of v.rejected_objects) {
    const done = at.expect(1, ...words[entry.type](entry));
    assert.ok(done.json.valid === false || done.json.error, `${entry.type}: ${entry.why}`);
  }
});

test('what is made here verifies, and is inspected', () => {
  for (let i = 0; i < v.members.length; i++) {
    const { signature } = at.ok('sign', ...group, ...member(i), '--text', 'of today');
    at.ok('verify', ...group, '--text', 'of today', '--signature', signature);
    const seen = at.ok('inspect', signature);
    assert.equal(seen.type, 'signature');
    assert.equal(`0x0601${['A\'', 'Abar', 'E1', 'E2', 'T', 'c', 'zt', 'zr', 'zu'].map((n) => seen[n].slice(2)).join('')}`, signature);
  }
  const types = { [v.members[0].request]: 'join request', [v.members[0].membership]: 'membership',
    [v.signatures[0].open.partial_rm]: 'opening share', [v.members[0].reveal.partial_gm]: 'reveal share',
    [v.signatures[0].claim.proof]: 'claim', [v.link.proof]: 'link' };
  for (const [object, type] of Object.entries(types)) assert.equal(at.ok('inspect', object).type, type);
  assert.equal(at.ok('inspect', v.signatures[0].open.partial_rm).role, 'rm');
  const secret = at.ok('inspect', '@gm');
  assert.deepEqual(secret, { type: "Group Manager's secret" }, 'nothing of the secret');
});

// ---- pygroupsig --------------------------------------------------------------------------------------

const profile = ['--profile', 'cpy06-classic'];

for (const [g, its] of classic.groups.entries()) {
  const say = (entry) => ['--text', entry.message, '--signature', entry.signature_b64];
  const key = [...profile, '--group-key', `@key-${g}.b64`];
  const keys = ['--keys', `classic-${g}`];

  test(`pygroupsig, group ${g}: signatures`, () => {
    at.write(`key-${g}.b64`, `${its.group_key_b64}\n`);
    assert.equal(its.cases.length, 15);
    for (const entry of its.cases) {
      const done = at.expect(entry.valid ? 0 : 1, 'verify', ...key, ...say(entry));
      assert.equal(done.json.valid, entry.valid, entry.why);
    }
    at.write('sig.b64', its.cases[0].signature_b64);
    at.ok('verify', ...key, '--text', its.cases[0].message, '--signature', '@sig.b64');
  });

  const rows = its.members.map(({ A_b64, pi_b64 }) => ({ A: A_b64, pi: pi_b64 }));
  const list = `list-${g}.json`;

  // Shares of one manager, altered, or of another signature; lists that lack the signer, or lie.
  const refuseBadOpenings = (entry, [gmOption, gm, rmOption, rm], signer) => {
    const bytes = Buffer.from(rm, 'base64');
    bytes[bytes.length - 1] ^= 1;
    const another = its.cases.find((c) => c.valid && c !== entry);
    at.expect(1, 'open', ...key, ...say(entry), gmOption, gm, rmOption, gm);
    at.expect(1, 'open', ...key, ...say(entry), gmOption, gm, rmOption, bytes.toString('base64'));
    at.expect(1, 'open', ...key, ...say(another), gmOption, gm, rmOption, rm);
    const reveal = (code, value) => {
      at.write('other-list.json', typeof value === 'string' ? value : JSON.stringify(value));
      return at.expect(code, 'reveal', ...key, ...say(entry), gmOption, gm, rmOption, rm, '--registry', 'other-list.json').err;
    };
    assert.match(reveal(1, rows.filter(({ A }) => A !== signer.A_b64)), /not in the list/);
    const lying = rows.find(({ A }) => A !== signer.A_b64).pi;
    assert.match(reveal(1, rows.map((row) => ({ ...row, pi: lying }))), /signer's pi/);
    assert.match(reveal(1, [{ A: signer.A_b64 }]), /pi/);
    assert.match(reveal(1, '[{"A": "x"'), /other-list/);
    at.expect(2, 'reveal', ...key, ...say(entry), gmOption, gm, rmOption, rm);
  };

  test(`pygroupsig, group ${g}: open, reveal, trace, claim`, () => {
    at.write(list, JSON.stringify(rows));
    at.write('manager', its.manager_key_b64);
    at.write('revocation', its.revocation_manager_key_b64);
    assert.deepEqual(at.ok('import', ...profile, ...keys, '--secret', '@manager'), { imported: 'gm' });
    assert.deepEqual(at.ok('import', ...profile, ...keys, '--secret', '@revocation'), { imported: 'rm' });
    for (const [i, entry] of its.cases.filter((c) => c.valid).entries()) {
      const signer = its.members.find(({ id }) => id === entry.signer);
      if (i < 3) { // each pays Argon2id; test_groupsig_classic.c opens them all
        const shares = ['gm', 'rm'].flatMap((role) => [`--${role}-share`,
          at.ok('open-share', ...key, ...keys, '--name', role, ...say(entry)).share]);
        assert.equal(at.ok('open', ...key, ...say(entry), ...shares).A, signer.A_b64);
        assert.equal(at.ok('reveal', ...key, ...say(entry), ...shares, '--registry', list).token, signer.pi_b64);
        if (i === 0) refuseBadOpenings(entry, shares, signer);
      }
      at.ok('claim-verify', ...key, ...say(entry), '--claim', entry.claim_proof_b64);
      for (const other of its.members)
        at.expect(other === signer ? 0 : 1, 'trace', ...key, ...say(entry), '--token', other.pi_b64);
      at.expect(entry.traced_when_revoked_member_1 ? 0 : 1, 'trace', ...key, ...say(entry), '--token', its.members[1].pi_b64);
    }
    const [one, two] = its.cases;
    assert.equal(at.expect(1, 'claim-verify', ...key, ...say(one), '--claim', two.claim_proof_b64).json.valid, false);
    at.expect(1, 'open', ...key, ...say(one), '--gm-share', 'AAAA', '--rm-share', 'AAAA');
  });

  test(`pygroupsig, group ${g}: signed and claimed here`, () => {
    const [own, other] = its.members;
    at.write('member', own.member_key_b64);
    at.expect(2, 'import', ...profile, ...keys, '--secret', '@member');
    assert.deepEqual(at.ok('import', ...key, ...keys, '--secret', '@member'), { imported: 'member' });
    const { signature } = at.ok('sign', ...key, ...keys, '--text', 'Bản ghi');
    const said = ['--text', 'Bản ghi', '--signature', signature];
    at.ok('verify', ...key, ...said);
    at.expect(1, 'verify', ...key, '--text', 'Ban ghi', '--signature', signature);
    at.ok('trace', ...key, ...said, '--token', other.pi_b64, '--token', own.pi_b64);
    const { claim } = at.ok('claim', ...key, ...keys, ...said);
    at.ok('claim-verify', ...key, ...said, '--claim', claim);
    at.expect(1, 'claim', ...key, ...keys, ...say(its.cases.find((c) => c.valid && c.signer !== own.id)));
    assert.equal(at.ok('inspect', ...profile, `@key-${g}.b64`).type, 'group');
    assert.equal(at.ok('inspect', ...profile, signature).type, 'signature');
    assert.equal(at.ok('inspect', ...profile, claim).type, 'claim');
    assert.deepEqual(at.ok('inspect', ...profile, '@member'), { type: 'member' });
  });
}
