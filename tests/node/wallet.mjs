// A browser wallet and its page, in this process: ethers' wallet behind EIP-1193's request(), and the
// loop that answers intents until the call that wanted them goes on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Wallet } from 'ethers';
import { sleep } from './serve.mjs';

// That many wallets may make themselves identities of the home.
export function allowRegistration(home, most) {
  const file = path.join(home.dir, 'config.json');
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file)), wallet_accounts: most }));
}

export class BrowserWallet {
  asked = []; // what the user was shown

  constructor(chain) {
    this.chain = chain;
    this.key = Wallet.createRandom();
    this.address = this.key.address;
  }

  // EIP-1193. options: gasPrice, nonce, to have one transaction replace another.
  async request({ method, params }, options = {}) {
    this.asked.push(method);
    if (method === 'eth_signTypedData_v4') {
      const [address, text] = params;
      assert.equal(address, this.address);
      const { domain, types: { EIP712Domain: _, ...types }, message } = JSON.parse(text);
      return this.key.signTypedData(domain, types, message);
    }
    if (method === 'personal_sign') return this.key.signMessage(params[0]);
    assert.equal(method, 'eth_sendTransaction');
    const [{ from, to, value, data, gas }] = params;
    assert.equal(from, this.address);
    const nonce = options.nonce ?? Number(await this.chain.rpc('eth_getTransactionCount', [from, 'pending']));
    const raw = await this.key.signTransaction({ type: 2, chainId: 31337, to, value, data, nonce, gasLimit: gas,
      maxFeePerGas: options.fee ?? 20_000_000_000n, maxPriorityFeePerGas: options.fee ?? 1_000_000_000n });
    return this.chain.rpc('eth_sendRawTransaction', [raw]);
  }

  // What the wallet says to an intent.
  async answer(intent, options) {
    return intent.kind === 'signature'
      ? { signature: await this.request({ method: 'eth_signTypedData_v4',
        params: [this.address, JSON.stringify(intent.typedData)] }) }
      : { hash: await this.request({ method: 'eth_sendTransaction', params: [intent.transaction] }, options) };
  }
}

// The page of one identity: calls, and what the wallet is asked for on the way.
export class Page {
  constructor(node, wallet) {
    Object.assign(this, { node, wallet });
  }

  async signIn(register) {
    const { host } = new URL(this.node.url);
    const { nonce } = await this.node.ok('POST', '/session/nonce');
    const message = [`${host} wants you to sign in with your Ethereum account:`, this.wallet.address, '',
      `URI: http://${host}/`, 'Version: 1', 'Chain ID: 31337', `Nonce: ${nonce}`,
      `Issued At: ${new Date().toISOString()}`].join('\n');
    const signature = await this.wallet.request({ method: 'personal_sign', params: [message] });
    const answer = await this.node.call('POST', register ? '/accounts/wallet' : '/session/wallet',
      { body: { message, signature, ...register } });
    this.cookie = answer.headers.get('set-cookie')?.split(';')[0];
    return answer;
  }

  call(method, target, body) {
    return this.node.call(method, target, { cookie: this.cookie, body });
  }

  get(target) {
    return this.node.ok('GET', target, { cookie: this.cookie });
  }

  // Calls, and answers the wallet's part until the call goes on. soon: also while it is too early.
  async act(method, target, body = {}, { soon = false, ms = 60000 } = {}) {
    for (const end = Date.now() + ms; ;) {
      const answer = await this.call(method, target, body);
      if (answer.status === 200) return answer.json;
      assert.ok(Date.now() < end, `${method} ${target}: ${answer.status} ${answer.text}`);
      if (answer.json.code === 'wallet') {
        const { intent } = answer.json;
        if (intent.state === 'sent') await sleep(100);
        else await this.node.ok('POST', `/intents/${intent.id}`,
          { cookie: this.cookie, body: await this.wallet.answer(intent) });
        continue;
      }
      assert.ok(soon && [404, 409, 422].includes(answer.status), `${method} ${target}: ${answer.text}`);
      await this.call('POST', '/sync', {});
      await sleep(50);
    }
  }

  post(target, body) {
    return this.act('POST', target, body);
  }

  soon(target, body) {
    return this.act('POST', target, body, { soon: true });
  }
}
