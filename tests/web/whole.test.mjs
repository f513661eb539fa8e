// Everything from a record to the revocation of the doctor who invented one, through the pages alone, every
// role in a browser of its own, side by side.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stage } from '../node/stage.mjs';
import { until } from '../node/serve.mjs';
import { Browser } from './browser.mjs';

const roles = { doctor: 'doctor', patient: 'patient-1', other: 'patient-2', hospital: 'hospital', buyer: 'buyer', gm: 'gm', rm: 'rm' };
const who = {}; // role: {browser, page}
let stage;
before(async () => {
  stage = await Stage.start();
  await stage.makePeople();
  for (const name of ['patient-1', 'patient-2', 'hospital', 'doctor']) await stage.post(name, '/profile/card');
  await stage.setUpGroup();
  await stage.post('gm', '/group/commit');
  await stage.soon('rm', '/group/countersign');
  await stage.soon('gm', '/group/commit');
  for (const [role, name] of Object.entries(roles)) {
    const browser = await Browser.start(stage.node.url);
    who[role] = { browser, page: await browser.signIn(name, stage.home.password, '/') };
  }
});
after(async () => {
  await Promise.all(Object.values(who).map(({ browser }) => browser.stop()));
  await stage?.stop();
});

const go = ({ browser, page }, place) => browser.go(page, place);

// Presses a button, waits for the trial in its dialog, and does it; tries anew as long as what it waits
// for has not come.
async function act({ page }, label, scope = page) {
  await until(label, async () => {
    await page.request.post(`${stage.node.url}/api/v1/sync`, { headers: { origin: stage.node.url } });
    await scope.getByRole('button', { name: label, exact: true }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.waiting').waitFor({ state: 'detached' });
    const button = dialog.getByRole('button', { name: label, exact: true });
    if (await button.isEnabled()) {
      await button.click();
      await dialog.locator('[aria-busy]').waitFor({ state: 'detached' });
      if (!(await dialog.isVisible())) return true;
    }
    await page.keyboard.press('Escape');
    return false;
  }, 60000);
}

async function write(patient, code, name) {
  const { page } = who.doctor;
  await go(who.doctor, '/written');
  await go(who.doctor, '/new-record');
  await page.getByLabel('Patient').fill(patient);
  await page.getByLabel('Hospital').fill('hospital');
  await page.getByLabel('Category').selectOption('Cardiology');
  await page.getByLabel('Age', { exact: true }).fill('57');
  await page.getByLabel('Gender', { exact: true }).selectOption('female');
  await page.getByRole('button', { name: 'Add to diagnoses' }).click();
  const row = page.getByRole('group', { name: 'Diagnoses 1' });
  await row.getByLabel('Code', { exact: true }).fill(code);
  await row.getByLabel('Name').fill(name);
  await page.getByText('of this draft').waitFor();
  await act(who.doctor, 'Sign and hand over');
  await page.getByText('anchored', { exact: true }).waitFor();
}

test('a record is stored, and appears at its patient without reload', { timeout: 120000 }, async () => {
  await go(who.patient, '/records');
  await who.patient.page.getByText('No records yet').waitFor();
  await write('patient-1', '53741008', 'Coronary arteriosclerosis');
  await who.patient.page.getByRole('link', { name: 'Cardiology' }).waitFor();
  await write('patient-2', '38341003', 'Hypertension');
});

test('it is shared, and the doctor reads it', { timeout: 120000 }, async () => {
  await go(who.doctor, '/shared');
  await go(who.patient, '/shares');
  await who.patient.page.getByLabel('Doctor').fill('doctor');
  await act(who.patient, 'Share');
  await who.doctor.page.getByRole('table').getByRole('link').first().click(); // it came by itself
  await who.doctor.page.getByRole('button', { name: 'Read it' }).click();
  await who.doctor.page.getByRole('heading', { name: 'Every check passed' }).waitFor();
  await who.doctor.page.getByText('Coronary arteriosclerosis').waitFor();
});

// From the buyer's form to the delivered data; returns the request's number.
async function sell() {
  const { page } = who.buyer;
  await go(who.buyer, '/requests');
  await go(who.buyer, '/new-request');
  await page.getByLabel('Category').selectOption('Cardiology');
  for (const field of ['Gender', 'Diagnoses']) await page.getByLabel(field).check();
  await page.getByLabel('Records, at least').fill('2');
  await page.getByLabel('Records, at most').fill('5');
  await page.getByLabel('Price of all, in ETH').fill('1');
  await act(who.buyer, 'Request');
  await page.getByRole('heading', { name: /^Request \d+$/ }).waitFor();
  const id = Number(/\d+$/.exec(await page.getByRole('heading', { level: 1 }).textContent())[0]);
  await go(who.hospital, '/');
  await go(who.hospital, `/requests/${id}`);
  await who.hospital.page.getByLabel('Patients alike').fill('2');
  await act(who.hospital, 'Offer');
  await act(who.hospital, 'Ask the patients');
  for (const patient of [who.patient, who.other]) {
    await go(patient, '/consents');
    await patient.page.getByRole('link', { name: `Request ${id}` }).first().click();
    await patient.page.getByRole('heading', { name: 'What would leave' }).waitFor();
    await act(patient, 'Accept');
    await patient.page.getByText('accepted', { exact: true }).waitFor();
  }
  await who.hospital.page.getByText('See what would be delivered').waitFor();
  await until('both answers', async () => {
    await who.hospital.page.getByRole('button', { name: 'See what would be delivered' }).click();
    await who.hospital.page.locator('[aria-busy]').waitFor({ state: 'detached' });
    return who.hospital.page.getByText('2 records', { exact: true }).isVisible();
  });
  await act(who.hospital, 'Deliver');
  await page.getByText('2 records, ').waitFor(); // without reload
  await page.getByRole('link', { name: 'Verify', exact: true }).click();
  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  await page.getByText('2 of 2 entries passed every check').waitFor();
  return id;
}

test('data is asked for, offered, consented to, delivered, verified and paid', { timeout: 180000 }, async () => {
  const id = await sell();
  const { page } = who.buyer;
  await go(who.buyer, `/requests/${id}/data`);
  await page.getByText('53741008').first().waitFor();
  await go(who.buyer, `/requests/${id}`);
  await act(who.buyer, 'Pay');
  await page.getByText('2 of 2 records').waitFor();
  await go(who.patient, '/access');
  await who.patient.page.getByText('The buyer paid').first().waitFor();
});

test('what was invented is disputed, ruled fraud, opened by both managers, and its doctor revoked', { timeout: 240000 }, async () => {
  const id = await sell();
  const { page } = who.buyer;
  await page.getByRole('textbox', { name: 'Entries' }).fill('0');
  await page.getByLabel('What is wrong with them').fill('nobody ever measured that');
  await act(who.buyer, 'Dispute');
  for (const manager of [who.gm, who.rm]) {
    await go(manager, '/disputes');
    await manager.page.getByRole('link', { name: `Request ${id}` }).click();
    await manager.page.getByText('nobody ever measured that').first().waitFor();
    await manager.page.getByLabel('Verdict').selectOption('fraud');
    await act(manager, 'Rule');
  }
  await go(who.buyer, `/requests/${id}`);
  await act(who.buyer, 'Ask who signed entry 0');
  for (const manager of [who.gm, who.rm]) {
    await go(manager, '/openings');
    await manager.page.getByRole('row').filter({ hasText: `Entry 0 of request ${id}` }).getByRole('link').click();
    await act(manager, 'Approve');
  }
  for (const { page: one } of [who.gm, who.rm]) await one.getByRole('region', { name: 'Who signed' }).getByText('licence 1', { exact: true }).waitFor();
  await go(who.buyer, '/openings');
  await page.getByRole('table').getByRole('link').first().click();
  await page.getByRole('region', { name: 'Who signed' }).getByText('licence 1', { exact: true }).waitFor();
  await act(who.gm, 'Ask for the tracing token');
  await act(who.rm, 'Agree to the tracing token');
  await who.gm.page.getByText('tracing token is here').waitFor();
  await who.gm.page.getByRole('link', { name: 'Revoke' }).click();
  await who.gm.page.getByLabel('Reason').selectOption('fraud');
  await act(who.gm, 'Propose');
  await go(who.rm, '/revocations');
  await act(who.rm, 'Publish');
  for (const { page: one } of [who.gm, who.rm]) await one.getByText('in force', { exact: true }).waitFor();
  // What the doctor hands over from now on is not anchored any more.
  await until('the list at the hospital', async () => (await stage.get('hospital', '/revocations')).entries?.length === 1);
  assert.deepEqual(Object.values(who).flatMap(({ page: one }) => one.errors), []);
});
