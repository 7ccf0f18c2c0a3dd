"""The thirty Goldberg Variations (BWV 988) as MIDI, two hands a track."""

from __future__ import annotations

from partimento.corpus.dataset import DataSet

BACH_GOLDBERG = DataSet(
    "bach-goldberg",
    "J. S. Bach's 30 Goldberg Variations for harpsichord as MIDI, 16,454 notes",
    "CC BY-SA (Mutopia Project); the music is in the public domain",
    "J. S. Bach, BWV 988, engraved for the Mutopia Project; files from github.com/mdoege/MIDI, 90499c0.",
    "Weights trained on it may be shipped with the source named.",
    "https://raw.githubusercontent.com/mdoege/MIDI/90499c0739177bf23efa8eb88deff88e492bd518",
    {
        "goldberg/bwv-988-v01.mid": "9750c1fee267637e2a0301441f7b3bf3e92d85063c347ba39603f1f272665ced",
        "goldberg/bwv-988-v02.mid": "6d6b7a0fda7f8b442bfc3a7eec3500507041ae77ed3cd1b8a81e72e087fa86a5",
        "goldberg/bwv-988-v03.mid": "eddb8b4e244adc523b65ec948695b6441e58d22a338f3caa5f892b61fa7d9830",
        "goldberg/bwv-988-v04.mid": "7e6309ec5c2bc63eea26195e85515339d402231e5796fb9d40dcf46120e30e10",
        "goldberg/bwv-988-v05.mid": "f2baf8b9def7eaa1a1d21ee95c8411b9c0b8074b660367327dffaadc767ea34c",
        "goldberg/bwv-988-v06.mid": "0a517e531795b869936fecfa45b23f0d7d4de9cf626069326371bf4c8f38da06",
        "goldberg/bwv-988-v07.mid": "7259702f5ce76a8e1a68bf1d0be7bfe24912afff5f01b37ac0c584517f598724",
        "goldberg/bwv-988-v08.mid": "6ad409e7a72adb5e2a36f2940d951e7f2e6e793c4b78fa14aa0981156931682e",
        "goldberg/bwv-988-v09.mid": "d6060b350f9b1201a9756e25f95ed737ffd57da2b09f5b79c7e213c85e1f4434",
        "goldberg/bwv-988-v10.mid": "33bfef340a49fad68a2178ae0de8d97fb9c5b3f87d1ceaf8bdb5d53e6b13a206",
        "goldberg/bwv-988-v11.mid": "3f7fc5b08fc139b88b661f812ec40e05eac09dd6c8b4a3abf2afcab1802c91ba",
        "goldberg/bwv-988-v12.mid": "895be6b1a16d06e587f58edc8f081bcb271beb103761798c65a2a9278993838c",
        "goldberg/bwv-988-v13.mid": "4fea5e120058520d4217365b99b45feef8dc1dff0d01bb46f13ad904096b3d38",
        "goldberg/bwv-988-v14.mid": "b1d645272b9a4a418e87b8229fae26b7ab00907c788762ee2b448ff453a21692",
        "goldberg/bwv-988-v15.mid": "23613e943c035116e009597765f14461d687e3b88e0e576374794f4cbcbfed1f",
        "goldberg/bwv-988-v16.mid": "a19dab72bb47dc14796141948d441a1abde3abfec032d5d16e2c7e4e750ab5eb",
        "goldberg/bwv-988-v17.mid": "aed5d27f987cb03e0af69c48f83559e96033603317096be17b44847d25fe294d",
        "goldberg/bwv-988-v18.mid": "06756e6cf628ac24311d35db745ae3c5fb383f7ae63ad80b94b6b67948285064",
        "goldberg/bwv-988-v19.mid": "6c57454a0b884d7c95fbccb7691d8d7284cafb69f099869a727bdc9bbe411057",
        "goldberg/bwv-988-v20.mid": "75892bd294ac2f12fe8d7e0011d73094cea0ee344f2bd93c1194031886a567d6",
        "goldberg/bwv-988-v21.mid": "6df95eb4e511e8a12c298073235635c80d1a8e7a52cd81a80d3a3eda9ee4fb1b",
        "goldberg/bwv-988-v22.mid": "a05eca36f2c8da824fd7787401e4321f2c47f86debe0fc8d44b69d2c2be3c4b9",
        "goldberg/bwv-988-v23.mid": "6538fefc04cea957dfb588e2d20a29daa59299cc9fc653b431538dd66039509b",
        "goldberg/bwv-988-v24.mid": "88f1193268c090f6191c5bcc46f1576a1a0a9d5a1e4f96cb2018e1fb4b3c2318",
        "goldberg/bwv-988-v25.mid": "40d42594080a01088c463d338c02360052080ff36326746322e4b248ef17e1d6",
        "goldberg/bwv-988-v26.mid": "9eaac377c5c0bdb9692a565ce84a96022a33019b7240eb26b35b0a51b9e1a22a",
        "goldberg/bwv-988-v27.mid": "b0f4c619430e336021d0f981fb716393e618c3b9a6d8c4cf8fa02d32ee68fffd",
        "goldberg/bwv-988-v28.mid": "b18d92f020800ab11802f91ade5c4a48a651332e9c01a6ac6aecb227485bdfb2",
        "goldberg/bwv-988-v29.mid": "45f2e60293e6c897840de7a77702766f7c55606db1a8d5283ecde09ee1d719fc",
        "goldberg/bwv-988-v30.mid": "0628e64952bec02aa20856fffac45d41069547c043eff0a89cb0e728b88e94f2",
    },
)
