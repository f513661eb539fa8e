// src/chain against ethers on random input. The seed is printed; CHAIN_SEED repeats a run.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { after, test } from 'node:test';
import {
  AbiCoder, HDNodeWallet, Interface, ParamType, SigningKey, Transaction, TypedDataEncoder, Wallet, computeAddress,
  concat, decodeRlp, encodeRlp, formatUnits, getAddress, getCreateAddress, hashMessage, hexlify, id, keccak256,
  parseUnits, sha256, toBeHex, toUtf8Bytes,
} from 'ethers';
import { startTool } from './tool.mjs';

const seed = process.env.CHAIN_SEED ?? crypto.randomBytes(8).toString('hex');
console.log(`# CHAIN_SEED=${seed}`);
let counter = 0;
function bytes(n) {
  const parts = [];
  for (let have = 0; have < n; have += 32) {
    parts.push(crypto.createHash('sha256').update(`${seed}/${counter++}`).digest());
  }
  return Buffer.concat(parts).subarray(0, n);
}
const below = (n) => bytes(6).readUIntBE(0, 6) % n;
const pick = (list) => list[below(list.length)];
const hex = (n) => hexlify(bytes(n));
// Every width, and the ends of the range, come up.
function uint(bits) {
  const kind = below(8);
  if (kind === 0) return 0n;
  if (kind === 1) return (1n << BigInt(bits)) - 1n;
  return BigInt(hex(32)) & ((1n << BigInt(1 + below(bits))) - 1n);
}
const text = () => pick(['', 'a', 'Zoë, 患者 ❤', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(33), hex(below(200))]);
const address = () => getAddress(hex(20));

const tool = startTool();
after(async () => assert.equal(await tool.close(), 0));
async function good(request) {
  const answer = await tool.run(request);
  assert.equal(answer.error, undefined, `${request.op}: ${answer.what}`);
  return answer;
}
const ROUNDS = Number(process.env.CHAIN_ROUNDS ?? 120); // each run draws new ones

test('Keccak-256 at every length around its blocks', async () => {
  for (let n = 0; n < 300; n++) {
    const data = hex(n);
    assert.equal((await good({ op: 'keccak', data })).hash, keccak256(data));
  }
});

test('addresses: EIP-55 both ways, one changed letter, created contracts', async () => {
  for (let i = 0; i < ROUNDS; i++) {
    const right = address(), nonce = uint(64) % (1n << 63n);
    for (const form of [right, right.toLowerCase(), `0x${right.slice(2).toUpperCase()}`]) {
      assert.equal((await good({ op: 'address', text: form })).address, right);
    }
    const { created } = await good({ op: 'address', text: right, nonce });
    assert.equal(created, getCreateAddress({ from: right, nonce }));
    const letters = [...right].map((c, at) => (/[a-f]/i.test(c) ? at : -1)).filter((at) => at > 1);
    const at = pick(letters);
    const flipped = right[at] === right[at].toLowerCase() ? right[at].toUpperCase() : right[at].toLowerCase();
    const wrong = right.slice(0, at) + flipped + right.slice(at + 1);
    const refused = wrong.slice(2) !== wrong.slice(2).toLowerCase() && wrong.slice(2) !== wrong.slice(2).toUpperCase();
    assert.equal((await tool.run({ op: 'address', text: wrong })).error, refused ? 'usage' : undefined);
  }
});

test('amounts and arithmetic', async () => {
  for (let i = 0; i < ROUNDS; i++) {
    const wei = uint(256), decimals = pick([0, 9, 18]);
    const shown = formatUnits(wei, decimals).replace(/\.0$/, '');
    assert.deepEqual(await good({ op: 'amount', text: shown, decimals: `${decimals}` }), { wei: `${wei}`, text: shown });
    assert.equal(parseUnits(shown, decimals), wei);
    const a = uint(256), b = uint(256), small = uint(64) || 1n;
    const limit = 1n << 256n;
    const expected = {
      sum: a + b < limit ? a + b : undefined, difference: a >= b ? a - b : undefined,
      product: a * small < limit ? a * small : undefined, remainder: a % small, quotient: a / small,
    };
    const got = await good({ op: 'arithmetic', a, b, small });
    for (const [name, value] of Object.entries(expected)) assert.equal(got[name], value?.toString(), name);
    assert.equal(got.less, a < b);
  }
});

test('keys, signatures, recovery', async () => {
  for (let i = 0; i < ROUNDS; i++) {
    const secret = hex(32), digest = hex(32), key = new SigningKey(secret);
    assert.deepEqual(await good({ op: 'key', secret }), {
      address: computeAddress(secret), public: key.compressedPublicKey,
    });
    const theirs = key.sign(digest).serialized;
    assert.equal((await good({ op: 'sign', secret, digest })).signature, theirs);
    assert.equal((await good({ op: 'recover', digest, signature: theirs })).signer, computeAddress(secret));
    // The same signature with s mirrored and v flipped is valid for ECDSA, and refused.
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = concat([theirs.slice(0, 66), toBeHex(order - BigInt(`0x${theirs.slice(66, 130)}`), 32),
      theirs.endsWith('1b') ? '0x1c' : '0x1b']);
    assert.equal((await tool.run({ op: 'recover', digest, signature: high })).error, 'check-failed');
  }
});

test('release addresses: both halves meet the arithmetic of the group', async () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  for (let i = 0; i < 50; i++) {
    const secret = hex(32), releaseSeed = hex(32);
    const tweak = BigInt(sha256(concat([toUtf8Bytes('galen/release-addr/1'), releaseSeed])));
    const expected = computeAddress(toBeHex((BigInt(secret) + tweak) % order, 32));
    assert.deepEqual(await good({ op: 'release', secret, seed: releaseSeed }), {
      from_public: expected, from_secret: expected,
    });
  }
});

test('RLP of random trees, both ways', async () => {
  const tree = (depth) => (depth > 0 && below(3) === 0
    ? Array.from({ length: below(5) }, () => tree(depth - 1))
    : hex(pick([0, 1, 1, 2, 20, 32, 54, 55, 56, 57, 255, 256, 300])));
  for (let i = 0; i < ROUNDS; i++) {
    const value = tree(4), data = encodeRlp(value);
    const { items, again } = await good({ op: 'rlp', data });
    assert.deepEqual(items, [value]);
    assert.deepEqual(items[0], decodeRlp(data));
    assert.equal(again, data);
  }
});

test('EIP-1559 transactions: raw bytes, hash, sender', async () => {
  for (let i = 0; i < ROUNDS; i++) {
    const secret = hex(32), maxFee = uint(128), priorityFee = uint(128) % (maxFee + 1n);
    const fields = { chainId: uint(53) || 1n, nonce: uint(53), gasLimit: uint(63), value: uint(256), maxFee, priorityFee,
      data: hex(pick([0, 1, 4, 55, 56, 400])), to: below(5) === 0 ? undefined : address() };
    const transaction = Transaction.from({ type: 2, chainId: fields.chainId, nonce: Number(fields.nonce),
      gasLimit: fields.gasLimit, value: fields.value, maxFeePerGas: maxFee, maxPriorityFeePerGas: priorityFee,
      data: fields.data, to: fields.to ?? null });
    transaction.signature = new SigningKey(secret).sign(transaction.unsignedHash);
    const got = await good({ op: 'tx', ...fields, secret });
    assert.deepEqual(got, { raw: transaction.serialized, hash: transaction.hash, sender: computeAddress(secret),
      parsed_same: true });
    // Any bit of the raw bytes changed: refused, or another sender.
    const broken = bytes(0).constructor.from(got.raw.slice(2), 'hex');
    broken[below(broken.length)] ^= 1 << below(8);
    const answer = await tool.run({ op: 'parse_tx', raw: hexlify(broken) });
    assert.notEqual(answer.sender, computeAddress(secret));
  }
});

const messages = {
  Join: 'bytes32 fingerprint,bytes32 nonce,bytes32 statementHash,bytes32 requestHash',
  ShareConsent: 'uint256 requestId,bytes32 releaseRoot,bytes32 bundleDigest,address payout,uint256 minPayout',
  RegistryHead: 'uint32 keyVersion,uint64 size,bytes32 head',
  RevocationList: 'uint64 version,bytes32 digest',
  Profile: 'address owner,bytes32 profileCid,uint64 nonce,uint64 expiry',
  InboxMessage: 'address recipient,string kind,bytes32 id,uint64 expiry,bytes32 bodyHash',
  NodeKey: 'address key,uint64 expiry',
};

function randomOf(type) {
  if (type.baseType === 'array') {
    const n = type.arrayLength === -1 ? below(4) : type.arrayLength;
    return Array.from({ length: n }, () => randomOf(type.arrayChildren));
  }
  if (type.baseType === 'tuple') return type.components.map(randomOf);
  const sized = /^(uint|bytes)(\d+)$/.exec(type.type);
  if (sized?.[1] === 'uint') return uint(Number(sized[2]));
  if (sized) return hex(Number(sized[2]));
  if (type.type === 'bool') return below(2) === 1;
  if (type.type === 'address') return address();
  return type.type === 'string' ? text() : hex(pick([0, 1, 31, 32, 33, 362]));
}
// As chain_tool prints it.
function shown(value) {
  if (Array.isArray(value)) return value.map(shown);
  return typeof value === 'bigint' ? value.toString() : value;
}

test('EIP-712 digests and signatures of every message', async () => {
  for (let i = 0; i < 40; i++) {
    const chainId = uint(53) || 1n, contract = address();
    for (const [type, list] of Object.entries(messages)) {
      const fields = list.split(',').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] }));
      const message = Object.fromEntries(fields.map((f) => [f.name, randomOf(ParamType.from(f.type))]));
      const domain = { name: 'Galen', version: '1', chainId, verifyingContract: contract };
      const expected = TypedDataEncoder.hash(domain, { [type]: fields }, message);
      const sent = Object.fromEntries(Object.entries(message).map(([k, v]) => [k, shown(v)]));
      const { digest } = await good({ op: 'digest', type, chainId, contract, message: sent });
      assert.equal(digest, expected, type);
      const wallet = new Wallet(hex(32));
      const signature = await wallet.signTypedData(domain, { [type]: fields }, message);
      assert.equal((await good({ op: 'sign', secret: wallet.privateKey, digest })).signature, signature);
      assert.equal((await good({ op: 'recover', digest, signature })).signer, wallet.address);
    }
  }
  for (let i = 0; i < 50; i++) {
    const message = hex(below(300));
    assert.equal((await good({ op: 'personal', message })).digest, hashMessage(Buffer.from(message.slice(2), 'hex')));
  }
});

for (const contract of ['probe', 'datahub']) {
  const { abi } = JSON.parse(fs.readFileSync(process.env[`${contract.toUpperCase()}_ARTIFACT`], 'utf8'));
  const face = new Interface(abi);

  test(`ABI of every function of ${contract}: arguments and results`, async () => {
    const functions = face.fragments.filter((f) => f.type === 'function');
    const rounds = Math.ceil(ROUNDS / functions.length);
    for (const fragment of functions) {
      for (let i = 0; i < rounds; i++) {
        for (const side of ['inputs', 'outputs']) {
          const value = fragment[side].map(randomOf), data = AbiCoder.defaultAbiCoder().encode(fragment[side], value);
          const got = await good({ op: 'abi', contract, signature: fragment.format(), side, data });
          assert.deepEqual(got.value, shown(value), fragment.format());
          assert.equal(got.call, concat([fragment.selector, data]), fragment.format());
          // A byte changed somewhere is refused, or it means something else.
          if (data.length > 2) {
            const broken = Buffer.from(data.slice(2), 'hex');
            broken[below(broken.length)] ^= 1 << below(8);
            const answer = await tool.run({ op: 'abi', contract, signature: fragment.format(), side, data: hexlify(broken) });
            if (answer.error) assert.equal(answer.error, 'malformed');
            else assert.equal(answer.call, concat([fragment.selector, hexlify(broken)]));
          }
        }
      }
    }
  });

  test(`events of ${contract}`, async () => {
    for (const fragment of face.fragments.filter((f) => f.type === 'event' && f.inputs.length)) {
      for (let i = 0; i < 20; i++) {
        const value = fragment.inputs.map(randomOf);
        const { topics, data } = face.encodeEventLog(fragment, value);
        const got = await good({ op: 'event', contract, topics, data });
        const half = (indexed) => shown(value.filter((_, at) => Boolean(fragment.inputs[at].indexed) === indexed));
        assert.deepEqual(got, { name: fragment.name, indexed: half(true), data: half(false) });
        const short = await tool.run({ op: 'event', contract, topics, data: data.slice(0, -2) });
        if (data.length > 2) assert.equal(short.error, 'malformed');
        assert.equal((await tool.run({ op: 'event', contract, topics: topics.slice(0, -1), data })).error !== undefined, true);
        assert.equal((await tool.run({ op: 'event', contract, topics: [...topics.slice(0, 3), hex(32), hex(32)].slice(0, 4), data })).error
          ?? (topics.length === 4 ? 'malformed' : 'accepted'), 'malformed');
      }
    }
    assert.equal((await tool.run({ op: 'event', contract, topics: [id('Nothing()')], data: '0x' })).error, 'not-found');
    assert.equal((await tool.run({ op: 'event', contract, topics: [], data: '0x' })).error, 'not-found');
  });

  test(`custom errors of ${contract}`, async () => {
    for (const fragment of face.fragments.filter((f) => f.type === 'error')) {
      const value = fragment.inputs.map(randomOf);
      const got = await good({ op: 'revert', contract, data: face.encodeErrorResult(fragment, value) });
      assert.equal(got.name, fragment.name);
      assert.ok(got.reason.startsWith(`${fragment.name}(`), got.reason);
      for (const [i, input] of fragment.inputs.entries()) {
        if (/^(uint\d+|address)$/.test(input.type) && got.reason.length < 250) {
          assert.ok(got.reason.includes(`${input.name}: ${value[i]}`), got.reason);
        }
      }
    }
  });
}

test('errors that datahub passes on, and times in them', async () => {
  const { abi, otherErrors } = JSON.parse(fs.readFileSync(process.env.DATAHUB_ARTIFACT, 'utf8'));
  assert.deepEqual(otherErrors.map((error) => error.name).sort(), ['NotKeyData', 'PrecompileUnusable']);
  const face = new Interface([...abi, ...otherErrors]);
  const reason = async (name, values) =>
    (await good({ op: 'revert', contract: 'datahub', data: face.encodeErrorResult(name, values) })).reason;
  const eleven = getAddress(`0x${'11'.repeat(20)}`);
  assert.equal(await reason('PrecompileUnusable', [eleven]), `PrecompileUnusable(precompile: ${eleven})`);
  assert.equal(await reason('DeadlinePassed', [1735689600]),
    'DeadlinePassed(deadline: 1735689600 (2025-01-01T00:00:00Z))');
  assert.equal(await reason('DeadlinePassed', [253402300800n]), 'DeadlinePassed(deadline: 253402300800)');
});

test('reasons of reverts', async () => {
  const encode = (kind, value) => concat([id(kind === 'string' ? 'Error(string)' : 'Panic(uint256)').slice(0, 10),
    AbiCoder.defaultAbiCoder().encode([kind], [value])]);
  const rows = [
    [encode('string', 'too late'), 'Error', 'Error: too late'],
    [encode('string', 'line\n\x1b[31mred'), 'Error', 'Error: line??[31mred'],
    [encode('string', 'y'.repeat(1000)), 'Error', `Error: ${'y'.repeat(247)}`],
    [encode('uint256', 0x11), 'Panic', 'Panic 0x11: arithmetic overflow'],
    [encode('uint256', 0x99), 'Panic', 'Panic 0x99: unknown'],
    [encode('string', 'cut off').slice(0, -64), '', 'unknown error 0x08c379a0'],
    ['0x', '', 'no reason given'],
    ['0x010203', '', 'malformed reason'],
    ['0xdeadbeef00', '', 'unknown error 0xdeadbeef'],
  ];
  for (const [data, name, reason] of rows) {
    assert.deepEqual(await good({ op: 'revert', contract: 'probe', data }), { name, reason });
  }
});

test('keystore V3 both ways', async () => {
  for (const password of ['', 'testpassword', 'a longer one, with spaces', 'Zoë']) {
    const wallet = new Wallet(hex(32));
    const { json } = await good({ op: 'export', secret: wallet.privateKey, password, n: '1024', r: '8', p: '1' });
    assert.equal((await Wallet.fromEncryptedJson(json, password)).privateKey, wallet.privateKey);
    const theirs = await wallet.encrypt(password, undefined, { scrypt: { N: 1024, r: 8, p: 1 } });
    const opened = await good({ op: 'import', json: theirs, password });
    assert.equal(opened.secret, wallet.privateKey);
    assert.equal((await tool.run({ op: 'import', json: theirs, password: `${password}x` })).error, 'wrong-password');
  }
  // A wallet from a mnemonic has more members, which are none of ours.
  const rich = HDNodeWallet.createRandom();
  const json = await rich.encrypt('p', undefined, { scrypt: { N: 1024, r: 8, p: 1 } });
  assert.equal((await good({ op: 'import', json, password: 'p' })).secret, rich.privateKey);
});
