// npm `jose` as a foreign client: it opens what seal writes, seal opens what it writes, and seal
// refuses what a JOSE library would also write. SEAL_TOOL: the test tool's path.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, createPublicKey, createPrivateKey } from 'node:crypto';
import * as jose from 'jose';

const tool = process.env.SEAL_TOOL;
const run = (args, input = '') => {
    const { status, stdout, stderr, signal } = spawnSync(tool, args, { input, maxBuffer: 1 << 24 });
    assert.equal(signal, null, `${args[0]} was killed: ${stderr}`);
    return { status, out: stdout.toString(), err: stderr.toString() };
};
const done = (args, input) => {
    const { status, out, err } = run(args, input);
    assert.equal(status, 0, err);
    return out;
};
const refused = (kind, args, input) => {
    const { status, err } = run(args, input);
    assert.equal(status, 1);
    assert.match(err, new RegExp(`^${kind}: `));
};

const publicOf = ({ crv, kty, x, y }) => ({ crv, kty, x, y });
// Keys of both makes; a foreign one with a leading zero byte in x or y, which some drop.
const ours = JSON.parse(done(['keygen']));
const theirs = await (async () => {
    for (;;) {
        const { privateKey } = await jose.generateKeyPair('ECDH-ES+A256KW', {
            crv: 'P-256', extractable: true,
        });
        const jwk = await jose.exportJWK(privateKey);
        if (/^A[A-P]/.test(jwk.x) || /^A[A-P]/.test(jwk.y)) return jwk;
    }
})();
const sorted = ({ crv, d, kty, x, y }) => JSON.stringify(d ? { crv, d, kty, x, y } : { crv, kty, x, y });
const readers = [['our key', ours], ['their key', theirs]];
const key = randomBytes(32);
const k = key.toString('base64url');
const context = '{"owner":"0x00","root":"0x01","type":"galen.share/1"}';
const record = { context: JSON.parse(context), record: { notes: 'Zażółć 😀' } };
const pad = (text, n) => text.padEnd(text.length + ((n - (Buffer.byteLength(text) % n)) % n), ' ');
const header = (typ) => ({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ });
const seal = (text, typ, jwk, change = {}) =>
    new jose.CompactEncrypt(Buffer.from(text))
        .setProtectedHeader({ ...header(typ), ...change })
        .encrypt(jwk instanceof Uint8Array ? jwk : createPublicKey({ key: publicOf(jwk), format: 'jwk' }));
const open = async (jwe, jwk) =>
    jose.compactDecrypt(jwe, jwk instanceof Uint8Array ? jwk : createPrivateKey({ key: jwk, format: 'jwk' }));
const wrapped = `{"context":${context},"k":"${k}","type":"galen.key/1"}`;
const only = (object, ...names) => assert.deepEqual(Object.keys(object).sort(), names.sort());

test('thumbprints agree', async () => {
    for (const [, jwk] of readers) {
        const expected = await jose.calculateJwkThumbprint(publicOf(jwk), 'sha256');
        assert.equal(done(['thumbprint', sorted(publicOf(jwk))]), '0x' + Buffer.from(expected, 'base64url').toString('hex'));
    }
});

for (const [name, jwk] of readers) {
    test(`wrapped keys to ${name}: they open ours`, async () => {
        // Enough for shared secrets and epk coordinates with a leading zero byte.
        const texts = done(['wrap', sorted(publicOf(jwk)), key.toString('hex'), context, '600']).trim().split('\n');
        assert.equal(texts.length, 600);
        for (const text of texts) {
            const { plaintext, protectedHeader } = await open(text, jwk);
            only(protectedHeader, 'alg', 'enc', 'epk', 'typ');
            only(protectedHeader.epk, 'crv', 'kty', 'x', 'y');
            assert.equal(protectedHeader.typ, 'galen.key/1');
            assert.equal(plaintext.length, 512);
            assert.equal(Buffer.from(plaintext).toString().trimEnd(), wrapped);
        }
    });

    test(`wrapped keys to ${name}: we open theirs`, async () => {
        const texts = [];
        for (let i = 0; i < 600; i++) texts.push(await seal(pad(wrapped, 512), 'galen.key/1', jwk));
        const keys = done(['unwrap', sorted(jwk), context], texts.join('\n')).trim().split('\n');
        assert.deepEqual(new Set(keys), new Set(['0x' + key.toString('hex')]));
        assert.equal(keys.length, 600);
    });

    test(`messages to ${name}, both ways`, async () => {
        const text = JSON.stringify(record);
        const jwe = done(['message', 'galen.topup/1', sorted(publicOf(jwk))], text);
        const { plaintext, protectedHeader } = await open(jwe, jwk);
        only(protectedHeader, 'alg', 'enc', 'epk', 'typ');
        assert.equal(plaintext.length, 4096);
        assert.deepEqual(JSON.parse(Buffer.from(plaintext)), record); // the padding is JSON's white space
        const foreign = await seal(pad(text, 4096), 'galen.topup/1', jwk);
        assert.equal(done(['open-message', 'galen.topup/1', sorted(jwk), context], foreign), text);
        refused('check-failed', ['open-message', 'galen.topup/2', sorted(jwk), context], foreign);
        refused('check-failed', ['open-message', 'galen.topup/1', sorted(jwk), '{}'], foreign);
    });
}

test('objects under a key, both ways', async () => {
    for (const size of [10, 5000, 300000]) {
        const text = JSON.stringify({ ...record, filler: 'x'.repeat(size) });
        const jwe = done(['object', key.toString('hex')], text);
        const { plaintext, protectedHeader } = await open(jwe, key);
        assert.deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM', typ: 'galen.object/1' });
        assert.equal(plaintext.length % 4096, 0);
        assert.equal(Buffer.from(plaintext).toString().trimEnd(), text);
        const foreign = await seal(pad(text, 4096), 'galen.object/1', new Uint8Array(key), { alg: 'dir' });
        assert.equal(done(['open-object', key.toString('hex'), context], foreign), text);
    }
});

const idrec = '0x' + randomBytes(32).toString('hex');
const patient = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const hospital = '{"address":"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359","name":"Święty Łukasz"}';
const eidContext = `{"idrec":"${idrec}","patient":"${patient}","type":"galen.eid/1"}`;
const gm = theirs;
const rm = ours;
const ourCert = done(['cert', idrec, patient, key.toString('hex'), sorted(publicOf(gm)), sorted(publicOf(rm)), hospital]);

test('CERT: they peel our eId', async () => {
    const cert = JSON.parse(ourCert);
    only(cert, 'eId', 'sig');
    assert.match(cert.sig, /^0x[0-9a-f]{724}$/);
    const outer = await open(Buffer.from(cert.eId.slice(2), 'hex').toString(), gm);
    only(outer.protectedHeader, 'alg', 'enc', 'epk', 'typ');
    const layer = JSON.parse(Buffer.from(outer.plaintext));
    only(layer, 'context', 'hospital', 'inner', 'type');
    assert.deepEqual(layer.context, JSON.parse(eidContext));
    assert.deepEqual(layer.hospital, JSON.parse(hospital));
    await assert.rejects(open(layer.inner, gm)); // GM alone gets no further
    const inner = JSON.parse(Buffer.from((await open(layer.inner, rm)).plaintext));
    assert.deepEqual(inner, { context: JSON.parse(eidContext), k, type: 'galen.key/1' });
});

test('CERT: we peel their eId', async () => {
    const inner = await seal(pad(`{"context":${eidContext},"k":"${k}","type":"galen.key/1"}`, 512), 'galen.key/1', rm);
    const eid = await seal(
        pad(`{"context":${eidContext},"hospital":${hospital},"inner":"${inner}","type":"galen.eid/1"}`, 4096),
        'galen.eid/1', gm);
    assert.equal(done(['open-outer', idrec, patient, sorted(gm)], eid), inner);
    assert.equal(done(['open-inner', idrec, patient, sorted(rm)], inner), '0x' + key.toString('hex'));
    const other = '0x' + randomBytes(32).toString('hex');
    refused('check-failed', ['open-outer', other, patient, sorted(gm)], eid);
    refused('check-failed', ['open-inner', other, patient, sorted(rm)], inner);
});

for (const [name, jwk] of readers) {
    test(`envelopes of ${name}: they open ours`, async () => {
        const text = JSON.stringify(record);
        const jwe = JSON.parse(done(['envelope', sorted(publicOf(jwk)), key.toString('hex'), ourCert], text));
        only(jwe, 'ciphertext', 'encrypted_key', 'iv', 'protected', 'tag', 'unprotected');
        assert.deepEqual(jwe.unprotected, { cert: JSON.parse(ourCert) });
        const { plaintext, protectedHeader } = await jose.flattenedDecrypt(jwe, createPrivateKey({ key: jwk, format: 'jwk' }));
        only(protectedHeader, 'alg', 'enc', 'epk', 'typ');
        assert.deepEqual(JSON.parse(Buffer.from(plaintext)), record);
        // K_patient alone opens it too: the same content as a dir JWE cannot be made (the header is
        // authenticated), so this side is ours.
        assert.equal(done(['open-envelope-with-key', key.toString('hex'), context], JSON.stringify(jwe)), text);
    });

    test(`envelopes of ${name}: we open theirs`, async () => {
        const text = JSON.stringify(record);
        const jwe = await new jose.FlattenedEncrypt(Buffer.from(pad(text, 4096)))
            .setProtectedHeader(header('galen.envelope/1'))
            .setSharedUnprotectedHeader({ cert: JSON.parse(ourCert) })
            .setContentEncryptionKey(new Uint8Array(key))
            .encrypt(createPublicKey({ key: publicOf(jwk), format: 'jwk' }));
        assert.equal(done(['open-envelope', sorted(jwk), context], JSON.stringify(jwe)), text);
        assert.equal(done(['open-envelope-with-key', key.toString('hex'), context], JSON.stringify(jwe)), text);
        refused('check-failed', ['open-envelope', sorted(jwk), '{}'], JSON.stringify(jwe));
        refused('check-failed', ['open-envelope-with-key', randomBytes(32).toString('hex'), context], JSON.stringify(jwe));
        const withAad = await new jose.FlattenedEncrypt(Buffer.from(pad(text, 4096)))
            .setProtectedHeader(header('galen.envelope/1'))
            .setSharedUnprotectedHeader({ cert: JSON.parse(ourCert) })
            .setAdditionalAuthenticatedData(Buffer.from('x'))
            .encrypt(createPublicKey({ key: publicOf(jwk), format: 'jwk' }));
        refused('malformed', ['open-envelope', sorted(jwk), context], JSON.stringify(withAad));
    });
}

test('valid JWEs of other kinds are refused', async () => {
    const text = pad(JSON.stringify(record), 4096);
    const args = ['open-message', 'galen.topup/1', sorted(ours), context];
    assert.equal(done(args, await seal(text, 'galen.topup/1', ours)), JSON.stringify(record));
    for (const change of [
        { enc: 'A128GCM' }, { enc: 'A256CBC-HS512' }, { alg: 'ECDH-ES' }, { alg: 'ECDH-ES+A128KW' },
        { kid: 'me' }, { cty: 'JSON' }, { typ: undefined }, { zip: 'DEF' },
    ]) {
        const jwe = await seal(text, 'galen.topup/1', ours, change);
        assert.deepEqual(Buffer.from((await open(jwe, ours)).plaintext), Buffer.from(text));
        refused('malformed', args, jwe);
    }
    const party = await new jose.CompactEncrypt(Buffer.from(text))
        .setProtectedHeader(header('galen.topup/1'))
        .setKeyManagementParameters({ apu: Buffer.from('a'), apv: Buffer.from('b') })
        .encrypt(createPublicKey({ key: publicOf(ours), format: 'jwk' }));
    refused('malformed', args, party);
    const critical = await new jose.CompactEncrypt(Buffer.from(text))
        .setProtectedHeader({ ...header('galen.topup/1'), crit: ['x'], x: 1 })
        .encrypt(createPublicKey({ key: publicOf(ours), format: 'jwk' }), { crit: { x: true } });
    refused('malformed', args, critical);
    // padding: none, of another size, a block too much, other white space, no object
    const plain = JSON.stringify(record);
    for (const odd of [plain, pad(plain, 512), text + ' '.repeat(4096), plain.padEnd(4096 - 4, '\n'),
        pad('[1]', 4096), ' '.repeat(4096), pad(plain + '\n', 4096), ' ' + pad(plain, 4096).slice(1)])
        refused('malformed', args, await seal(odd, 'galen.topup/1', ours));
    const general = await new jose.GeneralEncrypt(Buffer.from(text))
        .setProtectedHeader({ enc: 'A256GCM', typ: 'galen.envelope/1' })
        .setSharedUnprotectedHeader({ cert: JSON.parse(ourCert) })
        .addRecipient(createPublicKey({ key: publicOf(ours), format: 'jwk' })).setUnprotectedHeader({ alg: 'ECDH-ES+A256KW' })
        .addRecipient(createPublicKey({ key: publicOf(theirs), format: 'jwk' })).setUnprotectedHeader({ alg: 'ECDH-ES+A256KW' })
        .encrypt();
    refused('malformed', ['open-envelope', sorted(ours), context], JSON.stringify(general));
    const direct = await seal(text, 'galen.object/1', new Uint8Array(randomBytes(16)), { alg: 'dir', enc: 'A128GCM' });
    refused('malformed', ['open-object', key.toString('hex'), context], direct);
});
