/** Controls that go somewhere: real links, so they can be opened in another tab, in the looks of a control. */
import { Button, type ButtonProps, Menu, type MenuItemProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Anchor = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> & {
  ref?: Ref<HTMLAnchorElement>;
};

function ButtonAnchor(props: Anchor & ButtonProps) {
  return <Button component="a" {...props} />;
}

function MenuItemAnchor(props: Anchor & MenuItemProps) {
  return <Menu.Item component="a" {...props} />;
}

export const ButtonLink = createLink(ButtonAnchor);
export const MenuItemLink = createLink(MenuItemAnchor);
