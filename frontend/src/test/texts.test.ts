import { describe, expect, it } from "vitest";
import { TEXTS } from "./texts";

type Tree = { [key: string]: Tree | string };

function leaves(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const at = path ? `${path}.${key}` : key;
    return typeof value === "string" ? [[at, value] as [string, string]] : leaves(value, at);
  });
}

function texts(language: string, namespace: string): Map<string, string> {
  return new Map(leaves((TEXTS[language]?.[namespace] ?? {}) as Tree));
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? "").sort();
}

const namespaces = Object.keys(TEXTS.en ?? {});

describe("the texts of the application", () => {
  it("are found", () => {
    expect(namespaces).toEqual(
      expect.arrayContaining(["app", "data", "models", "run", "runs", "settings", "ui"]),
    );
  });

  it.each(namespaces)("have the same keys in both languages: %s", (namespace) => {
    expect([...texts("zh-CN", namespace).keys()].sort()).toEqual([...texts("en", namespace).keys()].sort());
  });

  it.each(namespaces)("are never empty: %s", (namespace) => {
    for (const language of ["en", "zh-CN"]) {
      const empty = [...texts(language, namespace)].filter(([, text]) => text.trim() === "");
      expect(empty).toEqual([]);
    }
  });

  it.each(namespaces)("fill in the same values in both languages: %s", (namespace) => {
    const chinese = texts("zh-CN", namespace);
    for (const [key, text] of texts("en", namespace)) {
      expect([key, placeholders(chinese.get(key) ?? "")]).toEqual([key, placeholders(text)]);
    }
  });
});
