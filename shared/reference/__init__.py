"""Code lists as data: loaded at first use from files of this package, frozen, with labels in both languages."""
