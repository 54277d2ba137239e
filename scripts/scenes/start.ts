import type { Scene } from './scene.ts';

/** The start page: Ada and Ben have met, and Ada's line was cut and has resumed. */
export const meetOnStartPage: Scene = async (url, open) => {
  const page = await open();
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  // So that the messages are in the picture.
  await page.setViewportSize({ width, height: height + 200 });
  await page.goto(`${url}/`);
  const panel = (name: string) => page.getByRole('region', { name });
  const press = (name: string, button: string) => panel(name).getByRole('button', { name: button }).click();
  for (const name of ['Ada', 'Ben']) {
    await press(name, 'Connect');
    await press(name, 'Join');
    await panel(name).getByText('in the room').waitFor();
  }
  await press('Ada', 'Cut the line');
  await panel('Ada').getByText('resumed: true').waitFor();
  await press('Ada', 'Say hello');
  await panel('Ben').getByText('“hello” from Ada.').waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  return page;
};
