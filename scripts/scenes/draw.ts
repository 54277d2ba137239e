import type { BrowserContext, Page } from 'playwright-core';
import type { Scene } from './scene.ts';

/** A place on the board: 0 is left or top, 1 is right or bottom. */
type Place = readonly [x: number, y: number];

/** The drawing room: Ada, Ben and Chi draw together. Chi's page has no WebRTC, so Chi is relayed. */
export const drawByThree: Scene = async (url, open) => {
  const room = `harbour-${Math.random().toString(36).slice(2, 8)}`;
  const visit = async (name: string, withWebRtc = true) => {
    const page = await open(async (context: BrowserContext) => {
      await context.addInitScript((text) => localStorage.setItem('signalbox.name', text), name);
      if (!withWebRtc) await context.addInitScript('delete window.RTCPeerConnection');
    });
    await page.goto(`${url}/draw/${room}`);
    await page.locator('#status[data-kind=good]').waitFor();
    return page;
  };
  const ada = await visit('Ada');
  const ben = await visit('Ben');
  const chi = await visit('Chi', false);
  await ada.locator('#people .path').nth(1).waitFor();
  await ada.getByText('direct').waitFor();

  await draw(ada, 'Blue', 'pencil', wave(0.72));
  await draw(chi, 'Teal', 'pencil', wave(0.78));
  await draw(ben, 'Ink', 'pencil', [
    [0.3, 0.62],
    [0.66, 0.62],
    [0.62, 0.7],
    [0.34, 0.7],
    [0.3, 0.62],
  ]);
  await draw(ben, 'Ink', 'pencil', [
    [0.47, 0.61],
    [0.47, 0.25],
  ]);
  await draw(ben, 'Red', 'pencil', [
    [0.49, 0.27],
    [0.64, 0.56],
    [0.49, 0.56],
    [0.49, 0.27],
  ]);
  await draw(chi, 'Violet', 'rectangle', [
    [0.08, 0.42],
    [0.2, 0.7],
  ]);
  await draw(chi, 'Red', 'pencil', [
    [0.06, 0.42],
    [0.14, 0.31],
    [0.22, 0.42],
  ]);
  await ada.getByRole('slider', { name: 'Width' }).fill('14');
  await draw(ada, 'Yellow', 'circle', [
    [0.78, 0.1],
    [0.9, 0.26],
  ]);
  await write(ada, 'Green', [0.1, 0.16], 'Ahoy from three!');
  await ada.locator('#cursors > *').nth(1).waitFor({ state: 'attached' });
  await point(chi, [0.26, 0.5]);
  await point(ben, [0.6, 0.5]);
  // The last strokes have arrived when the cursors have: both come in the order sent.
  await ada.waitForTimeout(1000);
  return ada;
};

function wave(y: number): Place[] {
  return Array.from({ length: 31 }, (_, n) => [0.05 + n * 0.03, y + 0.02 * Math.sin(n / 1.6 + y * 40)]);
}

async function draw(page: Page, colour: string, kind: string, places: readonly Place[]): Promise<void> {
  await choose(page, colour, kind);
  for (const [n, place] of places.entries()) {
    await point(page, place, places.length > 10 ? 1 : 12);
    if (n === 0) await page.mouse.down();
  }
  await page.mouse.up();
}

async function write(page: Page, colour: string, place: Place, text: string): Promise<void> {
  await choose(page, colour, 'text');
  await point(page, place);
  await page.mouse.down();
  await page.mouse.up();
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

async function choose(page: Page, colour: string, kind: string): Promise<void> {
  await page.getByRole('radio', { name: colour }).check({ force: true });
  await page.locator(`[name=kind][value=${kind}]`).check({ force: true });
}

async function point(page: Page, [x, y]: Place, steps = 1): Promise<void> {
  const box = await page.locator('#board').boundingBox();
  if (!box) throw new Error('The board is not shown.');
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps });
}
