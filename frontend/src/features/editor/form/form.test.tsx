import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "@/graph/json";
import { renderPage } from "@/test/render";
import { type FieldSpec, fieldsIn } from "./fieldSpec";
import { parseNumber, parseShape, readList, showList, showNumber, stepNumber } from "./numbers";
import { SchemaForm } from "./SchemaForm";

function fieldOf(property: Record<string, unknown>): FieldSpec {
  const [field] = fieldsIn({ properties: { it: property } });
  if (!field) throw new Error("no field");
  return field;
}

describe("reading a schema", () => {
  it.each<[Record<string, unknown>, Partial<FieldSpec>]>([
    [
      { type: "integer", exclusiveMinimum: 0 },
      { widget: "int", minimum: 0, above: true },
    ],
    [
      { type: "number", minimum: 0, maximum: 1 },
      { widget: "float", minimum: 0, maximum: 1, above: false },
    ],
    [{ anyOf: [{ type: "number" }, { type: "null" }] }, { widget: "float", nullable: true }],
    [
      { anyOf: [{ enum: ["a", "b"] }, { type: "null" }] },
      { widget: "choice", nullable: true, choices: ["a", "b"] },
    ],
    [{ enum: ["a", null] }, { widget: "choice", nullable: true, choices: ["a"] }],
    [
      { type: "boolean", default: true },
      { widget: "bool", defaultValue: true },
    ],
    [{ const: 3 }, { widget: "choice", choices: [3] }],
    [
      { type: "array", items: { type: "integer", minimum: 1 }, maxItems: 2, "x-widget": "size" },
      { widget: "size", length: 2, minimum: 1 },
    ],
    [{ type: "array", prefixItems: [{}, {}, {}], "x-widget": "size" }, { length: 3 }],
    [{ type: "array" }, { widget: "shape", length: null }],
    [
      { type: "string", "x-advanced": true },
      { widget: "text", advanced: true },
    ],
    [{ type: "string", "x-widget": "unheard of" }, { widget: "text" }],
    [{ type: "integer", examples: [4] }, { suggestion: 4 }],
  ])("takes %j", (property, expected) => {
    expect(fieldOf(property)).toMatchObject(expected);
  });

  it("has no fields where there is no schema", () => {
    expect(fieldsIn(null)).toEqual([]);
    expect(fieldsIn({ type: "object" })).toEqual([]);
  });
});

it("offers no way back to a default that holds already, also where it is written down", async () => {
  const schema = {
    properties: {
      rate: { type: "number", default: 0.001, title: "Rate" },
      decay: { type: "number", default: 0.5, title: "Decay" },
    },
  };
  const values = { rate: 0.001, decay: 0.9 };
  await renderPage(<SchemaForm fields={fieldsIn(schema)} values={values} onChange={() => undefined} />);
  expect(screen.getByRole("button", { name: /^Reset .*decay/i })).toBeVisible();
  expect(screen.queryByRole("button", { name: /^Reset .*rate/i })).toBeNull();
});

describe("numbers as typed", () => {
  it.each([
    ["1e-3", 0.001],
    [" 0,5 ", 0.5],
    ["1_000", 1000],
    ["-2", -2],
  ])("reads %j", (text, value) => {
    expect(parseNumber(text, false)).toEqual({ kind: "number", value });
  });

  it.each([
    ["１２", 12],
    ["－０．５", -0.5],
    ["0。5", 0.5],
    ["１e－4", 1e-4],
    ["−3", -3],
  ])("takes %s as a Chinese keyboard gives it", (typed, value) => {
    expect(parseNumber(typed, false)).toEqual({ kind: "number", value });
  });

  it("takes full-width shapes and lists, and leaves words as they are", () => {
    expect(parseShape("２８，２８、１")).toEqual([28, 28, 1]);
    expect(readList("０．２，１")).toEqual([0.2, 1]);
    expect(readList("ａ, ｂ")).toEqual(["ａ", "ｂ"]);
  });

  it("tells empty from wrong", () => {
    expect(parseNumber("", true).kind).toBe("empty");
    expect(parseNumber("1.5", true).kind).toBe("invalid");
    expect(parseNumber("1e", false).kind).toBe("invalid");
    expect(parseNumber("Infinity", false).kind).toBe("invalid");
    expect(parseNumber("9007199254740991", true).kind).toBe("number");
    expect(parseNumber("9007199254740993", true)).toEqual({ kind: "invalid", reason: "tooLarge" });
    expect(parseNumber("1e20", false).kind).toBe("number");
  });

  it.each<[number, 1 | -1, boolean, number]>([
    [3, 1, true, 4],
    [0.001, 1, false, 0.002],
    [0.001, -1, false, 0.0009],
    [0.5, -1, false, 0.4],
    [0, 1, false, 0.1],
  ])("steps %d by %d", (value, direction, whole, next) => {
    expect(stepNumber(value, direction, whole)).toBe(next);
  });

  it.each<[string, Json]>([
    ["0.2", 0.2],
    ["0, 255", [0, 255]],
    ["[0.5]", [0.5]],
    ["0.5,", [0.5]],
    ["red, green", ["red", "green"]],
    ["red", "red"],
  ])("reads %j as one value or several", (text, value) => {
    expect(readList(text)).toEqual(value);
    expect(readList(showList(value))).toEqual(value);
  });

  it("shows no digits that rounding made", () => {
    expect(showNumber(0.1 + 0.2)).toBe("0.3");
    expect(showNumber(1e-7)).toBe("1e-7");
  });

  it.each<[string, (number | null)[] | null]>([
    ["28, 28, 1", [28, 28, 1]],
    ["(28×28×1)", [28, 28, 1]],
    ["?, 8", [null, 8]],
    ["None 3", [null, 3]],
    ["a, b", null],
    ["", []],
  ])("reads the shape %j", (text, shape) => {
    expect(parseShape(text)).toEqual(shape);
  });
});

const SCHEMA = {
  properties: {
    size: {
      type: "integer",
      minimum: 1,
      title: "Size",
      "x-label": { en: "Size", "zh-CN": "大小" },
      "x-doc": { en: "How much.", "zh-CN": "多少。" },
    },
    rate: { anyOf: [{ type: "number" }, { type: "null" }], default: null, title: "Rate" },
    mode: { enum: ["plain", "fancy"], default: "plain", title: "Mode" },
    window: {
      type: "array",
      items: { type: "integer" },
      maxItems: 2,
      default: [2, 2],
      title: "Window",
      "x-widget": "size",
    },
    shape: { type: "array", title: "Shape", "x-widget": "shape" },
    margin: {
      type: "array",
      items: { type: "array", items: { type: "integer", minimum: 0 }, minItems: 2, maxItems: 2 },
      maxItems: 2,
      default: [
        [1, 1],
        [1, 1],
      ],
      title: "Margin",
      "x-widget": "sides",
    },
    range: {
      anyOf: [{ type: "number" }, { type: "array", items: { type: "number" } }],
      default: [0, 255],
      title: "Range",
      "x-widget": "text",
    },
    bias: { type: "boolean", default: true, title: "Bias", "x-advanced": true },
  },
  required: ["size"],
};

function Form({
  start = {},
  changed,
}: {
  start?: JsonObject;
  changed: (name: string, value: Json | undefined) => void;
}) {
  const [values, setValues] = useState<JsonObject>(start);
  return (
    <SchemaForm
      fields={fieldsIn(SCHEMA)}
      values={values}
      errorOf={(name) => (name === "rate" ? "Rate is wrong." : undefined)}
      onChange={(name, value) => {
        changed(name, value);
        const { [name]: _old, ...others } = values;
        setValues(value === undefined ? others : { ...values, [name]: value });
      }}
    />
  );
}

describe("a form from a schema", () => {
  it("passes on each number that is typed and keeps what is half typed", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    const rate = screen.getByLabelText("Rate");
    await userEvent.type(rate, "1e-4");
    expect(rate).toHaveValue("1e-4");
    expect(changed.mock.calls).toEqual([
      ["rate", 1],
      ["rate", 0.0001],
    ]);
    await userEvent.clear(rate);
    expect(changed).toHaveBeenLastCalledWith("rate", null);
  });

  it("steps a whole number with the arrow keys, not beyond its bound", async () => {
    const changed = vi.fn();
    await renderPage(<Form start={{ size: 2 }} changed={changed} />);
    await userEvent.click(screen.getByLabelText("Size"));
    await userEvent.keyboard("{ArrowUp}{ArrowDown}{ArrowDown}{ArrowDown}");
    expect(changed.mock.calls.map(([, value]) => value)).toEqual([3, 2, 1, 1]);
  });

  it.each([
    ["abc", "Not a number; 2 stays. How much."],
    ["3.7", "Not a whole number; 2 stays. How much."],
    ["9".repeat(20), "At most 9007199254740991; 2 stays. How much."],
  ])("keeps %j where it was typed and says why it does not count", async (text, description) => {
    await renderPage(<Form start={{ size: 2 }} changed={vi.fn()} />);
    const size = screen.getByLabelText("Size");
    await userEvent.click(size);
    fireEvent.change(size, { target: { value: text } });
    await userEvent.tab();
    expect(size).toHaveValue(text);
    expect(size).toBeInvalid();
    expect(size).toHaveAccessibleDescription(description);
    await userEvent.type(size, "{Escape}");
    expect(size).toHaveValue("2");
    expect(size).toBeValid();
  });

  it("ties help and errors to the field", async () => {
    await renderPage(<Form changed={vi.fn()} />);
    expect(screen.getByLabelText("Size")).toHaveAccessibleDescription("How much.");
    expect(screen.getByLabelText("Rate")).toHaveAccessibleDescription("Rate is wrong.");
    expect(screen.getByLabelText("Rate")).toBeInvalid();
  });

  it("shows label and help in the page's language, and the name that code has for it", async () => {
    await renderPage(<Form changed={vi.fn()} />, { language: "zh-CN" });
    expect(screen.getByLabelText("大小 size")).toHaveAccessibleDescription("多少。");
  });

  it("keeps the parts of a size equal until they are told apart", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    const [first] = within(screen.getByRole("group", { name: "Window" })).getAllByRole("textbox");
    if (!first) throw new Error("no field");
    await userEvent.type(first, "{Backspace}5");
    expect(changed).toHaveBeenLastCalledWith("window", [5, 5]);
    await userEvent.click(screen.getByRole("button", { name: "Keep the parts of Window equal" }));
    await userEvent.type(first, "{Backspace}3");
    expect(changed).toHaveBeenLastCalledWith("window", [3, 5]);
  });

  it("keeps all sides equal until they are told apart", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    const top = screen.getByRole("textbox", { name: "Margin, Height, before" });
    await userEvent.type(top, "{Backspace}3");
    expect(changed).toHaveBeenLastCalledWith("margin", [
      [3, 3],
      [3, 3],
    ]);
    await userEvent.click(screen.getByRole("button", { name: "Keep the parts of Margin equal" }));
    await userEvent.type(screen.getByRole("textbox", { name: "Margin, Height, after" }), "{Backspace}5");
    expect(changed).toHaveBeenLastCalledWith("margin", [
      [3, 5],
      [3, 3],
    ]);
  });

  it("tells of what is unwise without calling it invalid", async () => {
    const fields = fieldsIn(SCHEMA);
    await renderPage(
      <SchemaForm
        fields={fields}
        values={{}}
        warningOf={(name) => (name === "mode" ? "Not wise." : undefined)}
        onChange={vi.fn()}
      />,
    );
    expect(screen.getByLabelText("Mode")).toHaveAccessibleDescription("Not wise.");
    expect(screen.getByLabelText("Mode")).toBeValid();
  });

  it("chooses, and goes back to the default", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    await userEvent.selectOptions(screen.getByLabelText("Mode"), "fancy");
    expect(changed).toHaveBeenLastCalledWith("mode", "fancy");
    await userEvent.click(screen.getByRole("button", { name: "Reset Mode to its default" }));
    expect(changed).toHaveBeenLastCalledWith("mode", undefined);
    expect(screen.getByLabelText("Mode")).toHaveDisplayValue("plain");
  });

  it("keeps a configured value that is not in the list", async () => {
    await renderPage(<Form start={{ mode: { type: "Special" } }} changed={vi.fn()} />);
    expect(screen.getByLabelText("Mode")).toHaveDisplayValue("Special");
  });

  it("reads a shape as text", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    await userEvent.type(screen.getByLabelText("Shape"), "8, ?");
    expect(changed).toHaveBeenLastCalledWith("shape", [8, null]);
  });

  it("shows the parts of a list and takes one or several", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    const range = screen.getByLabelText("Range");
    expect(range).toHaveValue("0, 255");
    await userEvent.clear(range);
    await userEvent.type(range, "0, 1");
    expect(range).toHaveValue("0, 1");
    expect(changed).toHaveBeenLastCalledWith("range", [0, 1]);
  });

  it("folds away what few people change", async () => {
    const changed = vi.fn();
    await renderPage(<Form changed={changed} />);
    expect(screen.queryByLabelText("Bias")).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "More parameters" }));
    await userEvent.click(screen.getByLabelText("Bias"));
    expect(changed).toHaveBeenLastCalledWith("bias", false);
  });
});
