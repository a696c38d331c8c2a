// Where rows stand in a list too long for the browser: a virtual height of any size over a bounded real one.

/** Browsers stop counting at some 18 (Firefox) to 33 million px; beyond this height the list is scaled. */
export const MAX_HEIGHT = 8_000_000;
/** At both ends of a scaled list a pixel is a pixel: there people scroll by wheel, and nothing has to be mended. */
const TRUE_ENDS = 1_000_000;
/** Rows rendered beyond each edge of the view. */
export const OVERSCAN = 12;

/** Heights of a list: equal rows, and heads of equal height before some of them. */
export interface Sizes {
  rows: number;
  row: number;
  /** Indexes that have a head before them, ascending. */
  heads: readonly number[];
  head: number;
}

/** How many of the ascending numbers are ≤ `x`. */
export function countUpTo(list: readonly number[], x: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((list[mid] as number) <= x) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Top of a row (below its head, if it has one) in the virtual height. */
export function topOf(index: number, s: Sizes): number {
  return index * s.row + countUpTo(s.heads, index) * s.head;
}

/** Virtual height of the whole list. */
export function heightOf(s: Sizes): number {
  return s.rows * s.row + s.heads.length * s.head;
}

/** Index of the row at a virtual height; within the list whatever `y` is. */
export function indexAt(y: number, s: Sizes): number {
  let low = 0;
  let high = Math.max(0, s.rows - 1);
  while (low < high) {
    const mid = Math.ceil((low + high) / 2);
    const top = topOf(mid, s) - (s.heads[countUpTo(s.heads, mid) - 1] === mid ? s.head : 0);
    if (top <= y) low = mid;
    else high = mid - 1;
  }
  return low;
}

/** The rows to render for a view from `y` to `y + view`: end exclusive. */
export function windowOf(y: number, view: number, s: Sizes, overscan = OVERSCAN): { from: number; to: number } {
  if (s.rows === 0) return { from: 0, to: 0 };
  return {
    from: Math.max(0, indexAt(y, s) - overscan),
    to: Math.min(s.rows, indexAt(y + view, s) + 1 + overscan),
  };
}

/**
 * Maps the real scroll position to the virtual one. Small steps (wheel, keys) move both by the same pixels, so that nothing
 * jumps however much the list is scaled; a large step (the scrollbar) goes by proportion.
 */
export class Scaler {
  /** Virtual minus real position. */
  shift = 0;
  #real = 0;
  #tall = 0;
  #view = 0;

  /** Real height for a virtual one. */
  static real(tall: number): number {
    return Math.min(tall, MAX_HEIGHT);
  }

  /** Sets virtual height and view; a list that needs no scaling has no shift. */
  size(tall: number, view: number): void {
    this.#tall = tall;
    this.#view = view;
    if (tall <= MAX_HEIGHT) this.shift = 0;
  }

  /** Takes a real position, gives the virtual one. */
  scrolled(real: number): number {
    const step = Math.abs(real - this.#real);
    this.#real = real;
    if (this.#tall <= MAX_HEIGHT) return real;
    const edge = real <= 0 || real >= MAX_HEIGHT - this.#view - 1;
    const y = step > this.#view || (edge && this.drift() <= 1) ? this.ideal(real) : this.clamp(real + this.shift);
    this.shift = y - real;
    return y;
  }

  /** The real position for a virtual one; both agree from now on. */
  place(virtual: number): number {
    const y = this.clamp(virtual);
    this.#real = Math.round(this.#realOf(y));
    if (this.#tall > MAX_HEIGHT) this.shift = y - this.#real;
    return this.#tall > MAX_HEIGHT ? this.#real : (this.#real = y);
  }

  /** The virtual position that belongs to a real one. */
  ideal(real: number): number {
    if (this.#tall <= MAX_HEIGHT || real <= TRUE_ENDS) return this.clamp(real);
    if (real >= MAX_HEIGHT - TRUE_ENDS) {
      const last = real >= MAX_HEIGHT - this.#view - 1;
      return last ? this.#tall - this.#view : this.#tall - MAX_HEIGHT + real;
    }
    const part = (real - TRUE_ENDS) / (MAX_HEIGHT - 2 * TRUE_ENDS);
    return this.clamp(TRUE_ENDS + part * (this.#tall - 2 * TRUE_ENDS));
  }

  /** How many real pixels the position is from where the virtual one belongs; worth mending when the wheel rests. */
  drift(): number {
    return this.#tall <= MAX_HEIGHT ? 0 : Math.abs(this.#realOf(this.clamp(this.#real + this.shift)) - this.#real);
  }

  /** The real height is used up before the virtual one: mend at once, or the wheel stops short of the end. */
  stuck(): boolean {
    if (this.#tall <= MAX_HEIGHT) return false;
    const edge = this.#real <= this.#view || this.#real >= MAX_HEIGHT - 2 * this.#view;
    return edge && this.drift() > 1;
  }

  #realOf(y: number): number {
    if (this.#tall <= MAX_HEIGHT || y <= TRUE_ENDS) return y;
    if (y >= this.#tall - TRUE_ENDS) return MAX_HEIGHT - this.#tall + y;
    return TRUE_ENDS + ((y - TRUE_ENDS) / (this.#tall - 2 * TRUE_ENDS)) * (MAX_HEIGHT - 2 * TRUE_ENDS);
  }

  private clamp(y: number): number {
    return Math.min(Math.max(0, this.#tall - this.#view), Math.max(0, y));
  }
}
