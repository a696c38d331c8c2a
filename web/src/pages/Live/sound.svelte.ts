/** The tone of Live: short, soft, never more than one in two seconds. */

const EVERY_MS = 2000;
/** How long a browser that lets the page be heard takes to begin. */
const READY_MS = 300;

class Tone {
  /** The browser wants a click before it lets the page be heard. */
  blocked = $state(false);
  #context: AudioContext | null = null;
  #last = Number.NEGATIVE_INFINITY;

  /** Gets ready; called on a click it is allowed at once. */
  async ready(): Promise<void> {
    if (typeof AudioContext === 'undefined') return;
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#context.onstatechange = () => this.#look();
    }
    if (this.#context.state === 'suspended') {
      // Without a click before, this promise may never settle: what the context says counts.
      await Promise.race([this.#context.resume().catch(() => undefined), new Promise((done) => setTimeout(done, READY_MS))]);
    }
    this.#look();
  }

  /** Plays, if it may and was silent long enough. */
  play(now = performance.now()): void {
    const context = this.#context;
    if (!context || context.state !== 'running' || now - this.#last < EVERY_MS) return;
    this.#last = now;
    const at = context.currentTime;
    const gain = context.createGain();
    const oscillator = context.createOscillator();
    oscillator.type = 'sine';
    oscillator.frequency.setValueAtTime(660, at);
    oscillator.frequency.setValueAtTime(880, at + 0.09);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.12, at + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.26);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.28);
  }

  /** Gives the loudspeaker back. */
  close(): void {
    void this.#context?.close();
    this.#context = null;
    this.blocked = false;
  }

  #look(): void {
    this.blocked = this.#context?.state === 'suspended';
  }
}

/** The one tone. */
export const tone = new Tone();
