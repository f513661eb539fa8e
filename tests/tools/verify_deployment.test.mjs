// tools/verify-deployment.mjs against a genuine DataHub and three that only look like one.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { toBeHex } from 'ethers';
import { Measured, startChain } from '../../tools/gas-chain.mjs';

const root = process.env.GALEN_SOURCE_ROOT ?? process.cwd();
const folder = process.env.GALEN_CONTRACTS_BUILD;
const artifact = JSON.parse(readFileSync(join(folder, 'DataHub.json'), 'utf8'));
const COPY = `0x${'c0'.repeat(20)}`;
let chain;
let hub;
let verifier;

before(async () => {
  chain = await startChain('prague');
  const accounts = await chain.provider.send('eth_accounts', []);
  hub = new Measured(chain.provider, artifact);
  await hub.deploy(...accounts.slice(0, 3));
  [verifier] = await hub.read('signatureVerifier');
});
after(() => chain.stop());

function run(...args) {
  return new Promise((resolve) => {
    execFile('node', [join(root, 'tools/verify-deployment.mjs'), ...args], { timeout: 30_000 },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }));
  });
}
const verify = (address) => run(folder, chain.url, address);

/** The genuine code with these bytes replaced, at COPY. */
async function copy(change) {
  const code = await chain.provider.getCode(hub.address);
  await chain.provider.send('anvil_setCode', [COPY, change(code)]);
}
const moved = (code) => code.replaceAll(hub.address.slice(2).toLowerCase(), COPY.slice(2));

test('what the build deployed', async () => {
  const { status, stdout, stderr } = await verify(hub.address);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /: this build's DataHub$/m);
});

test('a byte of code differs', async () => {
  await copy((code) => moved(code).replace(/^0x60/, '0x61'));
  const { status, stdout } = await verify(COPY);
  assert.equal(status, 1);
  assert.match(stdout, /NOT .*the code is not DataHub's/);
});

test('an immutable value differs: the domain of another address', async () => {
  await copy(moved); // all of it but the domain's hash, which names the original
  const { status, stdout } = await verify(COPY);
  assert.equal(status, 1);
  assert.match(stdout, /an immutable value/);
});

test('a verifier that says yes', async () => {
  const code = await chain.provider.getCode(verifier);
  await chain.provider.send('anvil_setCode', [verifier, '0x600160005260206000f3']);
  const { status, stdout } = await verify(hub.address);
  await chain.provider.send('anvil_setCode', [verifier, code]);
  assert.equal(status, 1);
  assert.match(stdout, /its verifier, 0x\w{40}, is not this build's/);
  assert.equal((await verify(hub.address)).status, 0);
});

test('no contract there, no chain there, no address', async () => {
  const nothing = await verify(toBeHex(7, 20));
  assert.equal(nothing.status, 1);
  assert.match(nothing.stdout, /has 0 bytes/);
  assert.equal((await run(folder, chain.url, 'nonsense')).status, 2);
  assert.equal((await run(folder)).status, 2);
});
