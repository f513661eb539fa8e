// Every page of every role, full, empty and in error: readable, accessible, no wider than a telephone, and with
// nothing in the browser's console.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeFolder } from '../cli/galen.mjs';
import { Node } from '../node/node.mjs';
import { Stage } from '../node/stage.mjs';
import { example, inBrowser, nameOf, pagesOf, roles, visit } from './pages.mjs';

const demoPassword = 'galen-demo';
const demoNames = { patient: 'patient-04', doctor: 'doctor-2', hospital: 'hospital', buyer: 'buyer',
  gm: 'group-manager', rm: 'revocation-manager' };
const emptyNames = { patient: 'patient-1', doctor: 'doctor', hospital: 'hospital', buyer: 'buyer', gm: 'gm', rm: 'rm' };

let folder, demo, stage;
before(async () => {
  folder = makeFolder();
  demo = await Node.start({ dir: path.join(folder, 'demo'), passwordFile: path.join(folder, 'none') }, { args: ['--demo'] });
  stage = await Stage.start();
  await stage.makePeople();
});
after(async () => {
  await stage?.stop();
  await demo?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const filled = (role, page) => example(page, async (list) => {
  const answer = await demo.call('POST', '/session', { body: { identity: demoNames[role], password: demoPassword } });
  return demo.ok('GET', list, { cookie: answer.headers.get('set-cookie').split(';')[0] });
});

for (const role of roles)
  test(`${role}: full`, () => inBrowser(demo.url, async (browser) => {
    const page = await browser.signIn(demoNames[role], demoPassword);
    for (const one of pagesOf(role)) {
      const place = await filled(role, one);
      if (!place) continue;
      await visit(browser, page, place);
      assert.equal(await page.getByRole('alert').count(), 0, `${role} at ${place}`);
      await browser.check(page, `full-${nameOf(role, one)}`, { axe: ['light', 'dark'] });
    }
  }));

// What there is none of: the lists are empty, and what an old link leads to is not there.
const nowhere = { record: `0x${'ab'.repeat(32)}`, share: 'bafkreidivzimqfqtoqxkrpge6bjyhlvxqs3rhe73owtmdulaxr5do5in7u', request: '99',
  opening: `0x${'ef'.repeat(32)}`, complaint: `0x${'01'.repeat(32)}` };
for (const role of roles)
  test(`${role}: empty`, () => inBrowser(stage.node.url, async (browser) => {
    const page = await browser.signIn(emptyNames[role], stage.home.password);
    for (const one of pagesOf(role)) {
      await visit(browser, page, one.place.replace(/\{(\w+)\}/, (_, name) => nowhere[name]));
      await browser.check(page, `empty-${nameOf(role, one)}`, { axe: ['light'] });
    }
    for (const place of ['/nowhere', '/%', '/records/%', '/requests/x/y/z']) {
      await visit(browser, page, place);
      await page.getByRole('heading', { level: 1 }).waitFor();
    }
    await browser.check(page, `empty-${role}-nowhere`, { axe: ['light'] });
  }));

// Everything that is asked for fails: each page says so, can be tried again, and then is as it was.
const problem = { type: 'about:blank', title: 'Service Unavailable', status: 503, code: 'network',
  detail: 'the chain endpoint does not answer', hint: 'see that it runs, and try again' };
for (const role of roles)
  test(`${role}: in error`, () => inBrowser(demo.url, async (browser) => {
    const page = await browser.signIn(demoNames[role], demoPassword);
    const fail = (route) => (/\/api\/v1\/(session|events|accounts|health)$/.test(new URL(route.request().url()).pathname)
      ? route.continue() : route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
    for (const one of pagesOf(role)) {
      const place = await filled(role, one);
      if (!place) continue;
      await browser.go(page, '/nowhere');
      await page.route('**/api/v1/**', fail);
      await visit(browser, page, place);
      const alerts = page.locator('main').getByRole('alert');
      const asks = await alerts.count() > 0; // a form asks for nothing by itself
      if (asks) await alerts.first().getByText('The chain endpoint does not answer').waitFor();
      await browser.check(page, `error-${nameOf(role, one)}`, { axe: ['light'] });
      await page.unroute('**/api/v1/**', fail);
      for (let left = 20; asks && left > 0 && await alerts.count() > 0; left--) // by hand, or by the next news
        await alerts.first().getByRole('button', { name: 'Try again' }).click({ timeout: 2000 }).catch(() => {});
      assert.equal(await alerts.count(), 0, `${role} at ${place}`);
    }
  }));
