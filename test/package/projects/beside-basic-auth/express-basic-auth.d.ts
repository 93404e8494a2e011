// As the types of express-basic-auth 1 declare it.
import type { Request } from 'express'

export interface IBasicAuthedRequest extends Request {
  auth: { user: string; password: string }
}
