import { expect, it } from 'vitest';
import { type PageFile, withoutGraphiQL } from '../../src/http/page-files.ts';

it('G8: the start page without GraphiQL is made once, and all its requests share the bytes', async () => {
  const body = Buffer.from('<p><a href="./graphql">GraphiQL</a></p>');
  const file: PageFile = { body, gzipped: body, type: 'text/html', etag: '"x"', immutable: false };
  const made = await Promise.all([withoutGraphiQL(file), withoutGraphiQL(file)]);
  expect(made[0].body.toString()).toBe('<p></p>');
  expect(made[0]).toBe(made[1]);
});
