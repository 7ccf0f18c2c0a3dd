"""Models: what comes with the program, what it learned from, and what one may do with it.

Run: python examples/models.py
"""

from partimento.bundle import bundle_folder, load_bundle, shipped


def main() -> None:
    for name in shipped():
        bundle = load_bundle(bundle_folder(name))  # every file is checked against its hash
        card = bundle.card
        print(f"{name}: {card.summary}\n  {card.permission}")
        print(f"  learned from: {card.data.get('corpus')} ({card.data.get('licence')})")
        for limit in card.limits:
            print(f"  {limit}")
        if card.encoding:  # an ear has none
            print(f"  {bundle.encoding().vocabulary}".replace("\n", "\n  "))


if __name__ == "__main__":
    main()
