/** Server-Sent Events, parsed as the HTML standard says (section 9.2.6), from text that comes in any pieces. */

/** One message of the stream. */
export interface SseMessage {
  /** The `event:` field, `message` if there was none. */
  event: string;
  data: string;
  /** The `id:` line of this message, null if it had none. */
  id: string | null;
}

/** More than any message of ours: beyond it the other side is not our server. */
export const PENDING_MAX = 4 * 1024 * 1024;

/** Takes pieces of text, gives whole messages. Line ends may be `\n`, `\r\n` or `\r`, split anywhere. */
export class SseParser {
  #rest = '';
  #started = false;
  #afterCr = false;
  #data: string[] = [];
  #held = 0;
  #event = '';
  #id: string | null = null;

  /** The messages that this piece completes. Throws when a message grows beyond {@link PENDING_MAX}. */
  push(piece: string): SseMessage[] {
    const messages: SseMessage[] = [];
    if (!this.#started && piece !== '') {
      this.#started = true;
      if (piece.startsWith('\ufeff')) piece = piece.slice(1);
    }
    // The second half of a `\r\n` whose first half ended the last piece.
    if (this.#afterCr && piece !== '') {
      this.#afterCr = false;
      if (piece.startsWith('\n')) piece = piece.slice(1);
    }
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const char = piece[at];
      if (char !== '\n' && char !== '\r') continue;
      this.#line(this.#rest + piece.slice(from, at), messages);
      this.#rest = '';
      if (char === '\r') {
        if (at + 1 === piece.length) this.#afterCr = true;
        else if (piece[at + 1] === '\n') at += 1;
      }
      from = at + 1;
    }
    this.#rest += piece.slice(from);
    if (this.#rest.length + this.#held > PENDING_MAX) throw new Error('message too long');
    return messages;
  }

  #line(line: string, messages: SseMessage[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        messages.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
      }
      this.#data = [];
      this.#held = 0;
      this.#event = '';
      this.#id = null;
      return;
    }
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') {
      this.#data.push(value);
      this.#held += value.length;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }
}
