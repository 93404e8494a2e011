/** A successful response of an endpoint: an object, which becomes JSON, or a text of another type. */
export type EndpointAnswer = object | TextAnswer

/** A successful response that is not a JSON object. */
export class TextAnswer {
  /** The media type. */
  readonly contentType: string
  readonly text: string

  constructor(contentType: string, text: string) {
    this.contentType = contentType
    this.text = text
  }
}
