// Whether the contract at an address is the DataHub of this build, with its own verifier.
// Usage: verify-deployment.mjs BUILD/contracts RPC_URL ADDRESS
// Ends with 0 when it is, 1 when it is not (and says in what), 2 for anything else.
import fs from 'node:fs';
import path from 'node:path';
import {
  Interface, JsonRpcProvider, TypedDataEncoder, dataSlice, getAddress, getCreateAddress, toBeHex,
} from 'ethers';

const [folder, url, given, ...more] = process.argv.slice(2);
if (!given || more.length) {
  console.error('usage: verify-deployment.mjs BUILD/contracts RPC_URL ADDRESS');
  process.exit(2);
}

const SIMULATED_BY = '0x00000000000000000000000000000000000d0b1e';
const read = (name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
const word = (address) => toBeHex(address, 32);

async function check(provider, address) {
  const [hub, verifier] = [read('DataHub.json'), read('SignatureVerifier.json')];
  const abi = new Interface(hub.abi);
  const code = await provider.getCode(address);
  if (code.length !== hub.deployedBytecode.length) {
    return `the code has ${code.length / 2 - 1} bytes, DataHub's ${hub.deployedBytecode.length / 2 - 1}`;
  }

  const blank = (bytes) => hub.immutables.reduce((text, { start, length }) =>
    text.slice(0, 2 + 2 * start) + '0'.repeat(2 * length) + text.slice(2 + 2 * (start + length)), bytes);
  if (blank(code) !== blank(hub.deployedBytecode)) return 'the code is not DataHub\'s';

  // What the constructor would leave here, at another address: the managers are in storage.
  const args = abi.encodeDeploy([toBeHex(1, 20), toBeHex(2, 20)]);
  const nonce = await provider.getTransactionCount(SIMULATED_BY);
  const expected = await provider.call({
    from: SIMULATED_BY, data: hub.bytecode + args.slice(2), gasLimit: 16_000_000,
  });
  const { chainId } = await provider.getNetwork();
  const separator = (verifyingContract) => TypedDataEncoder.hashDomain(
    { name: 'Galen', version: '1', chainId, verifyingContract });
  const simulated = getCreateAddress({ from: SIMULATED_BY, nonce });
  const answer = await provider.call({ to: address, data: abi.encodeFunctionData('signatureVerifier') });
  const [own] = abi.decodeFunctionResult('signatureVerifier', answer);
  const real = new Map([
    [word(simulated), word(address)],
    [word(getCreateAddress({ from: simulated, nonce: 1 })), word(own)],
    [separator(simulated), separator(address)],
  ]);
  let filled = expected;
  for (const { start, length } of hub.immutables) {
    const at = 2 + 2 * start;
    const value = dataSlice(expected, start, start + length);
    filled = filled.slice(0, at) + (real.get(value) ?? value).slice(2)
      + filled.slice(at + 2 * length);
  }
  if (code !== filled) return 'an immutable value in its code is another';
  if (await provider.getCode(own) !== verifier.deployedBytecode) {
    return `its verifier, ${own}, is not this build's`;
  }
  return null;
}

const provider = new JsonRpcProvider(url);
try {
  const address = getAddress(given);
  const wrong = await check(provider, address);
  console.log(wrong ? `${address}: NOT this build's DataHub: ${wrong}` : `${address}: this build's DataHub`);
  process.exitCode = wrong ? 1 : 0;
} catch (error) {
  console.error(`verify-deployment: ${error.shortMessage ?? error.message}`);
  process.exitCode = 2;
} finally {
  provider.destroy();
}
