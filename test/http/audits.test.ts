import { serverAudits } from 'graphql-http';
import { expect, it } from 'vitest';
import { serveSignalbox } from './support.ts';

let url = '';

for (const audit of serverAudits({ url: () => url })) {
  it(`speaks GraphQL over HTTP: ${audit.id} ${audit.name}`, async () => {
    ({ url } = await serveSignalbox());
    const result = await audit.fn();
    // An audit that is not passed is a warning, a notice or an error, with the reason.
    expect('reason' in result ? result.reason : undefined).toBeUndefined();
    expect(result.status).toBe('ok');
  });
}
