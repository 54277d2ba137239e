import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, gzipSync } from 'node:zlib';
import { graphiqlTabs } from './graphiql-tabs.ts';

const file = fileURLToPath(import.meta.url);

interface Made {
  readonly gzipped: Uint8Array;
  readonly plainBytes: number;
  readonly etag: string;
}

/** The page, as bytes that all its requests share. */
export class GraphiQLPage {
  readonly etag: string;
  readonly gzipped: Buffer;
  readonly #plainBytes: number;
  #plain: Promise<Buffer> | undefined;

  private constructor({ gzipped, plainBytes, etag }: Made) {
    this.gzipped = Buffer.from(gzipped.buffer, gzipped.byteOffset, gzipped.byteLength);
    this.#plainBytes = plainBytes;
    this.etag = etag;
  }

  /** For clients that take no gzip. There are few, so it is made when the first one comes. */
  plain(): Promise<Buffer> {
    this.#plain ??= promisify(gunzip)(this.gzipped, { chunkSize: this.#plainBytes });
    return this.#plain;
  }

  /**
   * Makes the page. GraphiQL is 9 MB of text, which many servers never show, and making the page takes some 100 MB.
   * A process of its own does it, because this process would keep much of that.
   */
  static async make(): Promise<GraphiQLPage> {
    const { promise, resolve, reject } = Promise.withResolvers<Made>();
    const child = fork(file, { serialization: 'advanced', stdio: 'ignore' });
    child.once('message', (made) => resolve(made as Made));
    child.once('error', reject);
    child.once('exit', () => reject(new Error('The process that makes GraphiQL ended early.')));
    return new GraphiQLPage(await promise);
  }
}

/**
 * Keeps the tabs of GraphiQL in place. GraphiQL animates a tab at the first press, even if its position is right
 * already: the tab jumps away from the pointer, and the click is lost.
 */
const style = '<style>.graphiql-tab { transform: none !important; }</style>';

async function render(): Promise<Made> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Signalbox',
    subscriptionsProtocol: 'SSE',
    shouldPersistHeaders: true,
    defaultEditorToolsVisibility: 'headers',
    defaultTabs: graphiqlTabs,
  })
    .trimStart()
    .replace('</head>', `${style}</head>`);
  const etag = `"${createHash('sha256').update(html).digest('base64url')}"`;
  return { gzipped: gzipSync(html), plainBytes: Buffer.byteLength(html), etag };
}

// This file is the program of the other process too.
if (process.argv[1] === file) void render().then((made) => process.send?.(made));
