import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

interface Key {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** A provider of identities: it serves its public keys on a loopback address, and signs tokens. */
export class KeyServer {
  /** What it answers. `hang`: nothing. */
  mode: 'keys' | 'error' | 'garbage' | 'hang' = 'keys';
  /** How often it was asked for its keys. */
  requests = 0;
  /** The keys that it serves. The last one signs. */
  keys: Key[] = [];
  readonly #server: Server;
  #port = 0;
  #made = 0;

  constructor() {
    this.#server = createServer((_request, response) => {
      this.requests += 1;
      if (this.mode === 'hang') return;
      response.statusCode = this.mode === 'error' ? 500 : 200;
      const set = { keys: this.keys.map(({ jwk }) => jwk) };
      response.setHeader('Content-Type', 'application/json').setHeader('Connection', 'close');
      response.end(this.mode === 'garbage' ? '<html>' : JSON.stringify(set));
    });
  }

  static async start(...algorithms: readonly string[]): Promise<KeyServer> {
    const server = new KeyServer();
    for (const alg of algorithms) await server.addKey(alg);
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/.well-known/jwks.json`;
  }

  /** At the same port as before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** From now on connections are refused. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async addKey(alg: string, options: Parameters<typeof generateKeyPair>[1] = {}): Promise<Key> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
    this.#made += 1;
    const kid = `key ${this.#made}`;
    const key = { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' } };
    this.keys.push(key);
    return key;
  }

  /** Signs with a new key from now on. The newest `served` keys are served, and older ones are not. */
  async rotate(alg: string, served = 2): Promise<void> {
    await this.addKey(alg);
    this.keys = this.keys.slice(-served);
  }

  /** A token by the last key, or by the given one. It expires in an hour unless `claims` has an `exp`. */
  sign(claims: JWTPayload, { alg, kid, privateKey }: Key = this.newest): Promise<string> {
    const jwt = new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' });
    return (claims.exp === undefined ? jwt.setExpirationTime('1 h') : jwt).sign(privateKey);
  }

  get newest(): Key {
    const key = this.keys.at(-1);
    if (!key) throw new Error('This server has no key yet.');
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
