// The verifier on chains whose precompiles are absent, or stand-ins that cost what we say: Anvil
// before EIP-2537, where any code may be at their addresses. Never a wrong verdict.
// SignatureVerifier.json and signatures.json come from the build.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { AbiCoder, Interface, keccak256, toBeHex } from 'ethers';
import { startChain } from '../../tools/gas-chain.mjs';

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const artifact = readJson(process.env.VERIFIER_ARTIFACT);
const vectors = readJson(new URL('../../tests/vectors/cpy06-g1.json', import.meta.url));
const { points, x } = readJson(new URL('points.json', import.meta.url));
const CASES = 'tuple(string why, uint256 stage, bytes32 msg32, bytes sig, bytes ys)[]';
const [cases] = AbiCoder.defaultAbiCoder().decode([CASES], readJson(process.env.SIGNATURES).sweep);

const abi = new Interface(artifact.abi);
const VERIFIER = `0x${'11'.repeat(20)}`;
const KEY_DATA = `0x${'22'.repeat(20)}`;
const G1ADD = '0x000000000000000000000000000000000000000b';
const G1MSM = '0x000000000000000000000000000000000000000c';
const PAIRING = '0x000000000000000000000000000000000000000f';
const LIMIT = { timeout: 60_000 };

// What a precompile might be: its answers lie in storage under the hash of their question (size,
// words), slot 0 is its price per byte asked. Without an answer, or the gas, it burns all it has.
const STAND_IN = `object "StandIn" { code { } object "runtime" { code {
  let start := gas()
  let price := mul(sload(0), calldatasize())
  if lt(start, price) { invalid() }
  calldatacopy(0, 0, calldatasize())
  let key := keccak256(0, calldatasize())
  let size := sload(key)
  if iszero(size) { invalid() }
  for { let i := 0 } lt(i, size) { i := add(i, 32) } { mstore(i, sload(add(key, add(i, 1)))) }
  for { } gt(add(gas(), price), start) { } { }
  return(0, size)
} } }`;

function compileStandIn() {
  const solc = createRequire(import.meta.url)('solc');
  const output = JSON.parse(solc.compile(JSON.stringify({
    language: 'Yul',
    sources: { 'StandIn.yul': { content: STAND_IN } },
    settings: { optimizer: { enabled: true },
      outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } } },
  })));
  return `0x${output.contracts['StandIn.yul'].StandIn.evm.deployedBytecode.object}`;
}

let modern; // with EIP-2537
let old; // without
const chains = [];

async function start(hardfork) {
  const { provider, stop } = await startChain(hardfork);
  chains.push(stop);
  await provider.send('anvil_setCode', [VERIFIER, artifact.deployedBytecode]);
  const keyData = `0x00${vectors.setup.fingerprint}${x.slice(2)}${points.slice(2 + 512)}`;
  await provider.send('anvil_setCode', [KEY_DATA, keyData]);
  return provider;
}
before(async () => {
  modern = await start('prague');
  old = await start('cancun');
}, LIMIT);
after(() => chains.forEach((stop) => stop()));

const callOf = ({ msg32, sig, ys }) => ({
  to: VERIFIER, data: abi.encodeFunctionData('verify', [msg32, sig, ys, KEY_DATA]),
});

/** The verdict, or the name of the error, '' when there is none. */
async function ask(provider, theCase, gas = 2_000_000) {
  return answer(provider, { ...callOf(theCase), gas: toBeHex(gas) });
}
async function answer(provider, call) {
  try {
    const result = await provider.send('eth_call', [call, 'latest']);
    return abi.decodeFunctionResult('verify', result)[0];
  } catch (error) {
    const data = error.info?.error?.data ?? '0x';
    if (data === '0x') return '';
    const { name, args } = abi.parseError(data);
    return name === 'PrecompileUnusable' ? `${name}(${Number(args[0])})` : name;
  }
}

/** Puts stand-ins where the precompiles would be, with the answers that the real ones gave. */
async function standIn(prices) {
  const code = compileStandIn();
  for (const [address, price] of Object.entries(prices)) {
    await old.send('anvil_setCode', [address, code]);
    await old.send('anvil_setStorageAt', [address, toBeHex(0, 32), toBeHex(price, 32)]);
  }
  for (const theCase of cases) {
    const trace = await modern.send('debug_traceCall',
      [{ ...callOf(theCase), gas: toBeHex(2_000_000) }, 'latest', { tracer: 'callTracer' }]);
    for (const { to, input, output, error } of trace.calls ?? []) {
      if (error || !(to in prices)) continue;
      const slot = (i) => toBeHex(BigInt(keccak256(input)) + BigInt(i), 32);
      const size = output.length / 2 - 1;
      await old.send('anvil_setStorageAt', [to, slot(0), toBeHex(size, 32)]);
      for (let i = 0; i < size; i += 32) {
        const word = `0x${output.slice(2 + 2 * i, 2 + 2 * i + 64)}`;
        await old.send('anvil_setStorageAt', [to, slot(i + 1), word]);
      }
    }
  }
}

/** Every case at many gas limits; returns the answers other than verdicts. */
async function sweep(provider, step) {
  const errors = new Set();
  for (const theCase of cases) {
    for (let gas = 30_000; gas < 700_000; gas += step) {
      const said = await ask(provider, theCase, gas);
      if (typeof said === 'boolean') assert.equal(said, theCase.stage === 7n, theCase.why);
      else errors.add(said);
    }
  }
  return [...errors].sort();
}

test('with EIP-2537 every case gets its verdict', LIMIT, async () => {
  for (const theCase of cases) {
    assert.equal(await ask(modern, theCase), theCase.stage === 7n, theCase.why);
  }
});

test('without it there is no verifier', LIMIT, async () => {
  const create = { data: artifact.bytecode, gas: toBeHex(10_000_000) };
  assert.equal(await answer(old, create), 'PrecompileUnusable(12)');
  assert.equal((await modern.send('eth_call', [create, 'latest'])).length,
    artifact.deployedBytecode.length);
});

test('a verifier that got there all the same says nothing', LIMIT, async () => {
  for (const theCase of cases) {
    const expected = theCase.stage === 0n ? false : 'PrecompileUnusable(12)';
    assert.equal(await ask(old, theCase), expected, theCase.why);
  }
  assert.deepEqual(await sweep(old, 7_919), ['', 'PrecompileUnusable(12)', 'TooLittleGas']);
});

test('dearer sums within the headroom change nothing', LIMIT, async () => {
  await standIn({ [G1ADD]: 1, [G1MSM]: 140, [PAIRING]: 134 });
  for (const theCase of cases) {
    assert.equal(await ask(old, theCase), theCase.stage === 7n, theCase.why);
  }
  await sweep(old, 9_973);
});

test('dearer sums beyond it end all verdicts', LIMIT, async () => {
  await standIn({ [G1ADD]: 1, [G1MSM]: 160, [PAIRING]: 134 });
  for (const theCase of cases) {
    const expected = theCase.stage === 0n ? false : 'PrecompileUnusable(12)';
    assert.equal(await ask(old, theCase), expected, theCase.why);
  }
});

test('a dearer addition or pairing only needs more gas', LIMIT, async () => {
  await standIn({ [G1ADD]: 100, [G1MSM]: 75, [PAIRING]: 400 });
  for (const theCase of cases) {
    assert.equal(await ask(old, theCase), theCase.stage === 7n, theCase.why);
  }
  assert.ok((await sweep(old, 9_973)).includes('PrecompileUnusable(15)'));
});
