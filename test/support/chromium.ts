import { type Browser, chromium } from 'playwright-core';
import { findProgram, chromium as program } from '../../scripts/programs.ts';

/**
 * Starts the Chromium of this machine, headless, with a temporary profile. It makes no requests but those of the
 * pages that the test opens.
 */
export async function launchChromium(args: readonly string[] = []): Promise<Browser> {
  const executablePath = findProgram(program);
  if (!executablePath) throw new Error('There is no Chromium: run `npm test`, or set CHROMIUM_PATH.');
  return await chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  });
}
