import {
  CanActivate,
  Controller,
  ExecutionContext,
  Get,
  HttpException,
  Injectable,
  MiddlewareConsumer,
  Module,
  NestModule,
  Req,
  UseGuards,
} from '@nestjs/common'
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport'
import type { Request } from 'express'
import { clientCredentialsGrant, createAuthorizationServer, createClient } from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import { createMemoryStores } from 'latchkey/stores/memory'

const scopes = ['orders:read', 'orders:write']
export const { client, clientSecret } = createClient({ grantTypes: ['client_credentials'], scopes })
const { clients, tokens } = createMemoryStores({ clients: [client] })
export const oauth = createAuthorizationServer({
  issuer: 'http://localhost:3000',
  clients,
  tokens,
  scopes,
  grants: [clientCredentialsGrant()],
  onEvent() {},
})

@Injectable()
export class TokenStrategy extends PassportStrategy(BearerStrategy) {
  // A list: the user, and what the token has.
  validate(token: string) {
    return token === 'good' ? [{ name: 'alice' }, { scope: 'orders:read' }] : undefined
  }
}

@Injectable()
class ReadGuard extends AuthGuard('bearer') {}

@Injectable()
class WriteGuard extends AuthGuard('bearer') {
  getAuthenticateOptions() {
    return { scope: 'orders:write' }
  }
}

/** Lets the client see what was refused. */
@Injectable()
class TellingGuard extends WriteGuard {
  handleRequest<User>(error: unknown, user: User, challenge: string, context: ExecutionContext, status = 401): User {
    if (error || user) return super.handleRequest(error, user, challenge, context, status)
    context.switchToHttp().getResponse().setHeader('WWW-Authenticate', challenge)
    throw new HttpException(status === 403 ? 'Forbidden' : 'Unauthorized', status)
  }
}

/** The guard of an authorization server or of a resource server as a guard of Nest. */
function bearerGuard(options: Parameters<typeof oauth.requireBearer>[0]) {
  const requireBearer = oauth.requireBearer(options)

  @Injectable()
  class BearerGuard implements CanActivate {
    canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp()
      const response = http.getResponse()
      return new Promise((resolve, reject) => {
        // It responds to a request that it refuses. Then there is nothing left for Nest to do.
        response.once('close', () => resolve(false))
        requireBearer(http.getRequest(), response, (error?: unknown) => (error ? reject(error) : resolve(true)))
      })
    }
  }
  return BearerGuard
}

@Controller()
class OrdersController {
  @Get('middleware')
  behindMiddleware(@Req() req: Request) {
    return { clientId: req.auth?.clientId }
  }

  @Get('guard')
  @UseGuards(bearerGuard({ scope: 'orders:read' }))
  behindGuard(@Req() req: Request) {
    return { clientId: req.auth?.clientId }
  }

  @Get('guard/write')
  @UseGuards(bearerGuard({ scope: 'orders:write' }))
  behindWriteGuard() {
    return {}
  }

  @Get('passport')
  @UseGuards(ReadGuard)
  behindPassport(@Req() req: Request) {
    return req.user
  }

  @Get('passport/write')
  @UseGuards(WriteGuard)
  writeBehindPassport() {
    return {}
  }

  @Get('passport/write/telling')
  @UseGuards(TellingGuard)
  writeBehindTellingGuard() {
    return {}
  }
}

@Module({ imports: [PassportModule], controllers: [OrdersController], providers: [TokenStrategy] })
export class ShopModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(oauth.requireBearer({ scope: 'orders:read' })).forRoutes('middleware')
  }
}

/** The endpoints mounted by a module. */
@Module({})
export class MountedModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(oauth.router()).forRoutes('{*all}')
  }
}
