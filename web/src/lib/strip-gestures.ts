// Pointer, wheel and touch on the strip, told as what they mean. Positions are shares of the strip's width, 0 to 1.

/** What gestures mean. */
export interface Gestures {
  /** A selection is being drawn between two places; `free`: do not snap. */
  select(a: number, b: number, free: boolean): void;
  selected(a: number, b: number, free: boolean): void;
  cancelled(): void;
  /** A press without movement. */
  pressed(at: number): void;
  pressedTwice(at: number): void;
  /** The pointer rests or moves over the strip; null: it left. */
  hover(at: number | null): void;
  /** Over 1: wider. */
  zoom(at: number, factor: number): void;
  /** By a share of the width; positive: later. */
  pan(by: number): void;
  /** Zooming or panning has ended by letting go. */
  settled(): void;
  /** Zooming or panning by the wheel: it has no end of its own. */
  wheeled(): void;
}

const CLICK_PX = 4;
const LONG_PRESS_MS = 450;
const TWICE_MS = 230;
const NOTCH = 1.25;
const NOTCH_PX = 100;

type Mode = 'idle' | 'press' | 'select' | 'pan' | 'wait' | 'pinch';

/** Listens on `node`; `foot` is the height of the row of tick labels at its bottom. Returns how to stop. */
export function gestures(node: HTMLElement, foot: number, on: Gestures): () => void {
  let mode: Mode = 'idle';
  let start = { x: 0, y: 0 };
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let click: ReturnType<typeof setTimeout> | undefined;
  const fingers = new Map<number, number>();

  const share = (clientX: number): number => {
    const box = node.getBoundingClientRect();
    return Math.max(0, Math.min(1, (clientX - box.left) / Math.max(1, box.width)));
  };
  const wide = (): number => Math.max(1, node.getBoundingClientRect().width);

  function down(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest('[role=slider]')) return;
    if (event.pointerType === 'touch') {
      fingers.set(event.pointerId, event.clientX);
      clearTimeout(timer);
      if (fingers.size === 2) {
        if (mode === 'select') on.cancelled();
        mode = 'pinch';
        return;
      }
      if (fingers.size > 2) return;
      mode = 'wait';
      start = { x: event.clientX, y: event.clientY };
      timer = setTimeout(() => {
        if (mode !== 'wait') return;
        mode = 'select';
        node.setPointerCapture(event.pointerId);
        on.select(share(start.x), share(start.x), false);
      }, LONG_PRESS_MS);
      return;
    }
    const box = node.getBoundingClientRect();
    node.setPointerCapture(event.pointerId);
    start = { x: event.clientX, y: event.clientY };
    last = event.clientX;
    mode = event.clientY > box.bottom - foot ? 'pan' : 'press';
    event.preventDefault(); // no text selection
  }

  function move(event: PointerEvent): void {
    if (mode === 'pinch') return pinch(event);
    if (mode === 'wait') {
      if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > 2 * CLICK_PX) end('idle');
      return;
    }
    if (mode === 'press' && Math.abs(event.clientX - start.x) >= CLICK_PX) {
      mode = 'select';
      on.hover(null);
    }
    if (mode === 'select') on.select(share(start.x), share(event.clientX), event.altKey);
    else if (mode === 'pan') {
      if (event.clientX !== last) on.pan(-(event.clientX - last) / wide());
      last = event.clientX;
    } else if (mode === 'idle' && event.pointerType !== 'touch') on.hover(share(event.clientX));
  }

  function pinch(event: PointerEvent): void {
    if (!fingers.has(event.pointerId) || fingers.size < 2) return;
    const before = [...fingers.values()];
    fingers.set(event.pointerId, event.clientX);
    const after = [...fingers.values()];
    const middle = (xs: number[]): number => (xs[0]! + xs[1]!) / 2;
    const apart = (xs: number[]): number => Math.max(24, Math.abs(xs[0]! - xs[1]!));
    on.pan(-(middle(after) - middle(before)) / wide());
    on.zoom(share(middle(after)), apart(before) / apart(after));
  }

  function up(event: PointerEvent): void {
    fingers.delete(event.pointerId);
    const was = mode;
    if (was === 'pinch') {
      if (fingers.size === 0) end('idle');
      if (fingers.size === 1) on.settled();
      return;
    }
    end('idle');
    if (was === 'select') on.selected(share(start.x), share(event.clientX), event.altKey);
    else if (was === 'pan' && event.clientX !== start.x) on.settled();
    else if (was === 'press' || was === 'wait') tap(share(event.clientX));
  }

  // A first press waits a moment: a second one makes it mean something else.
  function tap(at: number): void {
    if (click !== undefined) {
      clearTimeout(click);
      click = undefined;
      on.pressedTwice(at);
      return;
    }
    click = setTimeout(() => {
      click = undefined;
      on.pressed(at);
    }, TWICE_MS);
  }

  function cancel(event: PointerEvent): void {
    fingers.delete(event.pointerId);
    if (mode === 'select') on.cancelled();
    if (mode === 'pan' || mode === 'pinch') on.settled();
    end('idle');
  }

  function end(next: Mode): void {
    clearTimeout(timer);
    mode = next;
  }

  function wheel(event: WheelEvent): void {
    const unit = event.deltaMode === 1 ? NOTCH_PX / 3 : event.deltaMode === 2 ? NOTCH_PX : 1;
    const delta = (event.deltaY !== 0 ? event.deltaY : event.deltaX) * unit;
    if (delta === 0 || mode !== 'idle') return;
    event.preventDefault();
    const notches = Math.max(-4, Math.min(4, delta / NOTCH_PX));
    const sideways = event.shiftKey || (Math.abs(event.deltaX) > Math.abs(event.deltaY) && !event.ctrlKey);
    on.hover(null);
    if (sideways) on.pan(notches / 10);
    else on.zoom(share(event.clientX), NOTCH ** notches);
    on.wheeled();
  }

  function key(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || (mode !== 'select' && mode !== 'press')) return;
    event.preventDefault();
    event.stopPropagation();
    end('idle');
    on.cancelled();
  }

  // The page may scroll until a long press has made the finger a selection.
  function touchmove(event: TouchEvent): void {
    if ((mode === 'select' || mode === 'pinch') && event.cancelable) event.preventDefault();
  }

  const leave = (): void => {
    if (mode === 'idle') on.hover(null);
  };
  const menu = (event: Event): void => {
    if (mode === 'select' || mode === 'wait') event.preventDefault();
  };
  const stop = new AbortController();
  const options = { signal: stop.signal };
  node.addEventListener('pointerdown', down, options);
  node.addEventListener('pointermove', move, options);
  node.addEventListener('pointerup', up, options);
  node.addEventListener('pointercancel', cancel, options);
  node.addEventListener('pointerleave', leave, options);
  node.addEventListener('contextmenu', menu, options);
  node.addEventListener('wheel', wheel, { ...options, passive: false });
  node.addEventListener('touchmove', touchmove, { ...options, passive: false });
  window.addEventListener('keydown', key, { ...options, capture: true });
  return () => {
    stop.abort();
    clearTimeout(timer);
    clearTimeout(click);
  };
}
