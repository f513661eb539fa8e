// A patient's pages, on a node with a chain and all six roles.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stage, template } from '../node/stage.mjs';
import { Browser } from './browser.mjs';

let stage, browser;
before(async () => {
  stage = await Stage.start();
  await stage.makePeople();
  await stage.setUpGroup();
  await stage.storeRecords();
  await stage.recordsAreAnchored();
  browser = await Browser.start(stage.node.url);
});
after(async () => {
  await browser?.stop();
  await stage?.stop();
});

const patient = (name, at) => browser.signIn(name, stage.home.password, at);

test('signing in', async () => {
  const page = await browser.open();
  await browser.check(page, 'sign-in');
  await page.getByLabel('Identity').selectOption('patient-1');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill(stage.home.password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await page.getByText('A new record came').waitFor();
  await browser.check(page, 'inbox');
  await page.getByRole('button', { name: 'Mark all as seen' }).click();
  await page.getByText('new', { exact: true }).first().waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.close();
});

test('records appear by themselves, open, and are checked', async () => {
  const page = await patient('patient-2', '/records');
  const rows = page.locator('main tbody tr');
  assert.equal(await rows.count(), 1);
  const record = stage.record('patient-2', { notes: '<img src=x onerror=alert(1)>' });
  const { merkleRoot: root } = await stage.soon('doctor', '/records', { record, releases: 1 });
  await rows.nth(1).waitFor();
  await browser.check(page, 'records');
  await browser.go(page, `/records/${root}`);
  await page.getByText('<img src=x onerror=alert(1)>').waitFor();
  await page.getByRole('button', { name: 'Check it again' }).click();
  await page.getByRole('heading', { name: 'Every check passed' }).waitFor();
  await browser.check(page, 'record');
  const tree = page.getByRole('region', { name: 'Merkle tree' });
  await tree.getByRole('checkbox', { name: 'Notes' }).check();
  await tree.locator('.tree-node.tree-shown').filter({ hasText: '/notes' }).waitFor();
  assert.ok(await tree.locator('.tree-line.tree-shown').count() > 2, 'lit up to the root');
  await browser.check(page, 'record-tree');
  const folded = tree.locator('.tree-folded').first();
  const before = await tree.locator('.tree-node').count();
  await folded.focus();
  await page.keyboard.press('Enter');
  await tree.getByText('its hash is handed on as proof').waitFor();
  assert.equal(await tree.locator('.tree-node').count(), before + 2);
  await tree.getByLabel('Tree', { exact: true }).selectOption({ index: 1 });
  await tree.getByText('64 leaves').first().waitFor();
  await browser.check(page, 'record-tree-release');
  await page.getByRole('button', { name: 'Copy Merkle root' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), root);
  await page.close();
});

test('a share is tried, granted, and deleted', async () => {
  const page = await patient('patient-1', '/shares');
  await page.getByLabel('Doctor').fill('doctor');
  await page.getByLabel('Only some of it').check();
  await page.getByLabel('Diagnoses').check();
  await browser.check(page, 'shares');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('It costs no gas').waitFor();
  await browser.check(page, 'share-dialog');
  await dialog.getByRole('button', { name: 'Share', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('open', { exact: true }).waitFor();
  assert.equal((await stage.get('patient-1', '/shares')).length, 1);
  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('revoked', { exact: true }).waitFor();
  await browser.go(page, '/access');
  await page.getByText('You deleted a share').waitFor();
  await browser.check(page, 'access');
  await page.close();
});

test('a data request shows what would leave, and is answered', async () => {
  const { requestId } = await stage.post('buyer', '/requests', { template, maxRecords: 10 });
  await stage.soon('hospital', `/requests/${requestId}/reply`, { k: 2 });
  await stage.requestIs('hospital', requestId, 'replied');
  await stage.soon('hospital', `/requests/${requestId}/ask`);
  const page = await patient('patient-3');
  await page.getByRole('region', { name: 'Needs you, the most urgent first' }).getByRole('link', { name: `Answer data request ${requestId}` }).waitFor();
  await browser.check(page, 'inbox-needs');
  await browser.go(page, '/consents');
  await page.getByRole('link', { name: `Request ${requestId}` }).first().waitFor();
  await browser.check(page, 'consents');
  await page.getByRole('link', { name: `Request ${requestId}` }).first().click();
  await page.getByRole('heading', { name: 'What would leave' }).waitFor();
  await page.getByRole('heading', { name: 'What stays with you' }).waitFor();
  const age = page.getByRole('row').filter({ has: page.getByRole('cell', { name: 'Age', exact: true }) });
  await age.getByRole('cell', { name: '55-59' }).waitFor();
  await age.getByRole('cell', { name: '57', exact: true }).waitFor();
  await browser.check(page, 'consent');
  await page.getByText('Be paid to an account of your own').click();
  await page.getByLabel('Account').fill('0x123');
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor(); // told before anything is sent
  await page.keyboard.press('Escape');
  await page.getByLabel('Account').fill('');
  await page.getByRole('button', { name: 'Accept, keep the key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Accept, keep the key' }).click();
  await page.getByText('accepted', { exact: true }).waitFor();
  await page.getByText('stays here until the delivery is seen').waitFor();
  await browser.check(page, 'consent-given');
  await page.close();
});

test('the standing answer is set', async () => {
  const page = await patient('patient-4', '/policy');
  await browser.check(page, 'policy');
  await page.getByLabel('Accept by itself').check();
  await page.getByLabel('Cardiology').check();
  await page.getByLabel('At least, for a record, in ETH').fill('x');
  assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
  await page.getByLabel('At least, for a record, in ETH').fill('0.000000000000000007');
  await browser.check(page, 'policy-accept');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Accepted by itself: Cardiology').waitFor();
  assert.deepEqual(await stage.get('patient-4', '/consents/policy'),
    { categories: ['Cardiology'], minPriceWei: '7', never: false, keepKeys: false });
  await page.getByLabel('Never sell').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Everything is declined.').waitFor();
  await page.close();
});
