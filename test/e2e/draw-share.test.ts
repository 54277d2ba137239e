import jsQr from 'jsqr';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';
import { close } from './drawing-checks.ts';
import { launchForWebRtc, visit } from './drawing-page.ts';

let browser: Browser;
let node: NodeProcess;
beforeAll(async () => {
  [browser, node] = await Promise.all([launchForWebRtc(), startNode()]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await node[Symbol.asyncDispose]();
});

test('a camera reads the link to the room from the QR code', { timeout: 60_000 }, async () => {
  const page = await visit(browser, 'Ada', { url: node.url, room: 'a-room-with-a-rather-long-name' });
  await page.getByText('QR code', { exact: true }).click();
  const code = page.getByRole('img', { name: 'QR code of the link to this room' });
  await code.waitFor();
  const png = (await code.screenshot()).toString('base64');
  const { data, width, height } = await page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: image.width, height: image.height });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { data: [...data], width, height };
  }, png);
  expect(jsQr.default(Uint8ClampedArray.from(data), width, height)?.data).toBe(page.url());
  await close(page);
});
