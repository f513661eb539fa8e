// The pictures of docs/images: pages of the demo's people, taken anew from the real node.
//
//   make screenshots
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Browser } from '../tests/web/browser.mjs';

const root = path.resolve(import.meta.dirname, '..');
const images = path.join(root, 'docs/images');
const password = 'galen-demo';

// name: who, where, and what is done there first
const pictures = {
  'doctor-new-record': ['doctor-1', '/new-record', async (page) => {
    await page.getByLabel('Patient').fill('patient-01');
    await page.getByLabel('Hospital').fill('hospital');
    await page.getByLabel('Category').selectOption('Cardiology');
    await page.getByLabel('Age', { exact: true }).fill('57');
    await page.getByLabel('Gender', { exact: true }).selectOption('female');
    await page.getByRole('button', { name: 'Add to diagnoses' }).click();
    const row = page.getByRole('group', { name: 'Diagnoses 1' });
    await row.getByLabel('Code', { exact: true }).fill('53741008');
    await row.getByLabel('Name').fill('Coronary arteriosclerosis');
    await page.getByText('of this draft').waitFor();
  }],
  'patient-consent': ['patient-12', '/consents', async (page) => {
    await page.getByRole('link', { name: /^Request/ }).first().click();
    await page.getByRole('heading', { name: 'What would leave' }).waitFor();
  }],
  'hospital-request': ['hospital', '/requests/4', async () => {}],
  'buyer-verification': ['buyer', '/requests/2/verify', async (page) => {
    await page.getByRole('button', { name: /^Verify/ }).click();
    await page.getByText('Entry by entry').waitFor();
  }],
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'galen-screenshots-'));
const node = spawn(path.join(root, 'build/src/cli/galen'),
  ['--home', path.join(folder, 'home'), 'serve', '--demo', '--json', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let browser;
try {
  const url = await new Promise((resolve, reject) => {
    let said = '';
    node.stdout.on('data', (data) => {
      said += data;
      const found = /\{"url":"([^"]+)"\}/.exec(said);
      if (found) resolve(found[1]);
    });
    node.on('close', (code) => reject(new Error(`galen serve ended with ${code}`)));
  });
  fs.mkdirSync(images, { recursive: true });
  browser = await Browser.start(url);
  for (const [name, [who, place, prepare]] of Object.entries(pictures)) {
    const page = await browser.signIn(who, password, place);
    await page.setViewportSize({ width: 1100, height: 720 });
    await prepare(page);
    await page.evaluate(() => scrollTo(0, 0));
    await page.locator('.toast').waitFor({ state: 'detached' });
    await page.screenshot({ path: path.join(images, `${name}.png`) });
    console.log(`docs/images/${name}.png`);
    await page.close();
  }
} finally {
  await browser?.stop();
  node.kill();
  await new Promise((resolve) => (node.exitCode === null ? node.on('close', resolve) : resolve()));
  fs.rmSync(folder, { recursive: true, force: true });
}
