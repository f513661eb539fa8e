// Gas fees, in every role: empty, with what was sent, and with 10,000 transactions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Stage } from '../node/stage.mjs';
import { Browser } from './browser.mjs';

const MANY = 10000;
let stage, browser;
before(async () => {
  stage = await Stage.start((home) => {
    const file = path.join(home.dir, 'config.json');
    fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file)), explorer_url: 'https://explorer.example/base/' }));
  });
  await stage.makePeople();
  await stage.setUpGroup();
  browser = await Browser.start(stage.node.url);
});
after(async () => {
  await browser?.stop();
  await stage?.stop();
});

const fees = (name) => browser.signIn(name, stage.home.password, '/gas');
const card = (page, name) => page.getByRole('region', { name });
const drawn = (page) => page.locator('.chart canvas').nth(1).waitFor();

test('nothing was sent yet', async () => {
  const page = await fees('patient-1');
  await page.getByText('No transaction was mined yet').waitFor();
  await page.getByText('No transactions yet').waitFor();
  await card(page, 'Gas price now').getByText('Fast').waitFor();
  await card(page, 'A month').getByText('large hospital', { exact: true }).waitFor();
  await browser.check(page, 'gas-empty');
  await page.close();
});

test('what was sent, and what it would cost', async () => {
  const all = await stage.get('gm', '/transactions');
  const page = await fees('gm');
  const rows = card(page, 'Transactions').locator('tbody tr');
  assert.equal(await rows.count(), all.length);
  const link = rows.first().getByRole('link');
  assert.equal(await link.getAttribute('href'), `https://explorer.example/base/tx/${all[0].hash}`);
  assert.equal(await link.getAttribute('rel'), 'noreferrer');
  await drawn(page);
  await card(page, 'By operation').getByText('setGroupKey').waitFor();
  await browser.check(page, 'gas');
  await rows.getByRole('button', { name: 'setGroupKey' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Gas, at most').waitFor();
  await browser.check(page, 'gas-details');
  await page.keyboard.press('Escape');

  await page.getByLabel('Call', { exact: true }).selectOption('storeBatch(100), a record');
  await page.getByLabel('How many').fill('200');
  const { gas, wei } = await stage.get('gm', `/gas/cost?call=${encodeURIComponent('storeBatch(100), a record')}&count=200`);
  await card(page, 'Calculator').getByText(gas.toLocaleString('en')).waitFor();
  assert.ok(BigInt(wei.average) > 0n);
  await page.getByLabel('How many').fill('many');
  await page.getByText('A whole number from 1 to 10,000,000').waitFor();

  await page.getByLabel('Records', { exact: true }).fill('12345');
  await page.getByLabel('Records at once').fill('1');
  const own = card(page, 'A month').getByRole('row').filter({ hasText: 'as given' });
  await own.getByText('12,345').waitFor();
  const [month] = await stage.get('gm', '/gas/projection?records=12345&batch=1&sales=2&entries=50');
  await own.getByText(month.hospitalGas.toLocaleString('en')).waitFor();
  await page.close();
});

test('10,000 transactions stay smooth', async () => {
  const done = spawnSync(process.env.GALEN_MAKE_TRANSACTIONS, [stage.home.dir, stage.address.hospital, String(MANY)],
    { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const before = performance.now();
  const page = await fees('hospital');
  await drawn(page);
  const list = card(page, 'Transactions');
  await list.locator('tbody tr').nth(24).waitFor();
  assert.ok(performance.now() - before < 20000);
  assert.equal(await list.locator('tbody tr').count(), 25, 'the server pages');
  await browser.check(page, 'gas-many');

  // Each turn of the page asks for 25 rows, and the page goes on answering meanwhile.
  const longest = await page.evaluate(() => new Promise((give) => {
    window.longest = 0;
    new PerformanceObserver((found) => {
      for (const one of found.getEntries()) window.longest = Math.max(window.longest, one.duration);
    }).observe({ type: 'longtask' });
    give(window.longest);
  }));
  assert.equal(longest, 0);
  for (const start of [26, 51, 76]) {
    await list.getByRole('button', { name: 'Older' }).click();
    await list.getByText(`${start} to ${start + 24}`).waitFor();
  }
  assert.ok(await page.evaluate(() => window.longest) < 500, 'no task of half a second');
  await list.getByLabel('State').selectOption('refused');
  await list.locator('tbody tr').filter({ hasText: 'refused' }).nth(24).waitFor();
  assert.equal(await list.locator('tbody tr').filter({ hasNotText: 'refused' }).count(), 0);
  await list.locator('tbody tr').first().getByRole('button').first().click();
  await page.getByRole('dialog').getByText('<img src=x onerror=alert(1)>').waitFor();
  await page.keyboard.press('Escape');
  await list.getByLabel('Workflow').selectOption('sharing');
  await list.getByLabel('Operation').selectOption('postShare');

  const files = {};
  for (const name of ['CSV', 'JSON']) {
    const coming = page.waitForEvent('download');
    await list.getByRole('link', { name }).click();
    files[name] = fs.readFileSync(await (await coming).path(), 'utf8');
  }
  const json = JSON.parse(files.JSON);
  assert.ok(json.length > 5 && json.every((row) => row.operation === 'postShare' && row.status === 'reverted'));
  assert.equal(files.CSV.trim().split('\r\n').length, json.length + 1);
  await list.getByLabel('State').selectOption('on its way');
  await list.getByText('None fits').waitFor();

  await page.getByLabel('Per', { exact: true }).selectOption('month');
  await page.getByLabel('Show', { exact: true }).selectOption('Gas used');
  await drawn(page);
  await page.getByText('As a table').click();
  await browser.check(page, 'gas-months');
  await page.close();
});

test('without the chain, what is known stays', async () => {
  await stage.stopChain();
  const page = await fees('hospital');
  await card(page, 'Transactions').locator('tbody tr').nth(24).waitFor();
  await card(page, 'Gas price now').getByRole('alert').waitFor();
  await browser.check(page, 'gas-no-chain');
  await page.close();
});
