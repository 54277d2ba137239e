import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A self-signed certificate and its key, as paths of PEM files. */
export interface Certificate {
  /** The certificate is its own authority: a peer that trusts it accepts it from a server and from a client. */
  readonly cert: string;
  readonly key: string;
  remove(): Promise<void>;
}

/** Makes a certificate for 127.0.0.1 and localhost. This code builds it by hand, because a fresh machine may lack openssl. */
export async function makeCertificate(): Promise<Certificate> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = certificateBody(publicKey.export({ type: 'spki', format: 'der' }));
  const der = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, privateKey)));
  const base64 = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await writeFile(cert, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { cert, key, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * The settings of Redis or a sentinel for a TLS port. Clients must show a certificate there too, as is the default
 * of Redis.
 */
export function tlsPort(port: number, { cert, key }: Certificate): [name: string, value: string][] {
  return [
    ['tls-port', `${port}`],
    ['tls-cert-file', cert],
    ['tls-key-file', key],
    ['tls-ca-cert-file', cert],
  ];
}

/** The signed part (RFC 5280, 4.1): an authority, valid for both names, from yesterday to tomorrow. */
function certificateBody(publicKey: Buffer): Buffer {
  const dayMs = 86_400_000;
  const name = sequence(value(0x31, sequence(commonName, value(0x0c, Buffer.from('Signalbox tests')))));
  const constraints = extension('551d13', sequence(value(0x01, Buffer.of(0xff))));
  const address = value(0x87, Buffer.of(127, 0, 0, 1));
  const names = extension('551d11', sequence(address, value(0x82, Buffer.from('localhost'))));
  return sequence(
    value(0xa0, value(0x02, Buffer.of(2))),
    value(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - dayMs), time(Date.now() + dayMs)),
    name,
    publicKey,
    value(0xa3, sequence(constraints, names)),
  );
}

/** One value in DER: its tag, its length and its content. */
function value(tag: number, ...content: readonly Buffer[]): Buffer {
  const inside = Buffer.concat(content);
  const { length } = inside;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), inside]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return value(0x30, ...content);
}

function identifier(hex: string): Buffer {
  return value(0x06, Buffer.from(hex, 'hex'));
}

function bits(content: Buffer): Buffer {
  return value(0x03, Buffer.of(0), content);
}

function extension(id: string, content: Buffer): Buffer {
  return sequence(identifier(id), value(0x04, content));
}

/** As `YYMMDDhhmmssZ`. */
function time(ms: number): Buffer {
  return value(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));
}

const commonName = identifier('550403');
const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
