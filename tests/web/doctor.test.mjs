// A doctor's pages: joining, writing a record by keyboard alone, a FHIR file, what patients share, claims.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root as sources } from '../cli/galen.mjs';
import { makeNdjson } from '../cli/fhir.mjs';
import { Stage } from '../node/stage.mjs';
import { until } from '../node/serve.mjs';
import { Browser } from './browser.mjs';

const bundle = path.join(sources, 'node_modules/cql-exec-fhir/test/fixtures/r4/Luna60_McCullough561_6662f0ca-b617-4e02-8f55-7275e9f49aa0.json');
let stage, browser;
before(async () => {
  stage = await Stage.start();
  await stage.makePeople();
  for (const name of ['patient-1', 'hospital']) await stage.post(name, '/profile/card'); // so they are known here
  // as stage.setUpGroup, up to the invitation
  await stage.post('gm', '/group/setup', { rm: 'rm' });
  await stage.soon('rm', '/group/setup');
  await stage.soon('gm', '/group/propose?dryRun=true');
  await stage.soon('gm', '/group/propose');
  await stage.soon('rm', '/group/confirm');
  await stage.soon('gm', '/group/hospitals', { hospital: 'hospital', accredited: true });
  browser = await Browser.start(stage.node.url);
});
after(async () => {
  await browser?.stop();
  await stage?.stop();
});

const doctor = (at) => browser.signIn('doctor', stage.home.password, at);
const tab = async (page, times = 1) => { for (let i = 0; i < times; i++) await page.keyboard.press('Tab'); };

// Tabs on until what has the focus has that name.
async function focus(page, name) {
  for (let i = 0; i < 80; i++) {
    const at = await page.evaluate(() => {
      const on = document.activeElement;
      return on?.getAttribute('aria-label') || on?.labels?.[0]?.textContent || on?.textContent || '';
    });
    if (at.trim() === name) return;
    await tab(page);
  }
  assert.fail(`${name} is not reached by the Tab key`);
}

test('an invitation is answered, and the membership comes', async () => {
  const page = await doctor('/membership');
  await page.getByText('not a member').waitFor();
  await browser.check(page, 'membership-none');
  await stage.soon('gm', '/group/invitations', { doctor: 'doctor' });
  await page.getByLabel('Licence').fill('licence <i>1</i>');
  await page.getByRole('button', { name: 'Ask to join' }).click();
  const dialog = page.getByRole('dialog');
  const go = dialog.getByRole('button', { name: 'Ask to join' });
  await until('joining to be tried', () => go.isEnabled());
  await go.click();
  await page.getByText('The Group Manager looks at it').waitFor();
  await stage.soon('gm', '/group/approvals', { doctor: 'doctor' });
  await page.getByText('member', { exact: true }).waitFor();
  await browser.check(page, 'membership');
  await page.close();
});

test('a record is written and handed over with the keyboard alone', { timeout: 120000 }, async () => {
  const page = await doctor('/new-record');
  const type = async (name, text) => { await focus(page, name); await page.keyboard.type(text); };
  await type('Patient', 'patient-1');
  await type('Hospital', 'hospital');
  await type('Category', 'Cardiology');
  await type('Age', '57');
  await type('Gender', 'female');
  await focus(page, 'Add to diagnoses');
  await page.keyboard.press('Enter');
  await page.getByRole('group', { name: 'Diagnoses 1' }).waitFor();
  await type('Code', '53741008');
  await type('Name', 'Coronary <b>arteriosclerosis</b>');
  await type('Notes', '<img src=x onerror=alert(1)>');
  await page.getByText('of this draft; each is salted anew').waitFor();
  await focus(page, 'See what may be sold');
  await page.keyboard.press('Enter');
  await page.getByRole('cell', { name: '/demographics/age' }).waitFor();
  await browser.check(page, 'new-record');
  await focus(page, 'Sign and hand over');
  await page.keyboard.press('Enter');
  const go = page.getByRole('dialog').getByRole('button', { name: 'Sign and hand over' });
  await until('storing to be tried', () => go.isEnabled());
  await focus(page, 'Sign and hand over');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'The record is on its way' }).waitFor();
  await page.getByText('anchored', { exact: true }).waitFor(); // live
  await browser.check(page, 'new-record-stored');
  const [row] = await until('the patient to have it', async () => {
    const rows = await stage.get('patient-1', '/records');
    return rows.length === 1 && rows[0].state === 'anchored' && rows;
  });
  const { record } = await stage.get('patient-1', `/records/${row.merkleRoot}`);
  assert.equal(record.demographics.age, 57);
  assert.equal(record.medical_data.diagnosis[0].display, 'Coronary <b>arteriosclerosis</b>');
  assert.equal(record.notes, '<img src=x onerror=alert(1)>');
  await browser.go(page, '/written');
  await page.getByRole('row').nth(1).waitFor();
  await browser.check(page, 'written');
  await page.close();
});

test('a wrong name is told at its field, and nothing can be sent', async () => {
  const page = await doctor('/new-record');
  await page.getByLabel('Patient').fill('nobody-here');
  await page.getByRole('alert').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Sign and hand over' }).isDisabled());
  await browser.check(page, 'new-record-wrong');
  await page.close();
});

test('a FHIR file is read, shown, and stored', { timeout: 120000 }, async () => {
  const page = await doctor('/new-record');
  await page.getByRole('button', { name: 'From a FHIR file' }).click();
  await page.getByLabel('HL7 FHIR R4 bundle').setInputFiles(bundle);
  await page.getByLabel('Patient').fill('patient-2');
  await page.getByLabel('Hospital').fill('hospital');
  await page.getByRole('button', { name: 'Read it' }).click();
  const table = page.getByRole('table', { name: 'Records in the file' });
  await table.waitFor();
  const records = await table.getByRole('row').count() - 1;
  assert.ok(records > 3);
  await table.getByRole('button', { name: 'Show' }).first().click();
  await page.getByRole('table', { name: 'What may be sold' }).waitFor();
  await browser.check(page, 'fhir-file');
  await page.getByRole('button', { name: 'Store all' }).click();
  const go = page.getByRole('dialog').getByRole('button', { name: 'Store all' });
  await until('storing to be tried', () => go.isEnabled());
  await go.click();
  await until('the patient to have them', async () => (await stage.get('patient-2', '/records')).length === records, 60000);
  await page.close();
});

const visits = 400;
const readVisits = async (page) => {
  await page.getByRole('button', { name: 'From a FHIR file' }).click();
  await page.getByLabel('HL7 FHIR R4 bundle').setInputFiles({ name: 'visits.ndjson', mimeType: 'application/json', buffer: Buffer.from(makeNdjson(visits)) });
  await page.getByLabel('Patient').fill('patient-3');
  await page.getByLabel('Hospital').fill('hospital');
  await page.getByRole('button', { name: 'Read it' }).click();
  await page.getByRole('table', { name: 'Records in the file' }).waitFor();
};

test('an import goes on when its page is left, and is seen from anywhere', { timeout: 240000 }, async () => {
  await stage.post('patient-3', '/profile/card');
  let page = await doctor('/new-record');
  await readVisits(page);
  await page.getByRole('button', { name: 'Store all' }).click();
  const go = page.getByRole('dialog').getByRole('button', { name: 'Store all' });
  await until('storing to be tried', () => go.isEnabled());
  await go.click();
  await page.getByRole('dialog').waitFor({ state: 'detached' }); // while it goes on
  const progress = (on) => on.getByRole('progressbar', { name: 'Records stored' });
  const shown = async (on) => Number(await progress(on).getAttribute('value', { timeout: 1000 }));
  await progress(page).waitFor();
  await page.close();
  page = await doctor('/new-record');
  await page.getByRole('button', { name: 'From a FHIR file' }).click();
  await progress(page).waitFor();
  const other = await browser.context.newPage();
  await other.goto(`${browser.url}#/new-record`);
  await other.getByRole('button', { name: 'From a FHIR file' }).click();
  await progress(other).waitFor();
  const first = await shown(page);
  await until('it to go on', async () => await shown(page) > first && await shown(other) > first);
  await other.close();
  await page.getByRole('cell', { name: `done ${visits} stored` }).waitFor({ timeout: 120000 });
  assert.equal((await stage.get('doctor', '/records/imports'))[0].stored, visits);
  await page.close();

  page = await doctor('/new-record');
  await readVisits(page);
  await page.getByText('All of them were stored before').waitFor();
  assert.equal(await page.getByText('stored before', { exact: true }).count(), visits);
  assert.ok(await page.getByRole('button', { name: 'Store all' }).isDisabled());
  await page.close();
});

test('an interrupted import says what to do, a failed record which', async () => {
  const page = await doctor('/new-record');
  const [one] = await stage.get('doctor', '/records/imports?limit=1');
  const { endedAt, ...begun } = one;
  const rows = [{ ...one, id: 3, failed: 1, summary: '1 could not be', failures: [{ encounter: 'visit-<i>7</i>', problem: 'it is larger than one block' }] },
    { ...one, id: 2, state: 'interrupted', problem: 'the node or the command that ran it ended', hint: 'choose the same file again: it goes on where it stopped' },
    { ...begun, id: 1, state: 'running', stored: 40 }];
  await page.route('**/records/imports*', (route) => route.fulfill({ json: rows }));
  await page.getByRole('button', { name: 'From a FHIR file' }).click();
  await page.getByText('Choose the same file again').waitFor();
  await page.getByText('Which could not be stored').click();
  await page.getByText('visit-<i>7</i>').waitFor();
  await browser.check(page, 'imports');
  await page.close();
});

test('what a patient shares is read and held against the chain', async () => {
  const [{ merkleRoot }] = await stage.get('patient-1', '/records');
  const page = await doctor('/shared');
  await page.getByText('Nothing is shared with you').waitFor();
  await stage.soon('patient-1', '/shares', { record: merkleRoot, doctor: 'doctor', onChain: false });
  await stage.soon('patient-1', '/shares', { record: merkleRoot, doctor: 'doctor', onChain: false, fields: ['/medical_data'] });
  await page.getByRole('row').nth(2).waitFor(); // without reload
  await browser.check(page, 'shared');
  for (const link of await page.getByRole('table').getByRole('link').all()) {
    const other = await browser.context.newPage();
    await other.goto(browser.url + (await link.getAttribute('href')));
    await other.getByRole('button', { name: 'Read it' }).click();
    await other.getByRole('heading', { name: 'Every check passed' }).waitFor();
    await other.getByText('Coronary <b>arteriosclerosis</b>').waitFor();
    other.errors = [];
    await browser.check(other, 'shared-record');
    await other.close();
  }
  await page.close();
});

test('a signature is claimed, and the claim checked', async () => {
  const [{ merkleRoot }] = await stage.get('patient-1', '/records');
  const page = await doctor('/membership');
  const nonce = `0x${'ab'.repeat(32)}`;
  const make = page.getByRole('region', { name: 'Claim a signature as mine' });
  await make.getByLabel('Record').fill(merkleRoot);
  await make.getByLabel('What it is for').fill('the board');
  await make.getByLabel("The verifier's nonce").fill(nonce);
  await make.getByRole('button', { name: 'Claim it' }).click();
  await make.getByRole('button', { name: 'Copy the claim' }).click();
  const claim = await page.evaluate(() => navigator.clipboard.readText());
  const check = page.getByRole('region', { name: 'Check a claim' });
  await check.getByLabel('Claim').fill(claim);
  await check.getByLabel('Your nonce').fill(nonce);
  await check.getByRole('button', { name: 'Check it' }).click();
  await check.getByText('It holds').waitFor();
  await browser.check(page, 'claims');
  await check.getByLabel('Your nonce').fill(`0x${'cd'.repeat(32)}`);
  await check.getByRole('button', { name: 'Check it' }).click();
  await check.getByText('It does not hold').waitFor();
  await page.close();
});

test('the account: a card is taken in, ether sent, a profile published', async () => {
  const page = await doctor('/account');
  await page.getByRole('button', { name: 'Show my card' }).click();
  await page.getByRole('button', { name: 'Copy my card' }).waitFor();
  const card = await stage.post('buyer', '/profile/card');
  await page.getByLabel("Somebody's contact card").fill(JSON.stringify(card));
  await page.getByRole('button', { name: 'Take it in' }).click();
  await page.getByText('The card is taken in').waitFor();
  const names = ['patient-1', 'patient-2'];
  const files = await Promise.all(names.map(async (name) =>
    ({ name: `${name}.json`, mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(await stage.post(name, '/profile/card'))) })));
  await page.getByLabel('Or card files').setInputFiles(files);
  await page.getByText('2 cards are taken in').waitFor();
  await page.getByLabel('Or card files').setInputFiles([{ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]);
  await page.getByText('notes.txt is no contact card').waitFor();
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save as a file' }).click()]);
  assert.equal(JSON.parse(fs.readFileSync(await saved.path(), 'utf8')).profile.address, stage.address.doctor);
  await browser.check(page, 'account');
  const before = BigInt((await stage.get('buyer', '/accounts'))[0].balanceWei);
  const act = async (name) => {
    await page.getByRole('button', { name, exact: true }).click();
    const go = page.getByRole('dialog').getByRole('button', { name, exact: true });
    await until(`${name} to be tried`, () => go.isEnabled());
    await go.click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await page.getByLabel('To', { exact: true }).fill('buyer');
  await page.getByLabel('Amount, in ETH').fill('0.05');
  await act('Send');
  assert.equal(BigInt((await stage.get('buyer', '/accounts'))[0].balanceWei) - before, 50000000000000000n);
  await act('Publish');
  await page.close();
});
