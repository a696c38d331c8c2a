// Draws /api/openapi.json as a page. Text from the document only ever becomes text nodes.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete", "options", "head"];
const DEPTH_MAX = 6; // how deep fields of fields are drawn

/** el("p.dim", {id: "x"}, child, "text", …): an element; strings become text nodes, null is left out. */
function el(kind, attributes, ...children) {
  const [name, ...classes] = kind.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** `code` in a line of text. */
function inline(text) {
  return String(text).split(/(`[^`]+`)/).filter(Boolean).map((piece) =>
    piece.length > 2 && piece.startsWith("`") && piece.endsWith("`") ? el("code", null, piece.slice(1, -1)) : piece);
}

/** Paragraphs, lists and fenced code: as much Markdown as the descriptions use. */
function prose(text) {
  if (!text) return [];
  const nodes = [];
  const fences = String(text).replace(/\r/g, "").split(/^```[^\n]*\n?/m);
  fences.forEach((part, at) => {
    if (at % 2 === 1) {
      nodes.push(el("pre", null, el("code", null, part.replace(/\n$/, ""))));
      return;
    }
    for (const block of part.split(/\n\s*\n/).filter((block) => block.trim())) {
      const lines = block.trim().split("\n");
      if (lines.every((line) => /^\s*([-*] |\s{2,})/.test(line)) && /^\s*[-*] /.test(lines[0])) {
        const items = [];
        for (const line of lines) {
          const item = line.match(/^\s*[-*] (.*)$/);
          if (item) items.push(item[1]);
          else items[items.length - 1] += " " + line.trim();
        }
        nodes.push(el("ul", null, items.map((item) => el("li", null, inline(item)))));
      } else {
        nodes.push(el("p", null, inline(lines.map((line) => line.replace(/^#+\s+/, "")).join(" "))));
      }
    }
  });
  return nodes;
}

function json(value) {
  return el("pre", null, el("code", null, typeof value === "string" ? value : JSON.stringify(value, null, 2)));
}

class Page {
  constructor(doc) {
    this.doc = doc;
  }

  /** What a `$ref` stands for, its own members (a description) on top. */
  follow(thing) {
    let found = thing;
    for (let steps = 0; found && typeof found.$ref === "string" && steps < 16; steps += 1) {
      const { $ref, ...own } = found;
      let target = this.doc;
      for (const step of $ref.replace(/^#\//, "").split("/")) {
        const key = step.replace(/~1/g, "/").replace(/~0/g, "~");
        target = target && Object.hasOwn(target, key) ? target[key] : undefined;
      }
      found = target === undefined ? own : { ...target, ...own };
    }
    return found || {};
  }

  /** "integer (int64)", "list of Event", "string or null". */
  typeName(schema, depth = 0) {
    if (schema === true || !schema || depth > DEPTH_MAX) return "anything";
    if (schema.$ref) return schema.$ref.split("/").pop();
    const some = schema.oneOf || schema.anyOf || schema.allOf;
    if (some) {
      const names = [...new Set(some.map((one) => this.typeName(one, depth + 1)))];
      return names.join(schema.allOf ? " and " : " or ");
    }
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    const types = [].concat(schema.type || (schema.properties ? "object" : []));
    const names = types.map((type) => {
      if (type === "array") return "list of " + this.typeName(schema.items, depth + 1);
      if (type === "object" && schema.additionalProperties) {
        return "object of " + this.typeName(schema.additionalProperties, depth + 1);
      }
      return schema.format && type !== "null" ? `${type} (${schema.format})` : type;
    });
    return names.join(" or ") || "anything";
  }

  /** Limits, default and choices of a value, in one line each. */
  bounds(schema) {
    const lines = [];
    const between = (low, high, what) => {
      if (low !== undefined && high !== undefined) lines.push(`${what}${low} to ${high}`);
      else if (low !== undefined) lines.push(`${what}at least ${low}`);
      else if (high !== undefined) lines.push(`${what}at most ${high}`);
    };
    between(schema.minimum, schema.maximum, "");
    between(schema.minLength, schema.maxLength, "length ");
    between(schema.minItems, schema.maxItems, "items: ");
    if (schema.enum) lines.push(["one of ", schema.enum.map((one) => [el("code", null, String(one)), " "])]);
    if (schema.pattern) lines.push(["pattern ", el("code", null, schema.pattern)]);
    if (schema.default !== undefined && schema.default !== null) {
      lines.push(["default ", el("code", null, JSON.stringify(schema.default))]);
    }
    return lines.map((line) => el("div.dim", null, line));
  }

  /** All properties of a schema, those of `allOf` included. */
  properties(schema) {
    const whole = this.follow(schema);
    const parts = [whole, ...(whole.allOf || []).map((part) => this.follow(part))];
    const required = new Set(parts.flatMap((part) => part.required || []));
    return parts.flatMap((part) => Object.entries(part.properties || {}))
      .map(([name, value]) => ({ name, schema: value, required: required.has(name) }));
  }

  /** What holds the fields worth opening: the object itself, a list's item, the one real choice, a map's value. */
  inner(schema, depth = 0) {
    const whole = this.follow(schema);
    if (depth > DEPTH_MAX) return whole;
    if (whole.items) return this.inner(whole.items, depth + 1);
    if (whole.additionalProperties && whole.additionalProperties !== true) return this.inner(whole.additionalProperties, depth + 1);
    const choices = (whole.oneOf || whole.anyOf || []).filter((one) => one.type !== "null");
    return choices.length === 1 ? this.inner(choices[0], depth + 1) : whole;
  }

  /** A table of an object's fields; null if there is nothing to list. */
  fields(schema, seen = []) {
    const whole = this.inner(schema);
    const choices = (whole.oneOf || whole.anyOf || []).filter((one) => one.type !== "null");
    if (choices.length > 1) {
      const tables = choices.map((one) => [one, this.fields(one, seen)]).filter(([, table]) => table);
      return tables.length ? el("div", null, tables.map(([one, table]) =>
        el("details", null, el("summary", null, this.follow(one).title || this.typeName(one)), table))) : null;
    }
    const rows = this.properties(whole);
    if (!rows.length || seen.includes(rows[0].schema) || seen.length > DEPTH_MAX) return null; // a type within itself ends here
    const below = [...seen, rows[0].schema];
    return el("div.scroll", null, el("table", null, el("tbody", null, rows.map((row) => {
      const value = this.follow(row.schema);
      const more = this.fields(row.schema, below);
      return el("tr", null,
        el("td", null, el("code", null, row.name), row.required ? null : el("div.dim", null, "optional")),
        el("td", null, el("div.type", null, this.typeName(row.schema)), prose(value.description), this.bounds(value),
          value.example !== undefined ? el("div.dim", null, "example ", el("code", null, JSON.stringify(value.example))) : null,
          more ? el("details", null, el("summary", null, "fields"), el("div.fields", null, more)) : null));
    }))));
  }

  /** The examples of a media type, or the schema's own. */
  examples(media) {
    const list = [];
    if (media.example !== undefined) list.push(["Example", "", media.example]);
    for (const [name, given] of Object.entries(media.examples || {})) {
      const example = this.follow(given);
      list.push([example.summary || name, example.description || "", example.value]);
    }
    const schema = this.follow(media.schema);
    if (!list.length && schema.example !== undefined) list.push(["Example", "", schema.example]);
    if (!list.length && Array.isArray(schema.examples)) schema.examples.forEach((value) => list.push(["Example", "", value]));
    return list.filter(([, , value]) => value !== undefined);
  }

  /** The content of a request or a response. */
  content(content) {
    return Object.entries(content || {}).map(([type, media]) => {
      const schema = media.schema ? this.follow(media.schema) : null;
      const table = media.schema ? this.fields(media.schema) : null;
      return el("div", null,
        el("p", null, el("code", null, type), " ", el("span.type", null, media.schema ? this.typeName(media.schema) : "")),
        schema && !table ? [prose(schema.description), this.bounds(schema)] : null,
        this.examples(media).map(([name, about, value]) => [el("div.dim", null, name), prose(about), json(value)]),
        table ? el("details", null, el("summary", null, "Fields"), table) : null);
    });
  }

  parameters(list) {
    const places = { path: "In the path", query: "In the query", header: "Headers", cookie: "Cookies" };
    return Object.entries(places).map(([place, title]) => {
      const here = list.filter((parameter) => parameter.in === place);
      if (!here.length) return null;
      return el("section.part", null, el("h4", null, title), el("div.scroll", null, el("table", null, el("tbody", null,
        here.map((parameter) => {
          const schema = this.follow(parameter.schema);
          const examples = this.examples(parameter).map(([name, , value]) =>
            el("div.dim", null, name === "Example" ? "example " : `${name}: `,
              el("code", null, typeof value === "string" ? value : JSON.stringify(value))));
          return el("tr", null,
            el("td", null, el("code", null, parameter.name),
              parameter.required && place !== "path" ? el("div.must", null, "required") : null,
              parameter.deprecated ? el("div.old", null, "deprecated") : null),
            el("td", null, el("div.type", null, parameter.schema ? this.typeName(parameter.schema) : ""),
              prose(parameter.description || schema.description), this.bounds(schema), examples));
        })))));
    });
  }

  security(operation) {
    const schemes = (this.doc.components && this.doc.components.securitySchemes) || {};
    const needs = operation.security || this.doc.security;
    if (!needs) return null;
    const names = needs.flatMap((need) => Object.keys(need));
    const words = names.map((name) => {
      const scheme = this.follow(schemes[name]);
      const where = scheme.in === "query" ? `?${scheme.name}=` : scheme.in === "header" ? scheme.name : scheme.scheme || scheme.type || "";
      return el("tr", null, el("td", null, el("code", null, name)),
        el("td", null, el("span.type", null, where), prose(scheme.description)));
    });
    const open = !names.length || needs.some((need) => !Object.keys(need).length);
    return el("section.part", null, el("h4", null, "Credentials"),
      open ? el("p", null, names.length ? "None needed; these are understood:" : "None needed.") : null,
      words.length ? el("details", null, el("summary", null, names.join(", ")),
        el("div.scroll", null, el("table", null, el("tbody", null, words)))) : null);
  }

  response(status, given) {
    const response = this.follow(given);
    const kind = /^2/.test(status) ? "good" : /^[45]/.test(status) ? "bad" : "other";
    const headers = Object.entries(response.headers || {});
    return el("div.response", null,
      el("p", null, el(`span.status.${kind}`, null, status), inline((response.description || "").replace(/\s*\n\s*/g, " "))),
      headers.length ? el("p.dim", null, "Headers: ", headers.map(([name, header], at) => {
        const about = this.follow(header).description;
        return [at ? ", " : "", el("code", null, name), about ? [" ", inline(about)] : ""];
      })) : null,
      this.content(response.content));
  }

  operation(entry) {
    const { id, method, path, operation, parameters } = entry;
    const body = operation.requestBody ? this.follow(operation.requestBody) : null;
    const title = operation.summary || operation.operationId || path;
    const pieces = path.split(/(\{[^}]+\})/).map((piece) => piece.startsWith("{") ? el("span.var", null, piece) : piece);
    const responses = Object.entries(operation.responses || {});
    const good = responses.filter(([status]) => !/^[45]/.test(status));
    const bad = responses.filter(([status]) => /^[45]/.test(status));
    return el("article.op", { id },
      el("header", null,
        el("h3", null, el("a", { href: "#" + id }, inline(title))),
        el("p.route", null, el(`span.method.${method}`, null, method.toUpperCase()), el("code.path", null, pieces),
          operation.deprecated ? el("span.old", null, "deprecated") : null),
        prose(operation.description)),
      this.parameters(parameters),
      body ? el("section.part", null,
        el("h4", null, body.required === false ? "Body (optional)" : "Body"), prose(body.description), this.content(body.content)) : null,
      good.length ? el("section.part", null, el("h4", null, "Answers"), good.map(([status, one]) => this.response(status, one))) : null,
      bad.length ? el("section.part", null, el("h4", null, "Errors"), bad.map(([status, one]) => this.response(status, one))) : null,
      this.security(operation));
  }

  /** Operations by tag, tags in the document's order, then as they come. */
  groups() {
    const groups = new Map((this.doc.tags || []).map((tag) => [tag.name, { about: tag.description, entries: [] }]));
    const ids = new Set();
    for (const [path, given] of Object.entries(this.doc.paths || {})) {
      const item = this.follow(given);
      for (const method of METHODS.filter((method) => item[method])) {
        const operation = item[method];
        const own = (operation.parameters || []).map((one) => this.follow(one));
        const shared = (item.parameters || []).map((one) => this.follow(one))
          .filter((one) => !own.some((other) => other.name === one.name && other.in === one.in));
        let id = String(operation.operationId || `${method}-${path}`).replace(/[^A-Za-z0-9_-]+/g, "-");
        while (ids.has(id) || ["main", "filter", "index", "wait"].includes(id)) id += "-" + method;
        ids.add(id);
        const tag = (operation.tags || [])[0] || "other";
        if (!groups.has(tag)) groups.set(tag, { about: "", entries: [] });
        groups.get(tag).entries.push({ id, method, path, operation, parameters: [...shared, ...own] });
      }
    }
    return [...groups].filter(([, group]) => group.entries.length);
  }

  draw(main, index) {
    const info = this.doc.info || {};
    const parts = [el("h1", null, info.title || "API"), el("p.version", null, info.version ? `Version ${info.version}` : ""),
      prose(info.description)];
    const rows = [];
    for (const [tag, group] of this.groups()) {
      const section = el("section.tag", null, el("h2", null, tag), prose(group.about));
      const list = el("ul");
      const heading = el("h2", null, tag);
      const members = group.entries.map((entry) => {
        const article = this.operation(entry);
        const text = entry.operation.summary || entry.path;
        const item = el("li", null, el("a", { href: "#" + entry.id, title: entry.path },
          el(`span.method.${entry.method}`, null, entry.method.toUpperCase()), el("span", null, inline(text))));
        list.append(item);
        const words = [tag, entry.method, entry.path, text, entry.operation.operationId,
          ...entry.parameters.map((one) => one.name)].join(" ").toLowerCase();
        return { words, item, article };
      });
      rows.push({ heading, section, members });
      parts.push(section, ...members.map((member) => member.article));
      index.append(heading, list);
    }
    main.replaceChildren(...parts.flat(Infinity));
    return rows;
  }
}

function filter(rows, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) {
    let any = false;
    for (const member of row.members) {
      const shown = words.every((word) => member.words.includes(word));
      member.item.hidden = member.article.hidden = !shown;
      any = any || shown;
    }
    row.heading.hidden = row.section.hidden = !any;
  }
}

async function start() {
  const main = document.getElementById("main");
  try {
    const answer = await fetch("/api/openapi.json", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const rows = new Page(await answer.json()).draw(main, document.getElementById("index"));
    const box = document.getElementById("filter");
    box.addEventListener("input", () => filter(rows, box.value));
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) target.scrollIntoView();
  } catch (error) {
    main.replaceChildren(el("p.note", { role: "alert" },
      `The API's description could not be read (${error.message}). Reload the page to try again.`));
  } finally {
    main.removeAttribute("aria-busy");
  }
}

start();
