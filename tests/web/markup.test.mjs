// Names, records, reasons and licences full of markup: every page of every role shows them as text.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { people, Stage, template } from '../node/stage.mjs';
import { example, inBrowser, pagesOf, roles, settled, visit } from './pages.mjs';

const MARKUP = '<img src=x onerror=alert(1)>';
const names = Object.fromEntries(Object.keys(people).map((name) => [name, `${MARKUP}${name}<script>alert(2)</script>`]));
const hostile = (value) => typeof value === 'string' ? names[value] ?? value
  : Array.isArray(value) ? value.map(hostile)
  : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'role' ? inner : hostile(inner)])) : value;

// Everybody is called by a name with markup, and writes what can be written with it.
class HostileStage extends Stage {
  record(patient, overrides) {
    const record = super.record(patient, { notes: MARKUP, ...overrides });
    record.hospital.name = `${MARKUP}hospital`;
    record.demographics.location.city = MARKUP;
    record.demographics.ethnicity = [{ display: MARKUP }];
    for (const list of Object.values(record.medical_data)) for (const one of list) one.display = MARKUP;
    record.medical_data.medications = [{ display: MARKUP, dosage: MARKUP }];
    record.medical_data.lab_results.push({ display: MARKUP, value_text: MARKUP });
    return record;
  }
}

let stage;
before(async () => {
  stage = await HostileStage.start();
  const { node } = stage, { call } = node;
  node.call = (method, target, options = {}) => call.call(node, method, target,
    { ...options, as: names[options.as] ?? options.as, body: hostile(options.body) });
  await stage.makePeople();
  await stage.setUpGroup();
  const roots = await stage.storeRecords();
  await stage.recordsAreAnchored();
  await stage.soon('patient-1', '/shares', { record: roots['patient-1'], doctor: 'doctor' });
  const request = await stage.sell();
  await stage.post('buyer', `/requests/${request}/verify`);
  await stage.post('buyer', `/requests/${request}/dispute`, { entries: [0], reason: MARKUP });
  await stage.soon('gm', '/openings', { record: roots['patient-1'], reason: MARKUP });
  await stage.soon('patient-1', '/complaints', { record: roots['patient-1'], reason: MARKUP });
  const { requestId } = await stage.post('buyer', '/requests', { template, maxRecords: 10, verifyWindow: 3600, ruleWindow: 7200 });
  await stage.soon('hospital', `/requests/${requestId}/reply`, { k: 2 });
  await stage.requestIs('hospital', requestId, 'replied');
  await stage.soon('hospital', `/requests/${requestId}/ask`); // so that a patient is asked
});
after(() => stage?.stop());

const signedInAs = { patient: 'patient-1', doctor: 'doctor', hospital: 'hospital', buyer: 'buyer', gm: 'gm', rm: 'rm' };
// Where at least it must have been seen.
const shown = { patient: ['/records', '/records/{record}', '/complaints/{complaint}', '/account'], doctor: ['/account'],
  hospital: ['/account'], buyer: ['/account'],
  gm: ['/memberships', '/disputes/{request}', '/openings', '/complaints', '/openings/{opening}', '/complaints/{complaint}'],
  rm: ['/disputes/{request}', '/openings', '/openings/{opening}'] };

for (const role of roles)
  test(`${role}: markup is text`, () => inBrowser(stage.node.url, async (browser) => {
    const who = signedInAs[role];
    const page = await browser.signIn(names[who] ?? who, stage.home.password);
    page.on('dialog', (dialog) => { page.errors.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    const seen = new Set();
    for (const one of pagesOf(role)) {
      const place = await example(one, (list) => stage.get(who, list));
      if (!place) continue;
      await visit(browser, page, place);
      if (role === 'doctor' && one.place === '/shared/{share}') {
        await page.getByRole('button', { name: 'Read it' }).click();
        await page.getByText(MARKUP).first().waitFor();
      }
      await page.evaluate(() => document.querySelectorAll('main details').forEach((fold) => { fold.open = true; }));
      await settled(page);
      const made = await page.evaluate(() => [...document.querySelectorAll('#app img, #app script, #app iframe, #app object')].map((node) => node.outerHTML));
      assert.deepEqual(made, [], `${role} at ${place}`);
      if ((await page.locator('main').innerText()).includes(MARKUP)) seen.add(one.place);
    }
    assert.deepEqual(page.errors, []);
    assert.deepEqual((shown[role] ?? []).filter((place) => !seen.has(place)), [], 'seen as text');
  }));
