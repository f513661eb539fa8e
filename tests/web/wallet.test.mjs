// Identities whose wallet is in the browser: found by EIP-6963, they register, sign in, and act by what the
// node asks of the wallet; what the wallet refuses, and what a closed page left behind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stage, template } from '../node/stage.mjs';
import { until } from '../node/serve.mjs';
import { BrowserWallet, allowRegistration } from '../node/wallet.mjs';
import { Browser } from './browser.mjs';

const CANARY = '<img src=x onerror=alert(1)>';
let stage, browser, wallet, chainId = '0x1', decline = false, lose = false;

before(async () => {
  stage = await Stage.start((home) => allowRegistration(home, 2));
  await stage.makePeople();
  await stage.setUpGroup();
  wallet = new BrowserWallet(stage.chain);
  await stage.chain.rpc('anvil_setBalance', [wallet.address, '0x8ac7230489e80000']);
  browser = await Browser.start(stage.node.url);
  // What a wallet's user does. The key stays in this process.
  await browser.context.exposeFunction('testWallet', async ({ method, params }) => {
    if (method === 'eth_accounts' || method === 'eth_requestAccounts') return { result: [wallet.address.toLowerCase()] };
    if (method === 'eth_chainId') return { result: chainId };
    if (method === 'wallet_switchEthereumChain') {
      chainId = params[0].chainId;
      return { result: null };
    }
    if (decline) return { error: { code: 4001, message: 'User rejected the request.' } };
    if (method === 'personal_sign') return { result: await wallet.request({ method, params: [Buffer.from(params[0].slice(2), 'hex').toString()] }) };
    assert.equal(chainId, '0x7a69', 'asked on the node\'s chain alone');
    const result = await wallet.request({ method, params });
    if (lose) await new Promise(() => {}); // the page goes before it hears
    return { result };
  });
  await browser.context.addInitScript((name) => {
    const provider = { request: async (call) => {
      const { result, error } = await globalThis.testWallet(call);
      if (error) throw Object.assign(new Error(error.message), { code: error.code });
      return result;
    } };
    const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({
      info: { uuid: '350670db-19fa-4704-a166-e52e178b59d2', name, icon: 'data:image/svg+xml,<svg/>', rdns: 'org.example.wallet' }, provider }) }));
    addEventListener('eip6963:requestProvider', announce);
    announce();
  }, CANARY);
});
after(async () => {
  await browser?.stop();
  await stage?.stop();
});

const signInWith = (page) => page.getByRole('button', { name: `Sign in with ${CANARY}` });
const asked = (method) => wallet.asked.filter((one) => one === method).length;

async function signIn(at = '/') {
  await browser.context.clearCookies();
  const page = await browser.open();
  await signInWith(page).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await browser.go(page, at);
  return page;
}

test('a wallet registers itself as an identity, and signs in', async () => {
  const page = await browser.open();
  await signInWith(page).waitFor();
  decline = true;
  await signInWith(page).click();
  await page.getByText('You declined it in your wallet.').waitFor();
  await browser.check(page, 'wallet-declined');
  decline = false;
  await signInWith(page).click();
  await page.getByText('no identity of this node yet').waitFor();
  await page.getByLabel('Name').fill('wallet-buyer');
  await page.getByLabel('Role').selectOption('Buyer');
  await browser.check(page, 'wallet-register');
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  const rows = stage.home.ok('account', 'list');
  assert.deepEqual(rows.filter((row) => row.address === wallet.address).map((row) => [row.role, row.wallet]), [['buyer', 'browser']]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signInWith(page).click();
  await page.locator('.role', { hasText: 'Buyer' }).waitFor();
  await page.close();
});

// The buyer's page, up to the dialog of a request.
async function fill(page) {
  await browser.go(page, '/new-request');
  await page.getByLabel('Category').selectOption(template.category);
  for (const field of ['Gender', 'Diagnoses']) await page.getByLabel(field).check();
  await page.getByLabel('Records, at least').fill('2');
  await page.getByLabel('Records, at most').fill('10');
  await page.getByLabel('Price of all, in ETH').fill('1');
  await page.getByRole('button', { name: 'Request', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Gas, estimated').waitFor();
  return dialog;
}
const go = (dialog) => dialog.getByRole('button', { name: 'Request', exact: true }).click();
const sent = async () => Number(await stage.chain.rpc('eth_getTransactionCount', [wallet.address, 'latest']));
const opened = (page) => page.getByRole('heading', { name: /^Request \d+$/ }).waitFor();

test('a request is sent by the wallet, on the node\'s chain, after it was declined', async () => {
  const page = await signIn('/wallet');
  await page.getByText('asked for nothing yet').waitFor();
  await browser.check(page, 'wallet-empty');
  assert.equal(chainId, '0x1', 'the wallet begins elsewhere');
  const dialog = await fill(page);
  assert.equal(asked('eth_sendTransaction'), 0, 'a trial needs no wallet');
  decline = true;
  await go(dialog);
  await dialog.getByText('You declined it in your wallet.').waitFor();
  await browser.check(page, 'wallet-declined-dialog');
  decline = false;
  await go(dialog);
  await opened(page);
  assert.equal(await sent(), 1);
  assert.equal(chainId, '0x7a69');
  await browser.go(page, '/wallet');
  await page.getByText('cancelled').waitFor();
  await page.getByText('done', { exact: true }).waitFor();
  await browser.check(page, 'wallet');
  await page.close();
});

test('a page that was closed while the wallet sent finds it again: nothing is sent twice', async () => {
  let page = await signIn();
  lose = true;
  let dialog = await fill(page);
  await go(dialog);
  await dialog.getByText('Your wallet asks you').waitFor();
  await dialog.getByText('To send: request').waitFor();
  await browser.check(page, 'wallet-asked');
  await until('it to be sent', async () => (await sent()) === 2);
  await page.close();
  lose = false;
  page = await signIn();
  dialog = await fill(page);
  await go(dialog);
  await opened(page);
  assert.equal(await sent(), 2);
  await page.close();
});

test('what the node wants by itself waits in the inbox', async () => {
  const page = await signIn();
  const answer = await stage.node.call('POST', '/accounts/pay', { as: 'wallet-buyer', body: { to: 'buyer', wei: '5' } });
  assert.equal(answer.json.code, 'wallet');
  await browser.go(page, '/wallet');
  const row = page.getByRole('row').filter({ hasText: 'pay' });
  await row.getByText('waits for you').waitFor();
  await row.getByRole('button', { name: 'Send' }).click();
  await row.getByText(/on its way|done/).waitFor();
  assert.equal(await sent(), 3);
  await page.close();
});

test('without the account, the wallet is not asked', async () => {
  const page = await signIn();
  const { address } = wallet;
  wallet.address = stage.address.buyer;
  const dialog = await fill(page);
  await go(dialog);
  await dialog.getByText(/No wallet here gives the account/).waitFor();
  wallet.address = address;
  assert.equal(await sent(), 3);
  await browser.check(page, 'wallet-other-account');
  await page.close();
});
