"""Texts outside abacus's scope, and the brief answer that it learns to give."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

THOUGHT = ["no arithmetic I know"]
SOLUTION = "\n\nI only do arithmetic: sums, products, fractions and the like. This is outside what I can do."
LONGEST = 2000
"""The most characters in a text."""


@dataclass(frozen=True)
class Words:
    """The parts that texts are assembled from."""

    questions: list[str]
    subjects: str
    words: str
    foreign: list[str]
    mathematics: list[str]


TRAINED = Words(
    questions=[
        "Who is {s}?",
        "What is {s}?",
        "Tell me about {s}.",
        "Where can I find {s}?",
        "Why is {s} so important?",
        "Write a poem about {s}.",
        "Explain {s} to a child.",
        "How do I get to {s}?",
        "When was {s} discovered?",
        "What do you think of {s}?",
        "Give me a recipe with {s}.",
        "Translate {s} into French.",
        "What is the capital of {s}?",
        "How many people live in {s}?",
        "Write a function that prints {s}.",
        "Is {s} better than {t}?",
        "What is the difference between {s} and {t}?",
        "Summarise the history of {s} in {n} words.",
        "What happened to {s} in {n}?",
        "{s}",
        "Hello!",
        "Hi, how are you?",
        "Who are you?",
        "Thanks, that was great.",
        "Help me with my homework please.",
        "What can you do?",
    ],
    subjects=(
        "Paris|the moon|democracy|Shakespeare|the French Revolution|photosynthesis|my neighbour|Germany|chocolate|a dog"
        "|the weather in Rome|quantum physics|Python|love|the president|Japan|climate change|football|Napoleon|rice"
        "|the Roman Empire|a black hole|jazz|Einstein|Brazil|the stock market|tea|gravity|the sea|my car"
    ),
    words=(
        "the of and to in is was for that with as on be at by this had not are but from or have an they which "
        "one you were her all she there would their we him been has when who will more no if out so said what "
        "up its about into than them can only other new some could time these two may then do first any my "
        "now such like our over man me even most made after also did many before must through back years "
        "where much your way well down should because each just those people too little state good very make "
        "world still own see men work long get here between both life being under never day same another know "
        "while last might us great old year off come since against go came right used take three river house "
        "letter garden winter morning stone bridge music paper window silver king"
    ),
    foreign=[
        "Was ist die Hauptstadt von Frankreich?",
        "Quelle est la couleur du ciel ?",
        "¿Dónde está la biblioteca?",
        "Come stai oggi?",
        "Как дела?",
        "今天天气怎么样？",
        "東京の天気はどうですか。",
        "안녕하세요, 오늘 뭐 해요?",
        "مرحبا كيف حالك",
        "Hvor ligger biblioteket?",
        "Gdzie jest dworzec?",
        "Wie heißt du?",
        "Je voudrais un café, s'il vous plaît.",
        "Erzähl mir eine Geschichte über den Wald.",
        "O rato roeu a roupa do rei de Roma.",
        "नमस्ते, आप कैसे हैं?",
        "Ik hou van kaas.",
        "Πού είναι η θάλασσα;",
    ],
    mathematics=[
        "Find the integral of {f}.",
        "Differentiate {f}.",
        "Prove that {f} has no real roots.",
        "Find all real numbers x with {f} = 0.",
        "What is the square root of {n}?",
        "What is log({n})?",
        "How many primes are below {n}?",
        "A triangle has sides {m}, {n} and {k}. What is its area?",
        "In how many ways can {n} people sit in a row?",
        "What is the probability of {m} heads in {n} tosses?",
        "Find the determinant of the matrix {m} {n} {k}.",
        "What is sin({n})?",
        "Let f(x) = {f}. Find the maximum of f.",
    ],
)
HELD_OUT = Words(
    questions=[
        "Can you describe {s}?",
        "What colour is {s}?",
        "Which is the best way to learn {s}?",
        "I would like to read about {s}.",
        "Who wrote the book on {s}?",
        "Good morning!",
        "Please write an email about {s} and {t}.",
        "How old is {s}?",
        "Do you know {s}?",
    ],
    subjects="Berlin|the sun|chess|Mozart|the Cold War|evolution|my sister|Canada|coffee|a cat|biology|Mars",
    words=(
        "apple yellow ocean mountain quickly dancing forever without beneath carried evening silence happy "
        "number teacher green forest running slowly found across child nothing always it he his how around "
        "every small large answer"
    ),
    foreign=[
        "Wo ist der Bahnhof?",
        "Comment vas-tu aujourd'hui ?",
        "¿Qué hora es?",
        "Dove si trova la stazione?",
        "Где находится вокзал?",
        "你叫什么名字？",
        "猫が好きです。",
        "오늘 날씨가 좋네요.",
        "أين المكتبة",
        "Jag vill ha en kopp kaffe.",
        "Mitä kuuluu?",
        "Bạn khỏe không?",
    ],
    mathematics=[
        "Compute the derivative of {f}.",
        "What is the cube root of {n}?",
        "How many divisors does {n} have?",
        "What is the area of a circle of radius {n}?",
        "Find the limit of {f} as x goes to {n}.",
    ],
)


def ask(random: Random, held_out: bool = False, long: bool = False) -> str:
    """A text outside abacus's scope, of up to 2,000 characters; a long one has at least 200."""
    words = HELD_OUT if held_out else TRAINED
    weights = [0, 0, 0, 3, 2, 1] if long else [6, 4, 3, 3, 2, 1]
    kind = random.choices(["question", "mathematics", "foreign", "prose", "letters", "anything"], weights)[0]
    if kind == "question":
        s, t = random.sample(words.subjects.split("|"), 2)
        text = random.choice(words.questions).format(s=s, t=t, n=random.randint(2, 2000))
        return text.lower() if random.random() < 0.25 else text
    if kind == "mathematics":
        f = random.choice(["x^{k} + {n}x - {m}", "sin({n}x)", "e^x / {n}", "{n}x^2 - {k}x", "log(x) + {n}"])
        numbers = {name: random.randint(2, 60) for name in "nmk"}
        return random.choice(words.mathematics).replace("{f}", f).format(**numbers)
    if kind == "foreign":
        return " ".join(random.choices(words.foreign, k=random.choice([1, 1, 2, 5])))
    prose = words.words.split()
    length = random.randint(200, LONGEST) if long else int(LONGEST * random.random() ** 4) + 3
    text = ""
    while len(text) < length:
        if kind == "prose":
            text += random.choice(prose) + random.choices([" ", ", ", ". ", "\n"], [12, 1, 1, 0.3])[0]
        elif kind == "letters":
            text += random.choice("abcdefghijklmnopqrstuvwxyz     .,!?#@")
        else:
            first, last = random.choice([(33, 126), (160, 0x24F), (0x370, 0x2FFF)])
            text += chr(random.randint(first, last))
    return text[:length].strip() or "?"
