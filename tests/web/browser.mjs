// Chromium on a node's web UI. A page fails its test by any error in its console, any request to another
// place, and anything axe-core finds.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { root } from '../cli/galen.mjs';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((name) => fs.existsSync(name));
const axe = fs.readFileSync(path.join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

export class Browser {
  static async start(url) {
    assert.ok(program, 'Chromium is missing: run `make setup`');
    const browser = new Browser();
    browser.url = url;
    browser.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'galen-test-web-'));
    browser.context = await chromium.launchPersistentContext(browser.folder, {
      executablePath: program, headless: true, viewport: { width: 1280, height: 860 },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    browser.context.setDefaultTimeout(30000);
    return browser;
  }

  async stop() {
    await this.context.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  // A new tab. errors: what its console said, and requests to elsewhere.
  async open() {
    const page = await this.context.newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    page.on('console', (message) => {
      // A refused call is told in the page; the browser notes it, too.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        page.errors.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(this.url)) page.errors.push(`asks ${request.url()}`);
    });
    await page.goto(this.url);
    return page;
  }

  // Signed in by password, at the given place.
  async signIn(identity, password, at = '/') {
    await this.context.clearCookies(); // who was signed in before
    const page = await this.open();
    await page.getByLabel('Identity').selectOption(identity);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await this.go(page, at);
    return page;
  }

  async go(page, place) {
    await page.evaluate((to) => { location.hash = to; }, place);
    await page.locator('main h1').first().waitFor();
    await page.locator('main .waiting').first().waitFor({ state: 'detached' });
  }

  // Nothing wrong so far: the console, accessibility, nothing wider than the window; on a small screen, too.
  // With GALEN_SCREENSHOTS a picture of each: light, dark, narrow. axe: in which of them axe-core looks.
  async check(page, name, { axe = ['light', 'dark', 'narrow'] } = {}) {
    for (const [kind, width, colorScheme] of [['light', 1280, 'light'], ['dark', 1280, 'dark'], ['narrow', 390, 'light']]) {
      await page.setViewportSize({ width, height: 860 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await this.shoot(page, `${name}-${kind}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} pixels too wide at ${width}`);
      if (axe.includes(kind)) assert.deepEqual(await this.axe(page), [], `${name}, ${kind}`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: 'light' });
    assert.deepEqual(page.errors, [], name);
  }

  async shoot(page, name) {
    const folder = process.env.GALEN_SCREENSHOTS;
    if (!folder) return;
    fs.mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
  }

  // Run by the debugger in a world of its own, so the page's policy stays as it is.
  async axe(page) {
    const session = await this.context.newCDPSession(page);
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const run = async (expression) => {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate',
        { expression, contextId, awaitPromise: true, returnByValue: true });
      assert.ok(!exceptionDetails, exceptionDetails?.exception?.description);
      return result.value;
    };
    await run(`${axe}; 0`);
    const found = await run(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) =>
        html.slice(0, 160) + ' ' + failureSummary).join(' | ')))`);
    await session.detach();
    return found;
  }
}
