// Reads an OpenAPI 3.1 document: operations, parameters and example bodies. No DOM.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
  readonly example?: unknown;
}

interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
}

interface RawOperation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly $ref?: string; readonly required?: boolean; readonly content?: Readonly<Record<string, Media>> };
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

export interface Document {
  readonly openapi: string;
  readonly info?: { readonly title?: string; readonly version?: string };
  readonly tags?: ReadonlyArray<{ readonly name: string; readonly description?: string }>;
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Body {
  readonly type: string;
  readonly schema: Schema | undefined;
  readonly example: string;
}

export interface Operation {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly bodies: readonly Body[];
  readonly responses: ReadonlyArray<readonly [status: string, description: string]>;
}

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** Follows a local `$ref`; a chain of references is followed to its end. */
export function resolve<T extends object>(document: Document, value: T): T {
  let found: T = value;
  for (let hops = 0; hops < 16; hops += 1) {
    const ref = (found as { $ref?: string }).$ref;
    if (!ref?.startsWith("#/")) return found;
    const parts = ref.slice(2).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    const target = parts.reduce<unknown>((at, part) => (isRecord(at) ? at[part] : undefined), document);
    if (!isRecord(target)) return found;
    found = target as T;
  }
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Lists every operation, in the order of the document. */
export function operations(document: Document): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const raw = item[method] as RawOperation | undefined;
      const shared = (item["parameters"] as readonly Parameter[] | undefined) ?? [];
      return raw ? [operation(document, method, path, raw, shared)] : [];
    }),
  );
}

function operation(document: Document, method: string, path: string, raw: RawOperation, shared: readonly Parameter[]): Operation {
  const parameters = [...shared, ...(raw.parameters ?? [])].map((parameter) => resolve(document, parameter));
  const content = raw.requestBody ? (resolve(document, raw.requestBody).content ?? {}) : {};
  const bodies = Object.entries(content).map(([type, media]) => ({
    type,
    schema: media.schema ? resolve(document, media.schema) : undefined,
    example: exampleText(document, type, media),
  }));
  return {
    key: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    tag: raw.tags?.[0] ?? "Other",
    summary: raw.summary ?? raw.operationId ?? path,
    description: raw.description ?? "",
    parameters,
    bodies,
    responses: Object.entries(raw.responses ?? {}).map(([status, response]) => [
      status,
      resolve(document, response).description ?? "",
    ]),
  };
}

function exampleText(document: Document, type: string, media: Media): string {
  const value = media.example ?? (media.schema ? sample(document, media.schema) : undefined);
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  return type.includes("json") ? JSON.stringify(value, null, 2) : "";
}

/** An example value that fits a schema; deep or circular parts end in null. */
export function sample(document: Document, schema: Schema, depth = 0): unknown {
  const plain = resolve(document, schema);
  const given = plain.example ?? plain.examples?.[0] ?? plain.default ?? plain.const ?? plain.enum?.[0];
  if (given !== undefined) return given;
  if (depth > 6) return null;
  if (plain.allOf) return Object.assign({}, ...plain.allOf.map((part) => sample(document, part, depth + 1) ?? {}));
  const choice = [...(plain.oneOf ?? []), ...(plain.anyOf ?? [])].find((part) => part.type !== "null");
  if (choice) return sample(document, choice, depth + 1);
  return sampleOfType(document, plain, depth);
}

function sampleOfType(document: Document, schema: Schema, depth: number): unknown {
  const type = typeName(schema);
  if (type === "object" || schema.properties) {
    const entries = Object.entries(schema.properties ?? {});
    return Object.fromEntries(entries.map(([name, part]) => [name, sample(document, part, depth + 1)]));
  }
  if (type === "array") return schema.items ? [sample(document, schema.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  if (type === "boolean") return false;
  if (type === "string") return schema.format === "date-time" ? "2026-01-01T00:00:00Z" : "";
  return null;
}

/** The type of a schema in one word; of several, the first that is not null. */
export function typeName(schema: Schema | undefined): string {
  if (!schema) return "string";
  const type = typeof schema.type === "string" ? schema.type : schema.type?.find((name) => name !== "null");
  return type ?? (schema.properties ? "object" : "");
}

/** One line per property: name, type, required, description. */
export function fields(document: Document, schema: Schema): Array<{ name: string; type: string; required: boolean; description: string }> {
  const plain = resolve(document, schema);
  const target = typeName(plain) === "array" && plain.items ? resolve(document, plain.items) : plain;
  return Object.entries(target.properties ?? {}).map(([name, part]) => {
    const inner = resolve(document, part);
    const type = typeName(inner) || (inner.oneOf || inner.anyOf ? "one of" : "any");
    const format = inner.enum ? inner.enum.map(String).join(" | ") : inner.format;
    return {
      name,
      type: format ? `${type} (${format})` : type,
      required: target.required?.includes(name) ?? false,
      description: part.description ?? inner.description ?? "",
    };
  });
}

export type Filled = Readonly<Record<string, string>>;

/** The address of a request: path parameters filled in, query appended; several values of a query are separated by commas. */
export function address(operation: Operation, filled: Filled): string {
  let path = operation.path;
  const query = new URLSearchParams();
  for (const parameter of operation.parameters) {
    const value = filled[`${parameter.in} ${parameter.name}`]?.trim() ?? "";
    if (parameter.in === "path") path = path.replaceAll(`{${parameter.name}}`, encodeURIComponent(value));
    if (parameter.in !== "query" || value === "") continue;
    const list = typeName(parameter.schema) === "array" ? value.split(",").map((part) => part.trim()) : [value];
    for (const part of list) query.append(parameter.name, part);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The same request as a curl command. */
export function curlText(origin: string, method: string, target: string, type: string, body: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [`curl --cacert ca.pem -X ${method} ${quoted(origin + target)}`, `-H 'Authorization: Bearer TOKEN'`];
  if (body) lines.push(`-H ${quoted(`Content-Type: ${type}`)}`, `--data ${quoted(body)}`);
  return lines.join(" \\\n  ");
}
