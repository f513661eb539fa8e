// A sale through the pages of buyer and hospital, and one that fails its checks.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { HOUR, Stage, template } from '../node/stage.mjs';
import { until } from '../node/serve.mjs';
import { Browser } from './browser.mjs';

let stage, browser, hospitals;
before(async () => {
  stage = await Stage.start();
  await stage.makePeople();
  await stage.setUpGroup();
  await stage.storeRecords();
  await stage.recordsAreAnchored();
  browser = await Browser.start(stage.node.url);
  hospitals = await Browser.start(stage.node.url); // who is signed in there stays
});
after(async () => {
  await hospitals?.stop();
  await browser?.stop();
  await stage?.stop();
});

const buyer = (at) => browser.signIn('buyer', stage.home.password, at);
const hospital = (at) => hospitals.signIn('hospital', stage.home.password, at);

// Presses the button, then the one of its dialog, once that has been tried.
async function act(page, name, in_ = page) {
  await in_.getByRole('button', { name, exact: true }).click();
  const dialog = page.getByRole('dialog');
  const go = dialog.getByRole('button', { name, exact: true });
  await until(`${name} to be tried`, () => go.isEnabled());
  await go.click();
  await dialog.waitFor({ state: 'detached' });
}

test('a request is built, offered, delivered, verified and paid', { timeout: 180000 }, async () => {
  const page = await buyer('/requests');
  await browser.check(page, 'buyer-requests-empty');
  await page.getByRole('link', { name: 'New request' }).first().click();
  await page.getByLabel('Category').selectOption('Cardiology');
  await page.getByText('Choose at least one field.').waitFor();
  for (const field of ['Gender', 'Age, in bands of five years', 'Diagnoses', 'Laboratory results']) await page.getByLabel(field).check();
  await page.getByLabel('Records, at least').fill('2');
  await page.getByLabel('Records, at most').fill('10');
  await page.getByLabel('Price of all, in ETH').fill('1.000000000000000005');
  await page.getByLabel('To verify').fill('1');
  await browser.check(page, 'buyer-new-request');
  await act(page, 'Request');
  await page.getByRole('heading', { name: /^Request \d+$/ }).waitFor();
  await page.getByText('age band, gender, diagnoses, laboratory results').first().waitFor();
  const id = Number(/\d+$/.exec(await page.getByRole('heading', { level: 1 }).textContent())[0]);
  assert.equal((await stage.get('buyer', `/requests/${id}`)).escrowWei, '1000000000000000005');
  await browser.check(page, 'buyer-request-pending');

  const other = await hospital('/requests');
  await other.getByRole('link', { name: `Request ${id}` }).click();
  await other.getByLabel('Patients alike').fill('2');
  await other.getByRole('button', { name: 'Count what matches' }).click();
  await other.getByText('4 records', { exact: true }).waitFor();
  await hospitals.check(other, 'hospital-offer');
  await act(other, 'Offer');
  await page.getByText('with a bond of').waitFor(); // without reload
  await act(other, 'Ask the patients');
  await stage.everyoneAccepts(id);
  await other.getByRole('button', { name: 'See what would be delivered' }).click();
  await other.getByText('4 records', { exact: true }).waitFor();
  await hospitals.check(other, 'hospital-deliver');
  await act(other, 'Deliver');
  await hospitals.go(other, '/relay');
  await other.getByRole('row').nth(4).waitFor();
  await hospitals.check(other, 'hospital-relay');
  await other.close();

  await page.getByRole('link', { name: 'Verify', exact: true }).click();
  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  await page.getByText('4 of 4 entries passed every check').waitFor();
  await page.reload(); // it is kept
  await page.getByText('4 of 4 entries passed every check').waitFor();
  await page.getByText('Entry 3').click();
  await page.locator('details[open]').getByRole('button', { name: 'Show its Merkle tree' }).click();
  await page.locator('.tree-node.tree-shown').filter({ hasText: '/category' }).waitFor();
  await page.locator('details[open]').getByText('signed by releaseAddr for exactly this entry').waitFor();
  await browser.check(page, 'buyer-verified');
  await page.getByRole('link', { name: 'Request', exact: true }).click();
  await page.getByRole('link', { name: 'Data', exact: true }).click();
  await page.getByRole('table', { name: 'Age' }).getByRole('row', { name: /55-59 4 100 %/ }).waitFor();
  await browser.check(page, 'buyer-data');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  assert.match(fs.readFileSync(await download.path(), 'utf8'), /^"index","category"/);
  await page.getByRole('link', { name: 'Request', exact: true }).click();
  await act(page, 'Pay');
  await page.getByText('4 of 4 records').waitFor();
  await browser.check(page, 'buyer-paid');
  await page.close();
});

test('what fails is shown, disputed, and may be paid anyway', { timeout: 180000 }, async () => {
  const id = await stage.sell();
  // A bundle that nobody has any more.
  const before = await stage.get('buyer', `/requests/${id}`);
  const blocks = path.join(stage.home.dir, 'blocks');
  const files = fs.readdirSync(blocks, { recursive: true }).map((name) => path.join(blocks, name)).filter((name) => fs.statSync(name).isFile());
  const bundles = files.filter((name) => fs.readFileSync(name, 'utf8').startsWith('eyJ'))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
  assert.equal(before.count, 4);
  const page = await buyer(`/requests/${id}/verify`);
  let failed = 0;
  for (const name of bundles) {
    fs.rmSync(name);
    const { json } = await stage.node.call('POST', `/requests/${id}/verify`, { as: 'buyer', body: {} });
    failed = json.failed;
    if (failed > 0) break;
  }
  assert.equal(failed, 1);
  await page.getByRole('button', { name: /^Verify/ }).click();
  await page.getByText('3 of 4 entries passed every check').waitFor();
  await page.getByText('failed: decryption').waitFor();
  await page.getByLabel('What is wrong with them').fill('<b>nothing</b> to read');
  await browser.check(page, 'buyer-failed');
  await act(page, 'Dispute');
  await browser.go(page, `/requests/${id}`);
  await page.getByRole('heading', { name: 'Disputed entries' }).waitFor();
  await browser.check(page, 'buyer-disputed');
  await browser.go(page, '/requests');
  await page.getByText('disputed', { exact: true }).waitFor();
  await browser.check(page, 'buyer-requests');
  await page.close();
});

test('past its deadline the money is taken back', { timeout: 120000 }, async () => {
  const { requestId: id } = await stage.post('buyer', '/requests', { template, maxRecords: 10, replyWindow: HOUR });
  await stage.later(HOUR + 10);
  // The page's clock is the browser's: it asks the node what may be done.
  const page = await buyer(`/requests/${id}`);
  await page.clock.setFixedTime(Date.now() + 2 * HOUR * 1000);
  await page.reload();
  await page.getByText('No hospital has offered in time.').waitFor();
  await browser.check(page, 'buyer-refund');
  await act(page, 'Take the money back');
  await page.getByText('The money went back to the buyer').waitFor();
  await page.close();
});

test('a patient sends on what a sale paid, and withdraws what the contract owes', { timeout: 180000 }, async () => {
  const setCode = (code) => stage.chain.rpc('anvil_setCode', [stage.address['patient-2'], code]);
  const id = await stage.sell(async (asked) => {
    let given = 0;
    for (const [name, more] of [['patient-1', {}], ['patient-2', { payout: stage.address['patient-2'] }], ['patient-3', {}], ['patient-4', {}]])
      given += (await stage.soon(name, `/requests/${asked}/consent`, { accept: true, ...more })).given.length;
    await stage.everyAnswer(asked, given);
  });
  await setCode('0xfe'); // the account takes no payment for now
  await stage.post('buyer', `/requests/${id}/verify`);
  await stage.post('buyer', `/requests/${id}/finalize`);
  await setCode('0x');
  await stage.fund('patient-2');

  const page = await browser.signIn('patient-1', stage.home.password, '/account');
  const row = page.getByRole('row').filter({ hasText: `Request ${id}` });
  assert.ok(await row.getByRole('button', { name: 'Send on' }).isDisabled(), 'not before it is said where to');
  const to = `0x${'5a'.repeat(20)}`;
  await page.getByLabel('Send on to').fill(to);
  await browser.check(page, 'patient-payouts');
  await row.getByRole('button', { name: 'Send on' }).click();
  const go = page.getByRole('dialog').getByRole('button', { name: 'Send on' });
  await until('it to be tried', () => go.isEnabled());
  await go.click();
  await page.getByText('Sent on', { exact: true }).waitFor();
  assert.ok(BigInt(await stage.chain.rpc('eth_getBalance', [to, 'latest'])) > 10n ** 17n);
  await page.close();

  const other = await browser.signIn('patient-2', stage.home.password, '/account');
  await other.getByText('The contract owes you').waitFor();
  await browser.check(other, 'patient-credit');
  await act(other, 'Withdraw');
  await other.getByText('The contract owes you').waitFor({ state: 'detached' });
  await other.close();
});
