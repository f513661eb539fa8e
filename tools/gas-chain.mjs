// A chain of one's own to measure on: Anvil on a free port of loopback, and whole transactions.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Interface, JsonRpcProvider, getBytes } from 'ethers';
import { findBinary, root } from './forge-binaries.mjs';

/** The most gas a transaction may have (EIP-7825), which every documented maximum must keep to. */
export const TX_GAS_CAP = 2 ** 24;

/** Starts Anvil; `stop()` ends it. Accounts and the first block's time are always the same. */
export async function startChain(hardfork) {
  const anvil = spawn(findBinary('anvil'), [
    '--port', '0', '--hardfork', hardfork, '--accounts', '10', '--chain-id', '31337',
    '--gas-limit', '30000000', '--base-fee', '0', '--timestamp', '1800000000',
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => anvil.kill();
  const url = await new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`anvil did not start: ${output}`)), 30_000);
    const look = (chunk) => {
      output += chunk;
      const found = /Listening on (\S+)/.exec(output);
      if (!found) return;
      clearTimeout(timer);
      resolve(`http://${found[1]}`);
    };
    anvil.stdout.on('data', look);
    anvil.stderr.on('data', look);
    anvil.on('error', reject);
    anvil.on('exit', (code) => reject(new Error(`anvil ended with ${code}: ${output}`)));
  });
  const provider = new JsonRpcProvider(url, 31337, { staticNetwork: true, batchMaxCount: 1 });
  return { provider, url, stop() { provider.destroy(); stop(); } };
}

/** A contract on that chain whose calls give back the gas their whole transaction used. */
export class Measured {
  constructor(provider, artifact) {
    this.provider = provider;
    this.bytecode = artifact.bytecode;
    this.abi = new Interface(artifact.abi);
  }

  // Anvil mines at once, but answers before it has mined.
  async receiptOf(hash) {
    for (let wait = 1; wait < 10_000; wait *= 2) {
      const receipt = await this.provider.send('eth_getTransactionReceipt', [hash]);
      if (receipt) return receipt;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    throw new Error(`transaction ${hash} was not mined`);
  }

  async send(transaction) {
    const hash = await this.provider.send('eth_sendTransaction', [{
      gas: `0x${TX_GAS_CAP.toString(16)}`, ...transaction,
    }]);
    const receipt = await this.receiptOf(hash);
    return { ok: receipt.status === '0x1', gas: Number(receipt.gasUsed), receipt };
  }

  async deploy(from, ...args) {
    const data = this.bytecode + this.abi.encodeDeploy(args).slice(2);
    const sent = await this.send({ from, data });
    if (!sent.ok) throw new Error('the contract was not deployed');
    this.address = sent.receipt.contractAddress;
    return sent.gas;
  }

  /** Calls a function by name (value in wei) and returns gasUsed; throws the decoded error. */
  async call(from, name, args, value = 0n) {
    const data = this.abi.encodeFunctionData(name, args);
    const transaction = { from, to: this.address, data, value: `0x${value.toString(16)}` };
    const sent = await this.send(transaction);
    if (sent.ok) return sent.gas;
    const gas = `0x${TX_GAS_CAP.toString(16)}`;
    try {
      await this.provider.send('eth_call', [{ ...transaction, gas }, 'latest']);
    } catch (error) {
      const known = error.info?.error?.data ?? error.data;
      const decoded = known && this.abi.parseError(known);
      throw new Error(`${name}: ${decoded ? `${decoded.name}(${decoded.args})` : error.message}`);
    }
    throw new Error(`${name}: out of gas at ${sent.gas}`);
  }

  /** What a call uses beyond its transaction's 21,000 and its calldata: what the code itself does. */
  async execute(from, name, args) {
    const bytes = getBytes(this.abi.encodeFunctionData(name, args));
    return bytes.reduce((gas, byte) => gas - (byte ? 16 : 4), await this.call(from, name, args)) - 21_000;
  }

  /** What a view function returns. */
  async read(name, args = []) {
    const data = this.abi.encodeFunctionData(name, args);
    const raw = await this.provider.send('eth_call', [{ to: this.address, data }, 'latest']);
    return this.abi.decodeFunctionResult(name, raw);
  }

  async passTime(seconds) {
    await this.provider.send('evm_increaseTime', [seconds]);
    await this.provider.send('evm_mine', []);
  }
}

/** A contract of this folder, by its name, compiled as DataHub is. */
export function compileHere(contract) {
  const read = (...at) => fs.readFileSync(path.join(root, 'tools', ...at), 'utf8');
  const file = `${contract}.sol`;
  const { contracts, errors = [] } = JSON.parse(createRequire(import.meta.url)('solc').compile(
    JSON.stringify({
      language: 'Solidity',
      sources: { [file]: { content: read(file) } },
      settings: {
        ...JSON.parse(read('solc-settings.json')),
        outputSelection: { [file]: { [contract]: ['abi', 'evm.bytecode.object'] } },
      },
    }),
  ));
  if (errors.length) throw new Error(errors.map((error) => error.formattedMessage).join(''));
  const { abi, evm } = contracts[file][contract];
  return { abi, bytecode: `0x${evm.bytecode.object}` };
}
