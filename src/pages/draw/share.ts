import { paint } from './canvas.ts';
import { find } from './find.ts';
import { offerQrCode } from './qr-code.ts';
import { board, type Shape } from './shape.ts';
import { toSvg } from './svg.ts';

/** The link to the room, and the drawing as a file. */
export function offerSharing(room: string, shapes: () => readonly Shape[]): void {
  const link = find<HTMLInputElement>('link');
  link.value = location.href;
  offerQrCode(location.href);
  link.addEventListener('focus', () => link.select());
  const button = find('share');
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener('click', async () => {
    button.textContent = (await copied(link)) ? 'Link copied' : 'Copy it below';
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = 'Copy link';
    }, 2500);
  });
  find('svg').addEventListener('click', () => {
    save(new Blob([toSvg(shapes())], { type: 'image/svg+xml' }), `${room}.svg`);
  });
  find('png').addEventListener('click', () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, board);
    paint(canvas, shapes());
    canvas.toBlob((blob) => blob && save(blob, `${room}.png`));
  });
}

async function copied(link: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(link.value);
    return true;
  } catch {
    // Pages without HTTPS may not copy: the link is selected, ready to be copied by hand.
    link.focus();
    return false;
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name.replaceAll(/[^\w.-]/g, '_');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
