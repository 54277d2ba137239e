import type { Scene } from './scene.ts';

/** GraphiQL: the walk up to the offer, which has just arrived in Ada's list. */
export const walkInGraphiQL: Scene = async (url, open) => {
  const page = await open();
  await page.goto(`${url}/graphql`);
  const buttons = [
    'Ada gets a token',
    'Ben gets a token',
    'Ada listens',
    'Ben listens',
    'Ada joins',
    'Ben joins',
  ];
  for (const name of [...buttons, 'Ben sends an offer']) {
    const answer = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.getByRole('button', { name }).click();
    await answer;
  }
  await page.getByRole('region', { name: 'Ada’s messages' }).getByText('“offer” from Ben.').waitFor();
  await page.locator('.result-window', { hasText: 'DELIVERED' }).waitFor({ state: 'attached' });
  return page;
};
