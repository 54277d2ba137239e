/** The header of `/ready` by which nodes know one another. */
export const nodeHeader = 'Signalbox-Node';

/** How a node presents itself to others. */
export interface NodeSign {
  readonly nodeId: string;
  /** How long ago its hub last heard of the other nodes' hub. */
  readonly silentMs: number;
}

const form = /^([\w-]{1,64}); silent=(\d{1,12})$/;
const timeoutMs = 1000;

export function writeSign({ nodeId, silentMs }: NodeSign): string {
  return `${nodeId}; silent=${Math.max(0, Math.round(silentMs))}`;
}

/** Asks `GET <url>/ready`. Undefined unless a node answers that it is ready. Never rejects. */
export async function askReady(url: string): Promise<NodeSign | undefined> {
  try {
    const response = await fetch(`${url}/ready`, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    const [, nodeId, silentMs] = form.exec(response.headers.get(nodeHeader) ?? '') ?? [];
    return response.ok && nodeId !== undefined ? { nodeId, silentMs: Number(silentMs) } : undefined;
  } catch {
    return undefined;
  }
}
