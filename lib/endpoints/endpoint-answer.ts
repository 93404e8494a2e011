/** A successful answer of an endpoint: an object, which becomes JSON, or a text of another type. */
export type EndpointAnswer = object | TextAnswer

/** A successful answer that is no JSON object. */
export class TextAnswer {
  /** The media type; absent when there is no text. */
  readonly contentType: string | undefined
  readonly text: string

  constructor(contentType: string | undefined, text: string) {
    this.contentType = contentType
    this.text = text
  }
}

/** 200 without a body. */
export const emptyAnswer: TextAnswer = new TextAnswer(undefined, '')
