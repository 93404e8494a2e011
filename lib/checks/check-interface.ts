import { ConfigurationError } from '../errors/configuration-error.js'
import { interfaces, type InterfaceDescription, type InterfaceName } from './interfaces.js'
import { classOf, describeValue, kindOfValue } from './kind-of-value.js'

/** What was given instead of an interface, and what to do. */
interface Fault {
  readonly given: string
  readonly remedy: string
  /** Whether `given` already names the required methods. */
  readonly namesMethods?: boolean
}

/**
 * Refuses anything but an object with the methods of an interface. The `ConfigurationError` says what was given, which methods are
 * missing, and the line to write.
 */
export function checkInterface(where: string, value: unknown, name: InterfaceName): void {
  const asked: InterfaceDescription = interfaces[name]
  const missing = missingMethods(value, asked)
  const mistaken = missing.length > 0 || asked.isVague === true ? mistakenFor(value, asked) : undefined
  if (missing.length === 0 && mistaken === undefined) return
  const fault = mistaken ?? (isObject(value) ? objectFault(value, asked, missing) : otherFault(value, asked, where))
  const { given, remedy, namesMethods = false } = fault
  const methods = namesMethods ? '' : `, with ${listOf(asked.methods)}`
  throw new ConfigurationError(where, `is ${given}; it must be ${asked.name}${methods}`, remedy)
}

function missingMethods(value: unknown, { methods }: InterfaceDescription): readonly string[] {
  return isObject(value) ? methods.filter((method) => typeof value[method] !== 'function') : methods
}

function mistakenFor(value: unknown, { mistaken = [] }: InterfaceDescription): Fault | undefined {
  const found = isObject(value) && !Array.isArray(value) ? mistaken.find(({ member }) => member in value) : undefined
  return found && { given: found.is, remedy: `Write ${found.write}` }
}

function objectFault(
  value: Readonly<Record<string, unknown>>,
  asked: InterfaceDescription,
  missing: readonly string[],
): Fault {
  const { instead = {}, write, holder } = asked
  const kind = kindOfValue(value)
  const given = describeValue(value)
  const opened = instead[kind] ?? instead[classOf(value) ?? '']
  if (kind === 'promise') return { given, remedy: opened === undefined ? 'Await it' : `Await it: ${opened}` }
  if (kind !== 'object' && kind !== 'module') return { given, remedy: `Write ${opened ?? write}` }
  const member = Object.keys(value).find((key) => missingMethods(value[key], asked).length === 0)
  if (member !== undefined) {
    const remedy = holder === undefined ? `Pass its member ${member}` : `Write ${holder}.${member}`
    return { given: `${given} with ${asked.name} in its member ${member}`, remedy, namesMethods: true }
  }
  const other = interfaceOf(value)
  if (other !== undefined) return { given: interfaces[other].name, remedy: `Write ${instead[other] ?? write}` }
  return { given: `${given} without ${listOf(missing)}`, remedy: `Write ${opened ?? write}`, namesMethods: true }
}

function otherFault(value: unknown, { instead = {}, words = {}, write }: InterfaceDescription, where: string): Fault {
  if (typeof value === 'string' && Object.hasOwn(words, value))
    return { given: `the text '${value}'`, remedy: `Write ${words[value] ?? write}` }
  const kind = kindOfValue(value)
  const given = describeValue(value)
  if (typeof value !== 'function') return { given, remedy: `Write ${instead[kind] ?? write}` }
  const { name } = value
  // A function that is written where it is given is named after the option.
  if (name === '' || name === where.split('.').at(-1)) return { given: 'a function', remedy: `Write ${write}` }
  if (kind === 'class') return { given, remedy: `Make one: new ${instead[name] ?? `${name}(...)`}` }
  return { given, remedy: `Call it: ${instead[name] ?? `${name}()`}` }
}

/** Returns the interface whose methods an object has. */
function interfaceOf(value: object): InterfaceName | undefined {
  return (Object.keys(interfaces) as InterfaceName[]).find((name) => {
    const candidate: InterfaceDescription = interfaces[name]
    return candidate.isVague !== true && missingMethods(value, candidate).length === 0
  })
}

/** Returns `the method a` or `the methods a, b and c`. */
function listOf(methods: readonly string[]): string {
  const first = methods.slice(0, -1).join(', ')
  return first === '' ? `the method ${methods.join('')}` : `the methods ${first} and ${methods.at(-1) ?? ''}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
