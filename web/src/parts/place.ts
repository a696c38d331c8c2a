// Where a floating list goes: under its anchor, or above when there is more room, always inside the window.

/** A popup's corner and greatest height, in window pixels. */
export interface Place {
  left: number;
  top: number;
  room: number;
}

type Box = Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>;

/** Place a popup of `size` beside `anchor`, lined up at its start or end. */
export function place(
  anchor: Box,
  size: { width: number; height: number },
  view: { width: number; height: number },
  align: 'start' | 'end' = 'start',
): Place {
  const gap = 4;
  const edge = 8;
  const below = view.height - anchor.bottom - gap - edge;
  const above = anchor.top - gap - edge;
  const down = size.height <= below || below >= above;
  const room = Math.max(96, down ? below : above);
  const height = Math.min(size.height, room);
  const wanted = align === 'end' ? anchor.right - size.width : anchor.left;
  const left = Math.max(edge, Math.min(wanted, view.width - size.width - edge));
  return { left, top: down ? anchor.bottom + gap : anchor.top - gap - height, room };
}

/** Show `popup` in the top layer beside `anchor`; `wide` makes it at least as wide as the anchor. Gives where the anchor was. */
export function openAt(popup: HTMLElement, anchor: HTMLElement, align: 'start' | 'end', wide = false): DOMRect {
  const box = anchor.getBoundingClientRect();
  // Older browsers throw when it is open already.
  if (!popup.matches(':popover-open')) popup.showPopover();
  popup.style.maxHeight = '';
  if (wide) popup.style.minWidth = `${box.width}px`;
  const at = place(
    box,
    { width: popup.offsetWidth, height: popup.offsetHeight },
    { width: document.documentElement.clientWidth, height: window.innerHeight },
    align,
  );
  popup.style.left = `${at.left}px`;
  popup.style.top = `${at.top}px`;
  popup.style.maxHeight = `${at.room}px`;
  return box;
}

/**
 * Whether an anchor is where `openAt` found it, and its popup so beside it. Less than a pixel does not count: so much is left
 * where the browser scrolls along with content that grows above.
 */
export function isStillAt(anchor: Pick<HTMLElement, 'getBoundingClientRect'> | null, was: DOMRect | undefined): boolean {
  const now = anchor?.getBoundingClientRect();
  return now !== undefined && was !== undefined && Math.abs(now.top - was.top) < 1 && Math.abs(now.left - was.left) < 1;
}
