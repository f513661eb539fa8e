// The managers' pages: the group is set up, a doctor joins, a dispute is ruled, its signer opened and
// revoked, by both managers' pages alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stage } from '../node/stage.mjs';
import { until } from '../node/serve.mjs';
import { Browser } from './browser.mjs';

const CANARY = '<img src=x onerror=alert(1)>';
let stage, browser, gm, rm;
before(async () => {
  stage = await Stage.start();
  await stage.makePeople();
  browser = await Browser.start(stage.node.url);
  // Each manager in a browser of its own: one has one session.
  gm = { browser, page: await browser.signIn('gm', stage.home.password, '/group') };
  const other = await Browser.start(stage.node.url);
  rm = { browser: other, page: await other.signIn('rm', stage.home.password, '/group') };
});
after(async () => {
  await gm?.browser.stop();
  await rm?.browser.stop();
  await stage?.stop();
});

const card = (page, name) => page.getByRole('region', { name, exact: true });
const go = (who, at) => who.browser.go(who.page, at);

// Presses a button, waits for the trial in its dialog, and does it; tries anew as long as what it
// waits for has not come.
async function act({ page }, label, { scope = page, confirm = label } = {}) {
  await until(label, async () => {
    await page.request.post(`${stage.node.url}/api/v1/sync`, { headers: { origin: stage.node.url } });
    await scope.getByRole('button', { name: label, exact: true }).first().click();
    const dialog = page.getByRole('dialog');
    const go = dialog.getByRole('button', { name: confirm, exact: true });
    await dialog.locator('.waiting').waitFor({ state: 'detached' });
    if (await go.isEnabled()) {
      await go.click();
      await dialog.locator('[aria-busy]').waitFor({ state: 'detached' });
      if (!(await dialog.isVisible())) return true;
      await dialog.getByRole('alert').waitFor();
    }
    await page.keyboard.press('Escape');
    return false;
  }, 60000);
}

test('empty', async () => {
  for (const place of ['group', 'memberships', 'disputes', 'openings', 'revocations'])
    for (const who of [gm, rm]) {
      await go(who, `/${place}`);
      assert.equal(await who.page.getByRole('alert').count(), 0, place);
      await who.browser.check(who.page, `${place}-empty-${who === gm ? 'gm' : 'rm'}`);
    }
});

test('the group is set up by both', async () => {
  await go(gm, '/group');
  await go(rm, '/group');
  await act(gm, 'Make my half');
  await act(rm, 'Make my half');
  await act(gm, 'Propose the key');
  await gm.page.getByText('proposed', { exact: true }).waitFor();
  await act(rm, 'Confirm the key');
  for (const { page } of [gm, rm]) await page.getByText('in force', { exact: true }).waitFor();
  await gm.page.getByLabel('Hospital', { exact: true }).fill('hospital');
  await act(gm, 'Accredit');
  for (const { page } of [gm, rm]) await page.getByRole('table', { name: 'Hospitals' }).getByRole('row').filter({ hasText: 'accredited' }).waitFor();
  await browser.check(gm.page, 'group');
  assert.deepEqual((await stage.get('gm', '/group/keys')).map((one) => one.state), ['current']);
});

test('a doctor joins, and the registry is countersigned', async () => {
  await go(gm, '/memberships');
  await gm.page.getByLabel('Invite a doctor').fill('doctor');
  await act(gm, 'Invite');
  await gm.page.getByText('invited', { exact: true }).waitFor();
  await stage.soon('doctor', '/group/join', { licence: CANARY });
  await gm.page.getByText('waits for you').waitFor();
  await browser.check(gm.page, 'applicants');
  await act(gm, 'Approve');
  await card(gm.page, 'Members').getByText(CANARY).waitFor();
  await act(gm, 'Commit the registry');
  await go(rm, '/memberships');
  await rm.page.getByText('to be countersigned').waitFor();
  await rm.page.getByRole('button', { name: 'Show what waits' }).click();
  await rm.page.getByText(CANARY).waitFor();
  await rm.browser.check(rm.page, 'countersign');
  await act(rm, 'Countersign');
  await gm.page.getByText('to be committed').waitFor();
  await act(gm, 'Commit the registry');
  await gm.page.getByText('complete', { exact: true }).waitFor();
  await browser.check(gm.page, 'memberships');
  await go(gm, '/group');
  await gm.page.getByRole('button', { name: 'Check everything again' }).click();
  await card(gm.page, 'Audit').getByText('Every check passed').waitFor();
  await browser.check(gm.page, 'group-audit');
});

let request, roots;
test('a dispute is ruled by both', async () => {
  roots = await stage.storeRecords();
  await stage.recordsAreAnchored();
  request = await stage.sell((id) => stage.everyoneAccepts(id, ['patient-1', 'patient-2', 'patient-4']));
  await stage.post('buyer', `/requests/${request}/dispute`, { entries: [0, 1], reason: CANARY });
  for (const who of [gm, rm]) {
    await go(who, '/disputes');
    await who.page.getByRole('link', { name: `Request ${request}` }).waitFor();
    await until('the evidence', async () => (await stage.get(who === gm ? 'gm' : 'rm', '/disputes'))[0]?.withEvidence === 2);
  }
  await browser.check(gm.page, 'disputes');
  for (const who of [gm, rm]) {
    await go(who, `/disputes/${request}`);
    await who.page.getByText(CANARY).first().waitFor();
    await who.page.getByLabel('Rule on it').nth(1).uncheck();
    await who.page.getByLabel('Verdict').selectOption('fraud');
    if (who === gm) await browser.check(gm.page, 'dispute');
    await act(who, 'Rule');
  }
  await card(rm.page, 'Entry 0').getByText('fraud').first().waitFor();
  await gm.page.getByLabel('Verdict').selectOption('pay');
  await act(gm, 'Rule');
  await rm.page.getByLabel('Verdict').selectOption('pay');
  await act(rm, 'Rule');
  await gm.page.getByText('Nothing of this request is in dispute any more').waitFor();
  await rm.page.getByText('Nothing of this request is in dispute any more').waitFor();
  await rm.browser.check(rm.page, 'dispute-decided');
  const shown = await stage.get('gm', `/disputes/${request}`);
  assert.deepEqual(shown.entries.map((one) => one.status), ['fraud', 'ruled to be paid']);
});

test('an opening is approved by both, side by side, and its doctor revoked', async () => {
  const { id } = await stage.soon('buyer', `/requests/${request}/open`, { entry: 0 });
  for (const who of [gm, rm]) {
    await go(who, '/openings');
    await who.page.getByText(`Entry 0 of request ${request}, ruled fraud`).waitFor();
  }
  await browser.check(gm.page, 'openings');
  for (const who of [gm, rm]) {
    await go(who, `/openings/${id}`);
    await who.page.getByText('Your approval is wanted').waitFor();
    if (who === gm) await browser.check(gm.page, 'opening-asked');
    await act(who, 'Approve');
  }
  for (const { page } of [gm, rm]) await card(page, 'Who signed').getByText(CANARY, { exact: true }).waitFor();
  await act(gm, 'Ask for the tracing token');
  await act(rm, 'Agree to the tracing token');
  for (const { page } of [gm, rm]) await page.getByText('tracing token is here').waitFor();
  await gm.page.getByRole('button', { name: 'Find what this doctor signed' }).click();
  await gm.page.getByRole('table', { name: 'Linked signatures' }).waitFor();
  await browser.check(gm.page, 'opening');
  await gm.page.getByRole('link', { name: 'Revoke' }).click();
  await gm.page.getByLabel('Reason').selectOption('fraud');
  await act(gm, 'Propose');
  await browser.check(gm.page, 'revocations-propose');
  await go(rm, '/revocations');
  await until('the proposal', async () => {
    await rm.page.getByRole('button', { name: 'Show what waits' }).click();
    await rm.page.locator('[aria-busy]').waitFor({ state: 'detached' });
    return rm.page.getByRole('table', { name: 'Added' }).isVisible();
  });
  await rm.browser.check(rm.page, 'revocations-publish');
  await act(rm, 'Publish');
  for (const { page } of [gm, rm]) await page.getByText('in force', { exact: true }).waitFor();
  await rm.page.getByRole('button', { name: 'Find what they signed' }).click();
  await rm.page.getByRole('table', { name: 'Linked signatures' }).waitFor();
  await rm.browser.check(rm.page, 'revocations');
});

test('an opening is asked for by a record, and declined; a claim is checked', async () => {
  await go(gm, '/openings');
  await gm.page.getByLabel('Record').fill(roots['patient-2']);
  await gm.page.getByLabel('Reason').fill(CANARY);
  await act(gm, 'Ask');
  await gm.page.getByRole('heading', { name: 'Opening', exact: true }).waitFor();
  await go(rm, '/openings');
  await rm.page.getByRole('row').filter({ hasText: CANARY }).getByRole('link').click();
  await rm.page.getByText('Your approval is wanted').waitFor();
  await act(rm, 'Decline');
  await rm.page.getByText('declined', { exact: true }).first().waitFor();
  await gm.page.getByText('declined', { exact: true }).first().waitFor();
  await browser.check(gm.page, 'opening-declined');

  const nonce = `0x${'22'.repeat(32)}`;
  const claim = await stage.post('doctor', '/claims', { record: roots['patient-1'], purpose: CANARY, nonce });
  await go(rm, '/openings');
  await rm.page.getByLabel('Claim', { exact: true }).fill(JSON.stringify(claim));
  await rm.page.getByLabel('Your nonce').fill(nonce);
  await rm.page.getByRole('button', { name: 'Check it' }).click();
  await rm.page.getByText('It holds').waitFor();
  await rm.browser.check(rm.page, 'claim');
  await rm.page.getByLabel('Claim', { exact: true }).fill('not a claim');
  await rm.page.getByRole('button', { name: 'Check it' }).click();
  await rm.page.getByRole('alert').waitFor();
});

test('a patient complains, and both managers look into the record', { timeout: 120000 }, async () => {
  await stage.post('patient-3', '/profile/card'); // the managers tell the patient
  const own = await Browser.start(stage.node.url);
  try {
    const page = await own.signIn('patient-3', stage.home.password, `/records/${roots['patient-3']}`);
    await page.getByLabel('What is wrong with the record').fill(CANARY);
    await act({ page }, 'Complain');
    await own.go(page, '/complaints');
    await page.getByText(CANARY).waitFor();
    await own.check(page, 'complaints-patient');
    for (const who of [gm, rm]) {
      await go(who, '/complaints');
      await who.page.getByRole('row').filter({ hasText: CANARY }).getByRole('link').click();
      await who.page.getByText('Your decision is wanted').waitFor();
      if (who === gm) await browser.check(gm.page, 'complaint-asked');
      await act(who, 'Agree');
    }
    for (const who of [gm, rm]) {
      await who.page.getByRole('heading', { name: 'Every check passed' }).waitFor();
      await who.page.getByRole('heading', { name: 'Diagnoses' }).waitFor();
    }
    await rm.browser.check(rm.page, 'complaint-opened');
    await own.go(page, '/access');
    await page.getByText('Both managers can read the record').first().waitFor();
    assert.deepEqual(page.errors, []);
  } finally {
    await own.stop();
  }
});
