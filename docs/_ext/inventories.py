"""The documentation sites that this one links to, and the names that it needs of them.

Run as a script, it takes the addresses of the names in the committed inventories anew from the
sites. A name is added by hand: ``sphobjinv suggest`` finds how a site spells it.
"""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "_inventories"
SITES = {
    "python": "https://docs.python.org/3",
    "numpy": "https://numpy.org/doc/stable",
    "torch": "https://docs.pytorch.org/docs/stable",
    "matplotlib": "https://matplotlib.org/stable",
}


def refresh(name: str) -> None:
    """Replace a committed inventory by the same names of the site's own."""
    from sphobjinv import Inventory, compress, writebytes

    committed = FOLDER / f"{name}.inv"
    wanted = {(item.domain, item.role, item.name) for item in Inventory(committed).objects}
    current = Inventory(url=f"{SITES[name]}/objects.inv")
    current.objects = [
        item for item in current.objects if (item.domain, item.role, item.name) in wanted
    ]
    writebytes(committed, compress(current.data_file(contract=True)))


if __name__ == "__main__":
    for site in SITES:
        refresh(site)
