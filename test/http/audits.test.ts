import { serverAudits } from 'graphql-http';
import { expect, it } from 'vitest';
import { serveSignalbox } from './support.ts';

let url = '';

for (const audit of serverAudits({ url: () => url })) {
  it(`the server passes the GraphQL-over-HTTP audit ${audit.id}: ${audit.name}`, async () => {
    ({ url } = await serveSignalbox());
    const result = await audit.fn();
    // A failed audit is a warning, a notice or an error, and has a reason.
    expect('reason' in result ? result.reason : undefined).toBeUndefined();
    expect(result.status).toBe('ok');
  });
}
