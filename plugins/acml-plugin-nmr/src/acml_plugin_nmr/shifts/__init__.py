"""Chemical shifts of a molecule's atoms, predicted; and measured peaks assigned to them."""
