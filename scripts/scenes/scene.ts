import type { BrowserContext, Page } from 'playwright-core';

/** Opens an empty page with a browser profile of its own. `setUp` runs before the page opens. */
export type Open = (setUp?: (context: BrowserContext) => Promise<unknown>) => Promise<Page>;

/** Brings a page of the server at `url` to the state that the picture shows, and returns it. */
export type Scene = (url: string, open: Open) => Promise<Page>;
