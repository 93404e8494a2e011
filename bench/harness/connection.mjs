// One keep-alive connection that speaks as much HTTP/1.1 as a load generator needs: whole requests out, one answer at a time in.
import { connect } from 'node:net'

export class Connection {
  #socket
  #text = ''
  #answered

  constructor(port) {
    const callback = (length, buffer) => this.#read(buffer.latin1Slice(0, length))
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: Buffer.alloc(65_536), callback },
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#end(0, ''))
  }

  /** `answered(connection, status, body)`; status 0 when the connection broke. */
  send(request, answered) {
    this.#answered = answered
    if (this.#socket.destroyed) this.#end(0, '')
    else this.#socket.write(request, 'latin1')
  }

  close() {
    this.#socket.destroy()
  }

  #read(chunk) {
    const text = this.#text === '' ? chunk : this.#text + chunk
    const head = text.indexOf('\r\n\r\n')
    if (head >= 0 && isComplete(text, head)) {
      this.#text = ''
      this.#end(Number(text.slice(9, 12)), text, head + 4)
    } else {
      this.#text = text
    }
    return true
  }

  #end(status, text, bodyAt = 0) {
    const answered = this.#answered
    this.#answered = undefined
    answered?.(this, status, text, bodyAt)
  }
}

const contentLength = /\r\ncontent-length: *(\d+)/i

function isComplete(text, head) {
  const match = contentLength.exec(text)
  if (match !== null && match.index < head) return text.length >= head + 4 + Number(match[1])
  return text.endsWith('0\r\n\r\n')
}
