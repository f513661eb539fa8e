// What the node serves to browsers: the page and its files, their headers, and the bounds they keep.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { Home, makeFolder } from '../cli/galen.mjs';
import { serve } from '../node/serve.mjs';

let folder, node, page, text, assets;
before(async () => {
  folder = makeFolder();
  const home = new Home(folder, 'home');
  home.make();
  node = await serve(home);
  page = await fetch(`${node.url}/`);
  text = await page.text();
  assets = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name]) => name);
});
after(async () => {
  await node?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('the page runs its own files alone', () => {
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = Object.fromEntries(page.headers.get('content-security-policy').split('; ').map((one) => {
    const [name, ...values] = one.split(' ');
    return [name, values.join(' ')];
  }));
  assert.equal(policy['default-src'], "'none'");
  assert.equal(policy['script-src'], "'self'");
  assert.equal(policy['style-src'], "'self'");
  assert.equal(policy['frame-ancestors'], "'none'");
  assert.equal(policy['base-uri'], "'none'");
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  assert.doesNotMatch(text, /<script(?![^>]* src=)[^>]*>|<style|\son[a-z]+=|https?:/);
});

test('its files are named by their hash, and kept', async () => {
  assert.ok(assets.length >= 2);
  for (const name of assets) {
    const answer = await fetch(node.url + name);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    assert.match(answer.headers.get('cache-control'), /immutable/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    const tag = answer.headers.get('etag');
    const again = await fetch(node.url + name, { headers: { 'if-none-match': tag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), '');
    const plain = await fetch(node.url + name, { headers: { 'accept-encoding': 'gzip;q=0, identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(await plain.text(), await answer.text());
    const head = await fetch(node.url + name, { method: 'HEAD' });
    assert.equal(head.headers.get('etag'), tag);
    assert.equal((await fetch(node.url + name, { method: 'POST' })).status, 404);
  }
});

test('what is loaded first is 200 kB at most', async () => {
  let size = gzipSync(text).length;
  for (const name of assets) size += gzipSync(Buffer.from(await (await fetch(node.url + name)).arrayBuffer())).length;
  assert.ok(size <= 200 * 1024, `${size} bytes`);
});

test('there is nothing else', async () => {
  for (const path of ['/index.html', '/records', '/assets/', '/src/main.tsx', '/favicon.ico'])
    assert.equal((await fetch(node.url + path)).status, 404, path);
});

test('another site gets nothing, nor another name', async () => {
  assert.equal((await node.call('GET', '/', { headers: { origin: 'https://example.org' } })).status, 403);
});
