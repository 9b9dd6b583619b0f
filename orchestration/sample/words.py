"""Word lists from which the sample's names are made. Invented company names, common given names; no data, no logic."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Ada Aisha Alma Amir Ana Andre Anika Arjun Astrid Ben Bianca Carla Chen Clara Dalia Daniel Davide Elena Elif "
    "Emil Esther Farah Felix Fiona Gabriel Grace Hana Hugo Ida Imani Ines Ivan Jamal Jana Jonas Julia Kaito Karim "
    "Kavya Lars Leila Leo Lina Lucia Luka Maja Malik Marco Maria Mateo Maya Mei Mila Mina Nadia Nils Noor Olga "
    "Omar Oscar Paula Pedro Priya Rafael Ravi Rosa Ruben Ruth Samir Sara Selma Sofia Stella Tara Theo Tomas Uma "
    "Vera Viktor Yara Yusuf Zoe"
)

LAST_NAMES = _words(
    "Abbott Adeyemi Almeida Andersen Aoki Arslan Bakker Banerjee Barros Becker Bell Berg Bianchi Brandt Brooks "
    "Calder Campos Castro Chaudhry Choi Cohen Cruz Dahl Darwish Diaz Dubois Duran Eriksen Esposito Farkas Fischer "
    "Fletcher Fox Fujita Garcia Greene Gupta Haas Hansen Hayes Holm Horvat Hughes Ibrahim Iyer Jansen Jensen "
    "Kaplan Kelly Khan Kim Klein Kowalski Kumar Lambert Larsen Lee Lindholm Lopez Mandal Marin Marsh Mendes Meyer "
    "Moreau Mori Nagy Nakamura Novak Nowak Oduya Okafor Olsen Ortiz Palmer Park Patel Pereira Quinn Rahman Reyes "
    "Rossi Roth Sato Schmitt Sharma Silva Singh Sokolov Stone Suzuki Tanaka Torres Tran Varga Vogel Walsh Weber "
    "Wong Yilmaz Young Zhang"
)

NAME_STARTS = _words(
    "Amber Bram Cinder Dapple Ember Fern Glim Hazel Ingle Juni Kestrel Larch Mallow Nettle Orrin Pebble Quill "
    "Russet Sorrel Thistle Umber Vesper Willow Yarrow"
)

NAME_ENDS = _words("acre brook combe dell fold garth holt mere stead wick")

INDUSTRIES = (
    ("Software", "Systems"),
    ("Software", "Labs"),
    ("Healthcare", "Health"),
    ("Financial services", "Finance"),
    ("Retail", "Stores"),
    ("Manufacturing", "Works"),
    ("Education", "Academy"),
    ("Logistics", "Freight"),
    ("Media", "Studios"),
    ("Travel", "Journeys"),
)

COUNTRIES = _words("US US US GB DE FR ES IN BR JP")
DEVICES = _words("desktop desktop desktop mobile mobile tablet")
PAGES = ("home", "pricing", "account", "orders", "help/contact", "help/faq")
