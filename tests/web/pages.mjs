// Every page of every role, as web/src/app/pages.ts lists them, and where in them one finds an example.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../cli/galen.mjs';
import { Browser } from './browser.mjs';

export const roles = ['patient', 'doctor', 'hospital', 'buyer', 'gm', 'rm'];
const pages = [...fs.readFileSync(path.join(root, 'web/src/app/pages.ts'), 'utf8').matchAll(/^ {2}\{ path: '([^']+)'(.*)$/gm)]
  .map(([, place, rest]) => ({ place, isForWallets: rest.includes('wallet: true'),
    roles: /roles: \[([^\]]*)\]/.exec(rest)?.[1].match(/\w+/g) ?? roles }))
  .filter((page) => !page.isForWallets); // web-wallet's
assert.ok(pages.length >= 30, 'pages.ts is read');
export const pagesOf = (role) => pages.filter((page) => page.roles.includes(role));
export const nameOf = (role, { place }) => `${role}${place.replace(/[{}]/g, '').replaceAll('/', '-')}`.replace(/-$/, '-inbox');

// A parameter's values: the list that has them, and as what.
const lists = { record: ['/records', 'merkleRoot'], share: ['/shares', 'cidShare'], request: ['/requests', 'requestId'],
  opening: ['/openings', 'id'], complaint: ['/complaints', 'id'],
  '/consents/{request}': ['/consents', 'requestId'], '/disputes/{request}': ['/disputes', 'requestId'] };

// The place of an example, or nothing where there is none; get gives a list of the API as that role.
export async function example({ place }, get) {
  const name = /\{(\w+)\}/.exec(place)?.[1];
  if (!name) return place;
  const [list, key] = lists[place] ?? lists[name];
  const rows = await get(list);
  // What was verified, where there is such: the newest may not have been delivered yet.
  const row = rows.find((one) => /verify|data/.test(place) && ['finalized', 'verified', 'disputed'].includes(one.state)) ?? rows[0];
  return row && place.replace(`{${name}}`, row[key]);
}

export async function inBrowser(url, act) {
  const browser = await Browser.start(url);
  try {
    await act(browser);
  } finally {
    await browser.stop();
  }
}

// Until nothing is asked for any more, for two frames; the stream of events stays open.
const pending = new WeakMap();
export async function settled(page) {
  if (!pending.has(page)) {
    const open = new Set();
    pending.set(page, open);
    page.on('request', (request) => { if (request.resourceType() !== 'eventsource') open.add(request); });
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => open.delete(request));
  }
  do {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  } while (pending.get(page).size > 0);
}

// The page, once what it asked for has come.
export async function visit(browser, page, place) {
  await settled(page); // listens from now on
  await browser.go(page, place);
  await settled(page);
  await page.locator('main .waiting').first().waitFor({ state: 'detached' });
}
